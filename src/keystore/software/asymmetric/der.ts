/** Longest encoded key in bytes: an RSA key of 16384 bits has under 10 KiB. Longer input is not parsed at all. */
export const MAX_KEY_BYTES = 32_768

const SEQUENCE = 0x30

/**
 * Whether the bytes are one SEQUENCE of definite length and nothing after it: the parsers behind ignore what follows,
 * and this costs nothing. Reads the outer header only.
 */
export const isOneSequence = (bytes: Buffer): boolean => {
  if (bytes.length < 2 || bytes[0] !== SEQUENCE) return false
  const first = bytes.readUInt8(1)
  if (first < 0x80) return bytes.length === 2 + first
  const count = first & 0x7f
  if (count < 1 || count > 4 || bytes.length < 2 + count) return false
  return bytes.length === 2 + count + bytes.readUIntBE(2, count)
}

/** A copy as the ASN.1 library wants it. */
export const arrayBuffer = (bytes: Buffer): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}
