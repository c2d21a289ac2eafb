/** The time in whole seconds since 1970, as KMIP has it. Injected, so that tests set it; it never runs backwards. */
export type Clock = { now(): number }

export type Ids = {
  /** A Unique Identifier: time-ordered, so that an index grows at its end. */
  next(): string
  /** The Short Unique Identifier that goes with a Unique Identifier (2.1 section 4.56). */
  short(id: string): Buffer
}
