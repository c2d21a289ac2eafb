import { inspect } from 'node:util'

/**
 * A setting that must not be seen: a passphrase, or an address with a password in it. Whoever needs it asks for it;
 * printing, logging or serialising the configuration shows a placeholder.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: never for a log or an error. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '(secret)'
  }

  toJSON(): string {
    return '(secret)'
  }

  [inspect.custom](): string {
    return '(secret)'
  }
}
