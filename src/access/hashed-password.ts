import { createHash, timingSafeEqual } from 'node:crypto'

/*
 * Hashed Password (2.1 section 9.11): Hash(S1 || Timestamp) || S2 with S1 = Hash(Username || Password) and
 * S2 = Hash(Password || Username). The server needs S1, and of S2 only its hash: what it keeps is not enough to make a
 * credential.
 */

/** Hashes that a client may choose, by their names in the standard. */
const HASHES = { SHA_256: 'sha256', SHA_384: 'sha384', SHA_512: 'sha512' } as const

export type HashName = keyof typeof HASHES

export const HASH_NAMES: readonly HashName[] = ['SHA_256', 'SHA_384', 'SHA_512']

export const isHashName = (name: unknown): name is HashName => typeof name === 'string' && Object.hasOwn(HASHES, name)

/** What is kept of a password for one of the hashes. */
export type HashedProof = { readonly s1: Buffer; readonly hashOfS2: Buffer }

const digest = (name: HashName, ...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash(HASHES[name])
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export const makeHashedProof = (name: HashName, username: string, password: string): HashedProof => ({
  s1: digest(name, username, password),
  hashOfS2: digest(name, digest(name, password, username)),
})

const bytesOf = (timestamp: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(timestamp)
  return bytes
}

/** `timestamp` in microseconds since 1970. Compares in a time that does not depend on where the two differ. */
export const isHashedPassword = (
  name: HashName,
  { s1, hashOfS2 }: HashedProof,
  timestamp: bigint,
  given: Buffer,
): boolean => {
  const first = digest(name, s1, bytesOf(timestamp))
  if (given.length !== 2 * first.length) return false
  const found = Buffer.concat([given.subarray(0, first.length), digest(name, given.subarray(first.length))])
  return timingSafeEqual(found, Buffer.concat([first, hashOfS2]))
}

/** What the response header has, which only a server can make that knows the password (2.1 section 8.5). */
export const serverHashedPassword = (name: HashName, { s1, hashOfS2 }: HashedProof, timestamp: bigint): Buffer =>
  digest(name, bytesOf(timestamp), s1, hashOfS2)
