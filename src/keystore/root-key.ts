/** A key that store keys are wrapped under, wherever it lives. It seals nothing else, so it can be changed without touching an object. */
export type RootKey = {
  /** Tells root keys apart and nothing about the key: 1 to 255 bytes of printable ASCII, the same whenever it is opened. */
  readonly id: string
  /** Seals `plain` under the root key. `aad` names what it is; only the same name opens it again. */
  wrap(plain: Buffer, aad: Buffer): Promise<Buffer>
  /**
   * Rejects where it was not wrapped under this key with this `aad`, or was changed.
   * @throws RootKeyUnavailableError where the key cannot be asked
   */
  unwrap(wrapped: Buffer, aad: Buffer): Promise<Buffer>
}

/** The root key is the right one, but where it lives it cannot be used now. Says nothing about what was wrapped. */
export class RootKeyUnavailableError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'RootKeyUnavailableError'
  }
}
