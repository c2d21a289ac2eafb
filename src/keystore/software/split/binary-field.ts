/*
 * GF(2^8) and GF(2^16) of 2.1 section 13.1. Elements are numbers, and vectors of them are byte strings. Which part a share
 * is, is no secret: so there are branches on factors that come from part numbers, and none on what they multiply, nor a
 * table that is read at a secret place.
 */

/**
 * x^8 + x^4 + x^3 + x^2 + 1, without its highest term. 1.x says x^8 + x^4 + x^3 + x + 1, of the field below GF(2^16) and
 * nothing of GF(2^8) by itself: see docs/decisions/007.
 */
const POLYNOMIAL = 0x1d
/** The constant of y^2 + y + m. */
const M = 0x3a

const double = (element: number): number => ((element << 1) & 0xff) ^ (POLYNOMIAL & -(element >> 7))

/** Times a factor that is no secret. */
const multiply8 = (element: number, factor: number): number => {
  let product = 0
  for (let power = element, rest = factor; rest > 0; rest >>= 1, power = double(power)) {
    if ((rest & 1) === 1) product ^= power
  }
  return product
}

/** Of 255 elements each is its own 255th power away from one. */
const inverse8 = (element: number): number => {
  let power = element
  for (let exponent = 1; exponent < 127; exponent = 2 * exponent + 1) {
    power = multiply8(multiply8(power, power), element)
  }
  return multiply8(power, power)
}

/**
 * The product of ry + s and uy + v, where y^2 = y + m: (ru + rv + su)y + (rum + sv). The text has m with sv instead, which
 * is a slip: there would be no one, and its own inverse would be none.
 */
const multiply16 = (element: number, factor: number): number => {
  const [r, s, u, v] = [element >> 8, element & 0xff, factor >> 8, factor & 0xff]
  const ru = multiply8(r, u)
  const high = ru ^ multiply8(r, v) ^ multiply8(s, u)
  return (high << 8) | (multiply8(ru, M) ^ multiply8(s, v))
}

/** (uy + v)^-1 = ud^-1y + (u + v)d^-1, where d = (u + v)v + mu^2. */
const inverse16 = (element: number): number => {
  const [u, v] = [element >> 8, element & 0xff]
  const inverse = inverse8(multiply8(u ^ v, v) ^ multiply8(multiply8(u, u), M))
  return (multiply8(u, inverse) << 8) | multiply8(u ^ v, inverse)
}

export type BinaryField = {
  readonly multiply: (element: number, factor: number) => number
  readonly inverse: (element: number) => number
  /** Every element of a vector times a factor. */
  readonly scale: (vector: Buffer, factor: number) => Buffer
}

export const GF2_8: BinaryField = {
  multiply: multiply8,
  inverse: inverse8,
  scale: (vector, factor) => Buffer.from(vector.map((element) => multiply8(element, factor))),
}

/**
 * Pieces are two bytes each. A last piece of one byte is an element of the field below: it stays there, as long as the
 * part numbers do, so that a share has just as many bits as the secret.
 */
export const GF2_16: BinaryField = {
  multiply: multiply16,
  inverse: inverse16,
  scale: (vector, factor) => {
    const scaled = Buffer.alloc(vector.length)
    const pairs = vector.length - (vector.length % 2)
    for (let at = 0; at < pairs; at += 2) scaled.writeUInt16BE(multiply16(vector.readUInt16BE(at), factor), at)
    if (pairs < vector.length) scaled.writeUInt8(multiply8(vector.readUInt8(pairs), factor), pairs)
    return scaled
  },
}
