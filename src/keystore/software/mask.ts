import { digest } from './hash.ts'

/** MGF1 of RFC 8017 appendix B.2.1: `length` bytes that follow from the seed. */
export const mgf1 = (hash: string, seed: Buffer, length: number): Buffer => {
  const parts: Buffer[] = []
  for (let made = 0, count = 0; made < length; count += 1) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(count)
    const part = digest(hash, seed, counter)
    parts.push(part)
    made += part.length
  }
  return Buffer.concat(parts, length)
}

/** Byte by byte, as long as `a`. */
export const exclusiveOr = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
