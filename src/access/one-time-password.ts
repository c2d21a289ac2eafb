import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * One time passwords, by time (TOTP, RFC 6238) and by a counter (HOTP, RFC 4226). The usual form is the one that every
 * authenticator knows: by time, HMAC-SHA-1, six digits, thirty seconds.
 */

const STEP_SECONDS = 30
const DIGITS = 6
/** Steps that a clock may be behind or ahead. */
const TOLERANCE = 1
const SECRET_BYTES = 20

export const makeOneTimeSecret = (): Buffer => randomBytes(SECRET_BYTES)

/** How a password is made of a step. */
export type OneTimeForm = { readonly hash: string; readonly digits: number }

const USUAL: OneTimeForm = { hash: 'sha1', digits: DIGITS }

/** HOTP (RFC 4226 section 5.3). */
const passwordAt = (secret: Buffer, step: number, { hash, digits }: OneTimeForm): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(hash, secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0xf
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** The step from `first` on, of so many, whose password this is. */
const stepAmong = (
  secret: Buffer,
  password: string,
  { first, count, form }: { readonly first: number; readonly count: number; readonly form: OneTimeForm },
): number | undefined => {
  if (!/^\d+$/.test(password) || password.length !== form.digits) return undefined
  const steps = Array.from({ length: count }, (_, index) => first + index)
  // All of them, whichever it is.
  return steps.filter((step) => isEqual(passwordAt(secret, step, form), password))[0]
}

/** The step whose password this is, around `now` in seconds since 1970; undefined where it is none. */
export const timeStep = (
  secret: Buffer,
  password: string,
  now: number,
  { seconds, ...form }: OneTimeForm & { readonly seconds: number },
): number | undefined => {
  const first = Math.max(0, Math.floor(now / seconds) - TOLERANCE)
  return stepAmong(secret, password, { first, count: 2 * TOLERANCE + 1, form })
}

/** Passwords that a client may have made without using them (RFC 4226 section 7.4). */
const LOOK_AHEAD = 10

/** The step after `latest` whose password this is; undefined where it is none of the next ones. */
export const counterStep = (secret: Buffer, password: string, latest: number, form: OneTimeForm): number | undefined =>
  stepAmong(secret, password, { first: latest + 1, count: LOOK_AHEAD, form })

/** The step of the usual form. */
export const oneTimeStep = (secret: Buffer, password: string, now: number): number | undefined =>
  timeStep(secret, password, now, { ...USUAL, seconds: STEP_SECONDS })

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 (RFC 4648 section 6), which authenticators take; for a whole number of groups of five bytes. */
export const base32 = (bytes: Buffer): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((group) => ALPHABET[parseInt(group, 2)] ?? '').join('')
}
