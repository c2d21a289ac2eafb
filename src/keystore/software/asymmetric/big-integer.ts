/*
 * Big Integers as KMIP and ASN.1 both have them: two's complement, most significant byte first (1.4 section 9.1.1.4, 2.1
 * section 10.1.2). Material becomes a bigint only where it is checked or completed: when a client registers it, and
 * when an RSA key pair is made.
 */

/** The number that unsigned bytes are: a zero is put before a set top bit, and no other zero stays. */
export const toInteger = (unsigned: Buffer): Buffer => {
  const digits = stripZeros(unsigned)
  if (((digits[0] ?? 0x80) & 0x80) === 0) return digits
  return Buffer.concat([Buffer.alloc(1), digits])
}

/** Without leading zeros. */
export const stripZeros = (bytes: Buffer): Buffer => {
  let first = 0
  while (first < bytes.length && bytes[first] === 0) first += 1
  return bytes.subarray(first)
}

export const isNegative = (integer: Buffer): boolean => ((integer[0] ?? 0) & 0x80) !== 0

export const toBigInt = (unsigned: Buffer): bigint =>
  unsigned.length === 0 ? 0n : BigInt(`0x${unsigned.toString('hex')}`)

/** Big Integer of a number that is not negative. */
export const fromBigInt = (value: bigint): Buffer => {
  const hex = value.toString(16)
  return toInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

/** Significant bits of a number that is not negative. */
export const bitLength = (integer: Buffer): number => {
  const digits = stripZeros(integer)
  return digits.length === 0 ? 0 : digits.length * 8 - (Math.clz32(digits[0] ?? 0) - 24)
}

/** Left-padded with zeros to `length` bytes; undefined where the number is larger. */
export const toFixed = (integer: Buffer, length: number): Buffer | undefined => {
  const digits = stripZeros(integer)
  return digits.length > length ? undefined : Buffer.concat([Buffer.alloc(length - digits.length), digits])
}

export const greatestDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestDivisor(b, a % b))

/** The inverse of `a` modulo `n`, or undefined where there is none. */
export const inverse = (a: bigint, n: bigint): bigint | undefined => {
  let [r, next] = [n, a % n]
  let [t, nextT] = [0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  if (r !== 1n) return undefined
  return t < 0n ? t + n : t
}

export const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}
