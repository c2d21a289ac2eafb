import { createCipheriv, type KeyObject } from 'node:crypto'
import { exclusiveOr } from './mask.ts'

/** A MAC on its way. */
export type RunningMac = { update(data: Buffer): unknown; digest(): Buffer }

const BLOCK = 16
/** The polynomial of blocks of 128 bits (SP 800-38B section 5.3). */
const R128 = 0x87

/** Times two in GF(2^128), without a branch on what is secret. */
const double = (block: Buffer): Buffer => {
  const out = Buffer.alloc(BLOCK)
  let carry = 0
  for (let at = BLOCK - 1; at >= 0; at -= 1) {
    const byte = block.readUInt8(at)
    out.writeUInt8(((byte << 1) | carry) & 0xff, at)
    carry = byte >> 7
  }
  out.writeUInt8(out.readUInt8(BLOCK - 1) ^ (R128 & -carry), BLOCK - 1)
  return out
}

/** The last block with its subkey: K1 where it is whole, else padded with one set bit and K2. */
const lastBlock = (rest: Buffer, subkey: Buffer): Buffer => {
  if (rest.length === BLOCK) return exclusiveOr(rest, subkey)
  const padded = Buffer.alloc(BLOCK)
  rest.copy(padded)
  padded.writeUInt8(0x80, rest.length)
  return exclusiveOr(padded, double(subkey))
}

/**
 * CMAC of SP 800-38B, which node:crypto does not have: it is the last block of CBC after the end of the message has been
 * masked with a subkey.
 * @param cipher - the library's stem of a cipher with blocks of 16 bytes, such as `aes-128`
 */
export const beginCmac = (cipher: string, key: KeyObject): RunningMac => {
  const ecb = createCipheriv(`${cipher}-ecb`, key, null).setAutoPadding(false)
  const subkey = double(ecb.update(Buffer.alloc(BLOCK)))
  const cbc = createCipheriv(`${cipher}-cbc`, key, Buffer.alloc(BLOCK)).setAutoPadding(false)
  let rest = Buffer.alloc(0)
  return {
    update: (data) => {
      const all = Buffer.concat([rest, data])
      const whole = Math.max(0, Math.ceil(all.length / BLOCK) - 1) * BLOCK
      cbc.update(all.subarray(0, whole))
      rest = Buffer.from(all.subarray(whole))
    },
    digest: () => cbc.update(lastBlock(rest, subkey)),
  }
}
