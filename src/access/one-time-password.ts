import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * One time passwords by time: TOTP (RFC 6238) in the form that every authenticator knows, HMAC-SHA-1, six digits,
 * thirty seconds.
 */

const STEP_SECONDS = 30
const DIGITS = 6
/** Steps that a clock may be behind or ahead. */
const TOLERANCE = 1
const SECRET_BYTES = 20

export const makeOneTimeSecret = (): Buffer => randomBytes(SECRET_BYTES)

/** HOTP (RFC 4226 section 5.3). */
const passwordAt = (secret: Buffer, step: number): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0xf
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** The step whose password this is, around `now` in seconds since 1970; undefined where it is none. */
export const oneTimeStep = (secret: Buffer, password: string, now: number): number | undefined => {
  if (!/^\d{6}$/.test(password)) return undefined
  const current = Math.floor(now / STEP_SECONDS)
  const steps = Array.from({ length: 2 * TOLERANCE + 1 }, (_, index) => current - TOLERANCE + index)
  // All of them, whichever it is.
  return steps.filter((step) => isEqual(passwordAt(secret, step), password))[0]
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 (RFC 4648 section 6), which authenticators take; for a whole number of groups of five bytes. */
export const base32 = (bytes: Buffer): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((group) => ALPHABET[parseInt(group, 2)] ?? '').join('')
}
