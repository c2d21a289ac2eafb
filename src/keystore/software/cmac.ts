import { createCipheriv, type KeyObject } from 'node:crypto'
import { exclusiveOr } from './mask.ts'

/** A MAC on its way. */
export type RunningMac = { update(data: Buffer): unknown; digest(): Buffer }

/** The polynomials of blocks of 16 and 8 bytes (SP 800-38B section 5.3). */
const R128 = 0x87
const R64 = 0x1b

/** Times two in the field of the block, without a branch on what is secret. */
const double = (block: Buffer): Buffer => {
  const out = Buffer.alloc(block.length)
  let carry = 0
  for (let at = block.length - 1; at >= 0; at -= 1) {
    const byte = block.readUInt8(at)
    out.writeUInt8(((byte << 1) | carry) & 0xff, at)
    carry = byte >> 7
  }
  const polynomial = block.length === 16 ? R128 : R64
  out.writeUInt8(out.readUInt8(out.length - 1) ^ (polynomial & -carry), out.length - 1)
  return out
}

/** The last block with its subkey: K1 where it is whole, else padded with one set bit and K2. */
const lastBlock = (rest: Buffer, subkey: Buffer): Buffer => {
  if (rest.length === subkey.length) return exclusiveOr(rest, subkey)
  const padded = Buffer.alloc(subkey.length)
  rest.copy(padded)
  padded.writeUInt8(0x80, rest.length)
  return exclusiveOr(padded, double(subkey))
}

/**
 * CMAC of SP 800-38B, which node:crypto does not have: it is the last block of CBC after the end of the message has been
 * masked with a subkey.
 * @param cipher - the library's stem of a cipher with blocks of 16 or 8 bytes, such as `aes-128`
 */
export const beginCmac = (cipher: string, key: KeyObject, block: number): RunningMac => {
  const ecb = createCipheriv(`${cipher}-ecb`, key, null).setAutoPadding(false)
  const subkey = double(ecb.update(Buffer.alloc(block)))
  const cbc = createCipheriv(`${cipher}-cbc`, key, Buffer.alloc(block)).setAutoPadding(false)
  let rest = Buffer.alloc(0)
  return {
    update: (data) => {
      const all = Buffer.concat([rest, data])
      const whole = Math.max(0, Math.ceil(all.length / block) - 1) * block
      cbc.update(all.subarray(0, whole))
      rest = Buffer.from(all.subarray(whole))
    },
    digest: () => cbc.update(lastBlock(rest, subkey)),
  }
}

/**
 * CBC-MAC (ISO/IEC 9797-1, algorithm 1): the last block of CBC. What is not a whole number of blocks is filled up with
 * zeros (padding method 1).
 */
export const beginCbcMac = (cipher: string, key: KeyObject, block: number): RunningMac => {
  const cbc = createCipheriv(`${cipher}-cbc`, key, Buffer.alloc(block)).setAutoPadding(false)
  let last = Buffer.alloc(0)
  let length = 0
  const add = (data: Buffer): void => {
    length += data.length
    const out = cbc.update(data)
    if (out.length > 0) last = out.subarray(out.length - block)
  }
  return {
    update: add,
    digest: () => {
      if (length === 0 || length % block !== 0) add(Buffer.alloc(block - (length % block)))
      return last
    },
  }
}
