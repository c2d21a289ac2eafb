/** What clients may have open between two requests, in number and bytes. */
export type UsageLimits = {
  readonly perClient: number
  readonly inAll: number
  readonly bytesPerClient: number
  readonly bytesInAll: number
}

type Taken = { readonly count: number; readonly bytes: number }

/** What is open between two requests, by its owners and in all. */
export type Usage = {
  readonly bytes: number
  /** Whether there is room for one more. */
  hasRoom(owner: string): boolean
  /** Whether there is room for so many more bytes. */
  hasBytes(owner: string, more: number): boolean
  add(owner: string, count: number, bytes: number): void
}

const NONE: Taken = { count: 0, bytes: 0 }

export const createUsage = (limits: UsageLimits): Usage => {
  const owners = new Map<string, Taken>()
  let total = NONE

  const takenBy = (owner: string): Taken => owners.get(owner) ?? NONE

  return {
    get bytes() {
      return total.bytes
    },
    hasRoom: (owner) => total.count < limits.inAll && takenBy(owner).count < limits.perClient,
    hasBytes: (owner, more) =>
      takenBy(owner).bytes + more <= limits.bytesPerClient && total.bytes + more <= limits.bytesInAll,
    add: (owner, count, bytes) => {
      const taken = takenBy(owner)
      const next = { count: taken.count + count, bytes: taken.bytes + bytes }
      if (next.count === 0) owners.delete(owner)
      else owners.set(owner, next)
      total = { count: total.count + count, bytes: total.bytes + bytes }
    },
  }
}
