/** Numbers as settings hold them. */

const BYTES = 4

export const numberBytes = (number: number): Buffer => {
  const value = Buffer.alloc(BYTES)
  value.writeUInt32BE(number)
  return value
}

/** Undefined where the bytes are none. */
export const numberIn = (value: Buffer): number | undefined =>
  value.length === BYTES ? value.readUInt32BE() : undefined
