import { diffieHellman, hkdfSync, type KeyObject, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Derivation } from '../../../domain/key-store.ts'
import type { MaybePromise } from '../../../domain/maybe-promise.ts'
import type { DerivationMethod } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { CIPHERS } from '../../ciphers.ts'
import { encrypt } from '../cipher.ts'
import { digest, hashName } from '../hash.ts'
import { counterMode, doublePipelineMode, feedbackMode } from './kbkdf.ts'
import { hmacPrf, prfOf } from './prf.ts'
import { keyObjectOf, type Secret } from './secret.ts'

/** What a method works on: secrets in the order of the request, halves of key pairs, and how many bytes are wanted. */
export type DerivationInput = Derivation & {
  readonly secrets: readonly Secret[]
  readonly halves: readonly KeyObject[]
  /** Bytes. */
  readonly length: number
}

/** Rounds of one request, all blocks of the result together: some seconds of one thread. */
const MOST_ROUNDS = 10_000_000

const invalid = (problem: string): KmipError => new KmipError('InvalidField', problem)
const ambiguous = (): KmipError =>
  new KmipError('InvalidMessage', 'The derivation data is given twice, or where the method takes none')

const derivationFailed = (cause?: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The key cannot be derived', { cause })

const secretsOnly = ({ secrets, halves }: DerivationInput): readonly Secret[] => {
  if (halves.length > 0) throw invalid('The method derives from secrets, not from key pairs')
  return secrets
}

/** @throws KmipError where there is more than the key to derive from */
const soleSecret = (input: DerivationInput): Secret => {
  const [secret, ...more] = secretsOnly(input)
  if (secret === undefined) throw invalid('There is nothing to derive from')
  if (more.length > 0) throw invalid('The method derives from one object')
  return secret
}

type Keyed = { readonly key: Secret; readonly data: Buffer }

/** Of two objects, the one that is Secret Data brings the data; of two of those, the second. */
const keyAndData = ([first, second, ...more]: readonly Secret[]) => {
  const odd = invalid('The method derives from a key and perhaps a Secret Data')
  if (first === undefined || more.length > 0) throw odd
  if (second === undefined) return { key: first, implied: undefined }
  const [key, implied] = second.isData === true ? [first, second] : [second, first]
  if (implied.isData !== true) throw odd
  return { key, implied }
}

/** The key, and the data: in the parameters, or as a Secret Data object (1.4 section 4.6, 2.1 section 7.12). */
const keyed = (input: DerivationInput): Keyed => {
  const { key, implied } = keyAndData(secretsOnly(input))
  if (implied !== undefined && input.data.length > 0) throw ambiguous()
  if (implied === undefined && input.data.length === 0) {
    throw new KmipError('InvalidMessage', 'The derivation data is missing')
  }
  return { key, data: implied?.bytes ?? Buffer.concat(input.data) }
}

const hashKey = (input: DerivationInput): Buffer => {
  if (input.data.length > 0) throw ambiguous()
  return digest(hashName(input.parameters.hashingAlgorithm), soleSecret(input).bytes)
}

/** CBC without an IV has an empty one, which is all zeros; a stream of one IV for all data would tell the data. */
const encryptionIv = ({ iv, parameters }: DerivationInput, { algorithm }: Secret): Buffer | undefined => {
  const { blockCipherMode, cryptographicAlgorithm } = parameters
  const cipher = CIPHERS.get(algorithm ?? cryptographicAlgorithm ?? -1)
  const mode = cipher?.modes.get(blockCipherMode ?? -1)
  const takesNone = mode !== undefined && 'length' in mode.iv && mode.iv.length === 0
  if (iv !== undefined || takesNone) return iv
  if ((blockCipherMode === 'CBC' || blockCipherMode === 'PCBC') && cipher !== undefined)
    return Buffer.alloc(cipher.block)
  throw new KmipError('BadCryptographicParameters', 'The Initialization Vector is missing')
}

const encryptData = (input: DerivationInput): Buffer => {
  const { key, data } = keyed(input)
  const ivCounterNonce = encryptionIv(input, key)
  const parameters = { ...input.parameters, randomIV: undefined }
  const secret = { algorithm: key.algorithm, keyObject: keyObjectOf(key) }
  return encrypt(secret, parameters, { data, ivCounterNonce, additionalData: undefined, tag: undefined }).data
}

const COUNTER_LENGTHS: readonly number[] = [8, 16, 24, 32]

/** Bytes of the counter of SP 800-108, which Counter Length tells in bits; 32 bits where it does not. */
const counterLength = ({ parameters: { counterLength: bits = 32 } }: DerivationInput): number => {
  if (COUNTER_LENGTHS.includes(bits)) return bits / 8
  throw new KmipError('BadCryptographicParameters', 'The Counter Length is not 8, 16, 24 or 32 bits')
}

const passwordDerivation = promisify(pbkdf2)

const pbkdf2Key = (input: DerivationInput): Promise<Buffer> => {
  const { parameters, salt, iterationCount, length, data } = input
  if (data.length > 0) throw ambiguous()
  if (salt === undefined || iterationCount === undefined) throw invalid('PBKDF2 needs Salt and Iteration Count')
  const name = hashName(parameters.hashingAlgorithm ?? 'SHA_1')
  const rounds = iterationCount * Math.ceil(length / digest(name).length)
  if (iterationCount < 1 || rounds > MOST_ROUNDS) throw invalid('The Iteration Count is not in the range of the server')
  return passwordDerivation(soleSecret(input).bytes, salt, iterationCount, length, name)
}

const HKDF_BLOCKS = 255

const hkdfKey = (input: DerivationInput): Buffer => {
  const { parameters, salt = Buffer.alloc(0), data, length } = input
  const name = hashName(parameters.hashingAlgorithm ?? 'SHA_256')
  if (length > HKDF_BLOCKS * digest(name).length) throw derivationFailed()
  return Buffer.from(hkdfSync(name, soleSecret(input).bytes, salt, Buffer.concat(data), length))
}

/** Date, Region and Service, in this order; AWS fixes the last step. */
const awsKey = (input: DerivationInput): Buffer => {
  const { bytes } = soleSecret(input)
  if (input.data.length !== 3) throw invalid('The derivation data has to be Date, Region and Service')
  const first = { algorithm: undefined, bytes: Buffer.concat([Buffer.from('AWS4'), bytes]) }
  const steps = [...input.data, Buffer.from('aws4_request')]
  return steps.reduce<Secret>(
    (secret, step) => ({
      algorithm: undefined,
      bytes: hmacPrf(secret, { hashingAlgorithm: 'SHA_256' })(step),
    }),
    first,
  ).bytes
}

/** Diffie-Hellman between one's own private key and the public key of another. */
const agreedKey = ({ secrets, halves, data }: DerivationInput): Buffer => {
  const privateKey = halves.find(({ type }) => type === 'private')
  const publicKey = halves.find(({ type }) => type === 'public')
  if (secrets.length > 0 || halves.length !== 2 || privateKey === undefined || publicKey === undefined) {
    throw invalid('The method derives from a private and a public key')
  }
  if (data.length > 0) throw ambiguous()
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch (cause) {
    throw derivationFailed(cause)
  }
}

const METHODS: Readonly<Record<DerivationMethod, (input: DerivationInput) => MaybePromise<Buffer>>> = {
  PBKDF2: pbkdf2Key,
  HASH: hashKey,
  HMAC: (input) => {
    const { key, data } = keyed(input)
    return hmacPrf(key, input.parameters)(data)
  },
  ENCRYPT: encryptData,
  NIST800_108_C: (input) => {
    const { key, data } = keyed(input)
    return counterMode(prfOf(key, input.parameters), data, input.length, counterLength(input))
  },
  NIST800_108_F: (input) => {
    const { key, data } = keyed(input)
    return feedbackMode(
      prfOf(key, input.parameters),
      data,
      input.length,
      counterLength(input),
      input.iv ?? Buffer.alloc(0),
    )
  },
  NIST800_108_DPI: (input) => {
    const { key, data } = keyed(input)
    return doublePipelineMode(prfOf(key, input.parameters), data, input.length, counterLength(input))
  },
  AsymmetricKey: agreedKey,
  AWSSignatureVersion4: awsKey,
  HKDF: hkdfKey,
}

/** What a method gives, perhaps more than is wanted. @throws KmipError */
export const deriveBytes = (input: DerivationInput): MaybePromise<Buffer> => METHODS[input.method](input)

/** The first bytes of it. @throws KmipError CryptographicFailure where the method gives less than is wanted */
export const truncated = (derived: Buffer, length: number): Buffer => {
  if (derived.length < length) throw derivationFailed()
  return derived.subarray(0, length)
}
