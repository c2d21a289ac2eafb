/** Variables of a version's cases: bound where they are first seen, and the same from then on. */
export type Bindings = {
  /** Seconds since 1970 that `$NOW` stands for. */
  readonly now: number
  readonly values: Map<string, string>
  /** Identifiers of objects whose material the server has made: its bytes are nobody's to expect. */
  readonly made: Set<string>
  /** Whether the item that is being compared is about such an object. */
  random: boolean
  /** Whether the case is about OAEP, which encrypts to something else each time. */
  oaep: boolean
}

const TIME = /^\$NOW([+-]\d+)?$/

/** The time a variable stands for, or undefined where it is no time. */
export const timeOf = (variable: string, { now }: Bindings): number | undefined => {
  const match = TIME.exec(variable)
  return match === null ? undefined : now + Number(match[1] ?? 0)
}

export const copyBindings = ({ values, ...rest }: Bindings): Bindings => ({ ...rest, values: new Map(values) })

export const takeBindings = (target: Bindings, source: Bindings): void => {
  for (const [name, value] of source.values) target.values.set(name, value)
}
