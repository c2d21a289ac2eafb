import { createHmac } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { digest } from '../hash.ts'

/** What a derived value is for (RFC 7292 appendix B.3). */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const

/** Bytes of the blocks that a hash works on. */
const BLOCKS: Readonly<Partial<Record<string, number>>> = {
  sha1: 64,
  sha224: 64,
  sha256: 64,
  sha384: 128,
  sha512: 128,
}

/** Iterations of one turn of the event loop: a container of a client must not hold up everybody else. */
const AT_ONCE = 2000

/** A BMPString with its terminating zero (RFC 7292 appendix B.1). */
export const passwordBytes = (password: string): Buffer => Buffer.from(`${password}\0`, 'utf16le').swap16()

/** As often as it takes to fill whole blocks; nothing of nothing. */
const filled = (bytes: Buffer, block: number): Buffer =>
  bytes.length === 0 ? bytes : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes)

const iterated = async (hash: string, first: Buffer, iterations: number): Promise<Buffer> => {
  let value = digest(hash, first)
  for (let done = 1; done < iterations; done += 1) {
    if (done % AT_ONCE === 0) await setImmediate()
    value = digest(hash, value)
  }
  return value
}

/** Adds B + 1 to every block of I, each a number of its own. */
const advance = (input: Buffer, addend: Buffer): void => {
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1
    for (let at = addend.length - 1; at >= 0; at -= 1) {
      const sum = input.readUInt8(start + at) + addend.readUInt8(at) + carry
      input.writeUInt8(sum & 0xff, start + at)
      carry = sum >> 8
    }
  }
}

export type Pkcs12Kdf = {
  /** The library's name. */
  readonly hash: string
  readonly password: string
  readonly salt: Buffer
  readonly iterations: number
}

/**
 * The key derivation of RFC 7292 appendix B.2: `length` bytes for a purpose. RFC 7292 keeps it for the MAC; older
 * containers are encrypted with it as well.
 * @returns undefined for a hash that it is not defined with
 */
export const deriveKey = async (
  { hash, password, salt, iterations }: Pkcs12Kdf,
  purpose: number,
  length: number,
): Promise<Buffer | undefined> => {
  const block = BLOCKS[hash]
  if (block === undefined) return undefined
  const input = Buffer.concat([filled(salt, block), filled(passwordBytes(password), block)])
  const parts: Buffer[] = []
  for (let made = 0; made < length;) {
    const part = await iterated(hash, Buffer.concat([Buffer.alloc(block, purpose), input]), iterations)
    parts.push(part)
    made += part.length
    advance(input, Buffer.alloc(block, part))
  }
  input.fill(0)
  return Buffer.concat(parts, length)
}

/** The MAC of a container (RFC 7292 section 5.1, step 5): HMAC under a derived key as long as the hash. */
export const containerMac = async (kdf: Pkcs12Kdf, contents: Buffer): Promise<Buffer | undefined> => {
  const key = await deriveKey(kdf, PURPOSE.mac, digest(kdf.hash).length)
  return key && createHmac(kdf.hash, key).update(contents).digest()
}
