/** Something about certificates or their files that the operator has to mend; the message is made for people. */
export class PkiError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'PkiError'
  }
}
