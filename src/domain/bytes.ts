declare const clear: unique symbol
declare const sealed: unique symbol

/**
 * Key material in the clear: an encoded managed object. Only a KeyStore and the code that answers with a key hold one;
 * the store has no place for it and the log cannot print it.
 */
export type Clear = Buffer & { readonly [clear]: true }

/** Bytes that only a store key opens. The one form in which material reaches a database. */
export type Sealed = Buffer & { readonly [sealed]: true }

const NUMBER_AT = 1
const NUMBER_END = 5

/**
 * The number of the store key that sealed bytes, or a MAC, are under: both begin with a byte for their form and this number.
 * Undefined for what is too short to have one.
 */
export const storeKeyOf = (bytes: Buffer): number | undefined =>
  bytes.length < NUMBER_END ? undefined : bytes.readUInt32BE(NUMBER_AT)
