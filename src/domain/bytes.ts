declare const clear: unique symbol
declare const sealed: unique symbol

/**
 * Key material in the clear: an encoded managed object. Only a KeyStore and the code that answers with a key hold one;
 * the store has no place for it and the log cannot print it.
 */
export type Clear = Buffer & { readonly [clear]: true }

/** Key material that only the root key opens. The one form in which material reaches a database. */
export type Sealed = Buffer & { readonly [sealed]: true }
