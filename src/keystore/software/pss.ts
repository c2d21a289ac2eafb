import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digest } from './hash.ts'
import { exclusiveOr, mgf1 } from './mask.ts'

/*
 * EMSA-PSS of RFC 8017 section 9.1 over a ready digest: node:crypto takes messages only, and makes the mask with the
 * hash of the message.
 */

export type PssHashes = { readonly hash: string; readonly maskHash: string }

const TRAILER = 0xbc

const saltedHash = (hash: string, messageHash: Buffer, salt: Buffer): Buffer =>
  digest(hash, Buffer.alloc(8), messageHash, salt)

/** Clears the bits of the first byte that an encoded message of `bits` bits does not have. */
const clearTop = (block: Buffer, bits: number): Buffer => {
  const spare = block.length * 8 - bits
  block.writeUInt8(block.readUInt8(0) & (0xff >> spare), 0)
  return block
}

/** The encoded message of `bits` bits; undefined where hash and salt are too long for it. */
export const pssEncode = (
  messageHash: Buffer,
  { hash, maskHash }: PssHashes,
  saltLength: number,
  bits: number,
): Buffer | undefined => {
  const length = Math.ceil(bits / 8)
  const filler = length - messageHash.length - saltLength - 2
  if (filler < 0) return undefined
  const salt = randomBytes(saltLength)
  const salted = saltedHash(hash, messageHash, salt)
  const block = Buffer.concat([Buffer.alloc(filler), Buffer.of(1), salt])
  const masked = clearTop(exclusiveOr(block, mgf1(maskHash, salted, block.length)), bits - (salted.length + 1) * 8)
  return Buffer.concat([masked, salted, Buffer.of(TRAILER)])
}

/** Whether the encoded message is of this digest; any length of salt is taken where none is given. */
export const isPssEncoding = (
  encoded: Buffer,
  messageHash: Buffer,
  { hash, maskHash }: PssHashes,
  saltLength: number | undefined,
  bits: number,
): boolean => {
  const length = encoded.length - messageHash.length - 1
  if (length < 1 || encoded.at(-1) !== TRAILER) return false
  const salted = encoded.subarray(length, -1)
  const masked = encoded.subarray(0, length)
  const blockBits = bits - (salted.length + 1) * 8
  if (blockBits < length * 8 - 7 || !clearTop(Buffer.from(masked), blockBits).equals(masked)) return false
  const block = clearTop(exclusiveOr(masked, mgf1(maskHash, salted, length)), blockBits)
  const start = block.findIndex((byte) => byte !== 0)
  if (start < 0 || block[start] !== 1) return false
  const salt = block.subarray(start + 1)
  if (saltLength !== undefined && salt.length !== saltLength) return false
  return timingSafeEqual(saltedHash(hash, messageHash, salt), salted)
}
