/** The time in whole seconds since 1970, as KMIP has it. Injected, so that tests set it; it never runs backwards. */
export type Clock = { now(): number }

/** Makes Unique Identifiers: time-ordered, so that an index grows at its end. */
export type Ids = { next(): string }
