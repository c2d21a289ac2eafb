import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { arrayBuffer } from '../asymmetric/der.ts'
import { deriveKey, PURPOSE } from './derive-key.ts'
import { encode, made, octetsIn, Pbes2Parameters, PbeParameters, Pbkdf2Parameters } from './structures.ts'

const derive = promisify(pbkdf2)

const ID_PBES2 = '1.2.840.113549.1.5.13'
const ID_PBKDF2 = '1.2.840.113549.1.5.12'
const ID_HMAC_SHA256 = '1.2.840.113549.2.9'
const ID_AES_256_CBC = '2.16.840.1.101.3.4.1.42'
const NULL = new Uint8Array([5, 0]).buffer

/** What OpenSSL uses, too: the password of a container is to be a good one. */
export const ITERATIONS = 2048

/** Of one derivation, and of all that a container needs: more would be an attack on the server, not on the password. */
const MOST_ITERATIONS = 1_000_000
const MOST_OF_ALL = 4 * MOST_ITERATIONS

/** Bytes: what is hashed with the password. */
const LONGEST_SALT = 1024

/** Pseudorandom functions of PBKDF2 (RFC 8018 appendix B.1.2) by the library's names. */
const PRFS: Readonly<Partial<Record<string, string>>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  [ID_HMAC_SHA256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

type Scheme = { readonly name: string; readonly keyBytes: number; readonly ivBytes: number }

/** Encryption schemes of PBES2 (RFC 8018 appendix B.2). */
const SCHEMES: Readonly<Partial<Record<string, Scheme>>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  [ID_AES_256_CBC]: { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
}

/** Schemes of RFC 7292 appendix C whose ciphers the library has: RC2 and RC4 it has not. */
const OLD_SCHEMES: Readonly<Partial<Record<string, Scheme>>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede-cbc', keyBytes: 16, ivBytes: 8 },
}

export const unsupported = (): KmipError =>
  new KmipError('FeatureNotSupported', 'The encryption of the PKCS#12 container is not supported')

/** Asks for a derivation: how often it iterates, and how often it does so. */
export type Effort = (salt: ArrayBuffer, iterations: number, blocks: number) => void

/**
 * Counts what the opening of one container costs.
 * @returns what throws FeatureNotSupported where that is too much
 */
export const countEffort = (): Effort => {
  let left = MOST_OF_ALL
  return (salt, iterations, blocks) => {
    const possible = Number.isSafeInteger(iterations) && iterations >= 1 && iterations <= MOST_ITERATIONS
    left -= possible ? iterations * blocks : MOST_OF_ALL
    if (!possible || left < 0 || salt.byteLength > LONGEST_SALT) throw unsupported()
  }
}

type Sealed = { readonly algorithm: AlgorithmIdentifier; readonly data: Buffer }

/** Encrypts with PBES2: PBKDF2 with HMAC-SHA256, AES-256-CBC (RFC 8018 section 6.2.1). */
export const encryptWithPassword = async (password: string, clear: Buffer): Promise<Sealed> => {
  const salt = randomBytes(16)
  const iv = randomBytes(16)
  const key = await derive(password, salt, ITERATIONS, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const data = Buffer.concat([cipher.update(clear), cipher.final()])
  key.fill(0)
  const kdf = made(new Pbkdf2Parameters(), {
    salt: new OctetString(arrayBuffer(salt)),
    iterationCount: ITERATIONS,
    prf: new AlgorithmIdentifier({ algorithm: ID_HMAC_SHA256, parameters: NULL }),
  })
  const parameters = made(new Pbes2Parameters(), {
    keyDerivationFunc: new AlgorithmIdentifier({ algorithm: ID_PBKDF2, parameters: arrayBuffer(encode(kdf)) }),
    encryptionScheme: new AlgorithmIdentifier({
      algorithm: ID_AES_256_CBC,
      parameters: arrayBuffer(encode(new OctetString(arrayBuffer(iv)))),
    }),
  })
  return {
    algorithm: new AlgorithmIdentifier({ algorithm: ID_PBES2, parameters: arrayBuffer(encode(parameters)) }),
    data,
  }
}

type Keyed = { readonly scheme: Scheme; readonly key: Buffer; readonly iv: Buffer }

/** A password, and what may be spent on it. */
export type Opener = { readonly password: string; readonly effort: Effort }

/** Blocks of SHA-1 in a key of 3DES and an initialization vector. */
const OLD_BLOCKS = 3

const pbes2 = async ({ password, effort }: Opener, parameters: ArrayBuffer): Promise<Keyed> => {
  const { keyDerivationFunc, encryptionScheme } = AsnConvert.parse(parameters, Pbes2Parameters)
  const scheme = SCHEMES[encryptionScheme.algorithm]
  if (scheme === undefined || keyDerivationFunc.algorithm !== ID_PBKDF2) throw unsupported()
  const { salt, iterationCount, prf } = AsnConvert.parse(keyDerivationFunc.parameters ?? NULL, Pbkdf2Parameters)
  const hash = prf === undefined ? 'sha1' : PRFS[prf.algorithm]
  if (hash === undefined) throw unsupported()
  effort(salt.buffer, iterationCount, 1)
  const key = await derive(password, Buffer.from(salt.buffer), iterationCount, scheme.keyBytes, hash)
  return { scheme, key, iv: octetsIn(encryptionScheme.parameters ?? NULL) }
}

const old = async (scheme: Scheme, { password, effort }: Opener, parameters: ArrayBuffer): Promise<Keyed> => {
  const { salt, iterations } = AsnConvert.parse(parameters, PbeParameters)
  effort(salt.buffer, iterations, OLD_BLOCKS)
  const kdf = { hash: 'sha1', password, salt: Buffer.from(salt.buffer), iterations }
  const key = await deriveKey(kdf, PURPOSE.key, scheme.keyBytes)
  const iv = await deriveKey(kdf, PURPOSE.iv, scheme.ivBytes)
  if (key === undefined || iv === undefined) throw unsupported()
  return { scheme, key, iv }
}

/**
 * Decrypts what a password protects.
 * @throws KmipError FeatureNotSupported for another way of encryption; Error where it does not decrypt
 */
export const decryptWithPassword = async (
  opener: Opener,
  { algorithm, parameters }: AlgorithmIdentifier,
  data: Buffer,
): Promise<Buffer> => {
  const scheme = OLD_SCHEMES[algorithm]
  if (scheme === undefined && algorithm !== ID_PBES2) throw unsupported()
  const given = parameters ?? NULL
  const keyed = scheme === undefined ? await pbes2(opener, given) : await old(scheme, opener, given)
  const decipher = createDecipheriv(keyed.scheme.name, keyed.key, keyed.iv)
  keyed.key.fill(0)
  return Buffer.concat([decipher.update(data), decipher.final()])
}
