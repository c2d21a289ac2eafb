/** Data that is kept until all of it is there. */
export type Gathered = {
  readonly held: number
  /** Keeps a copy: what a part is read from is reused. */
  add(data: Buffer): void
  /** All of it. */
  take(): Buffer
  /** Clears what is kept. */
  clear(): void
}

export const gather = (): Gathered => {
  let parts: Buffer[] = []
  let held = 0
  return {
    get held() {
      return held
    },
    add: (data) => {
      parts.push(Buffer.from(data))
      held += data.length
    },
    take: () => {
      const [first, ...more] = parts
      if (first !== undefined && more.length === 0) return first
      const whole = Buffer.concat(parts, held)
      for (const part of parts) part.fill(0)
      parts = [whole]
      return whole
    },
    clear: () => {
      for (const part of parts) part.fill(0)
      parts = []
      held = 0
    },
  }
}
