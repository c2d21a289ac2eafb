import type {
  BlockCipherMode,
  CryptographicAlgorithm,
  DigitalSignatureAlgorithm,
  HashingAlgorithm,
} from '../../protocol/enumerations.ts'
import { type CryptokiReader, createCryptokiReader } from '../../protocol/pkcs11/codec.ts'
import { CKF, CKZ_DATA_SPECIFIED } from '../../protocol/pkcs11/constants.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { CryptokiError } from './call.ts'

/* Mechanisms (CKM) and what they are in terms of Cryptographic Parameters. */

/** What a mechanism takes as its parameter. */
type Parameter = 'none' | 'iv' | 'counter' | 'gcm' | 'oaep' | 'pss'

export type Mechanism = {
  readonly type: number
  readonly kind: 'generate' | 'generate-pair' | 'cipher' | 'digest' | 'signature' | 'mac'
  readonly parameters: CryptographicParameters
  readonly parameter: Parameter
  readonly isDigested: boolean
  /** Sizes of keys: bits, or bytes where PKCS#11 has it so. */
  readonly sizes: readonly [number, number]
}

const AES: readonly [number, number] = [16, 32]
const RSA: readonly [number, number] = [1024, 8192]
const EC: readonly [number, number] = [224, 521]
const NO_KEY: readonly [number, number] = [0, 0]
const MAC: readonly [number, number] = [8, 512]

const mechanism = (
  type: number,
  kind: Mechanism['kind'],
  sizes: readonly [number, number],
  parameters: CryptographicParameters,
  more: Partial<Pick<Mechanism, 'parameter' | 'isDigested'>> = {},
): Mechanism => ({ type, kind, parameters, sizes, parameter: 'none', isDigested: false, ...more })

const generate = (type: number, algorithm: CryptographicAlgorithm, sizes: readonly [number, number]): Mechanism =>
  mechanism(type, algorithm === 'RSA' || algorithm === 'EC' ? 'generate-pair' : 'generate', sizes, {
    cryptographicAlgorithm: algorithm,
  })

const aes = (type: number, blockCipherMode: BlockCipherMode, parameter: Parameter, padding = false): Mechanism =>
  mechanism(
    type,
    'cipher',
    AES,
    { cryptographicAlgorithm: 'AES', blockCipherMode, paddingMethod: padding ? 'PKCS5' : 'None' },
    { parameter },
  )

const digest = (type: number, hashingAlgorithm: HashingAlgorithm): Mechanism =>
  mechanism(type, 'digest', NO_KEY, { hashingAlgorithm })

const signature = (
  type: number,
  digitalSignatureAlgorithm: DigitalSignatureAlgorithm,
  sizes: readonly [number, number],
): Mechanism => mechanism(type, 'signature', sizes, { digitalSignatureAlgorithm })

const pss = (type: number, hashingAlgorithm: HashingAlgorithm): Mechanism =>
  mechanism(
    type,
    'signature',
    RSA,
    { digitalSignatureAlgorithm: 'RSASSA_PSS', cryptographicAlgorithm: 'RSA', hashingAlgorithm },
    { parameter: 'pss' },
  )

const hmac = (type: number, cryptographicAlgorithm: CryptographicAlgorithm): Mechanism =>
  mechanism(type, 'mac', MAC, { cryptographicAlgorithm })

const LIST: readonly Mechanism[] = [
  generate(0x0000, 'RSA', RSA),
  mechanism(0x0001, 'cipher', RSA, { cryptographicAlgorithm: 'RSA', paddingMethod: 'PKCS1V1_5' }),
  signature(0x0006, 'SHA_1WithRSAEncryption', RSA),
  mechanism(0x0009, 'cipher', RSA, { cryptographicAlgorithm: 'RSA', paddingMethod: 'OAEP' }, { parameter: 'oaep' }),
  signature(0x0040, 'SHA_256WithRSAEncryption', RSA),
  signature(0x0041, 'SHA_384WithRSAEncryption', RSA),
  signature(0x0042, 'SHA_512WithRSAEncryption', RSA),
  pss(0x0043, 'SHA_256'),
  pss(0x0044, 'SHA_384'),
  pss(0x0045, 'SHA_512'),
  generate(0x0131, 'DES3', NO_KEY),
  digest(0x0220, 'SHA_1'),
  hmac(0x0221, 'HMAC_SHA1'),
  digest(0x0250, 'SHA_256'),
  hmac(0x0251, 'HMAC_SHA256'),
  digest(0x0255, 'SHA_224'),
  hmac(0x0256, 'HMAC_SHA224'),
  digest(0x0260, 'SHA_384'),
  hmac(0x0261, 'HMAC_SHA384'),
  digest(0x0270, 'SHA_512'),
  hmac(0x0271, 'HMAC_SHA512'),
  generate(0x0350, 'HMAC_SHA256', MAC),
  generate(0x1040, 'EC', EC),
  mechanism(0x1041, 'signature', EC, { cryptographicAlgorithm: 'ECDSA' }, { isDigested: true }),
  signature(0x1042, 'ECDSAWithSHA_1', EC),
  signature(0x1044, 'ECDSAWithSHA256', EC),
  signature(0x1045, 'ECDSAWithSHA384', EC),
  signature(0x1046, 'ECDSAWithSHA512', EC),
  generate(0x1080, 'AES', AES),
  aes(0x1081, 'ECB', 'none'),
  aes(0x1082, 'CBC', 'iv'),
  aes(0x1085, 'CBC', 'iv', true),
  aes(0x1086, 'CTR', 'counter'),
  aes(0x1087, 'GCM', 'gcm'),
  mechanism(0x108a, 'mac', AES, { cryptographicAlgorithm: 'AES', blockCipherMode: 'CMAC' }),
]

export const MECHANISMS: ReadonlyMap<number, Mechanism> = new Map(LIST.map((entry) => [entry.type, entry]))

const KIND_FLAGS: Readonly<Record<Mechanism['kind'], number>> = {
  generate: CKF.GENERATE,
  'generate-pair': CKF.GENERATE_KEY_PAIR,
  cipher: CKF.ENCRYPT | CKF.DECRYPT,
  digest: CKF.DIGEST,
  signature: CKF.SIGN | CKF.VERIFY,
  mac: CKF.SIGN | CKF.VERIFY,
}

export const flagsOf = ({ kind }: Mechanism): number => KIND_FLAGS[kind]

/** @throws CryptokiError MECHANISM_INVALID */
export const mechanismOf = (type: number): Mechanism => {
  const found = MECHANISMS.get(type)
  if (found === undefined) throw new CryptokiError('MECHANISM_INVALID')
  return found
}

/** A mechanism with the parameter that came with it. */
export type ChosenMechanism = Pick<Mechanism, 'kind' | 'parameters' | 'isDigested'> & {
  readonly iv: Buffer | undefined
  readonly additionalData: Buffer | undefined
  /** Bytes. */
  readonly tagLength: number
}

const HASHES: ReadonlyMap<number, HashingAlgorithm> = new Map(
  LIST.flatMap(({ type, kind, parameters: { hashingAlgorithm: hash } }) =>
    kind === 'digest' && typeof hash === 'string' ? [[type, hash] as const] : [],
  ),
)

const hashOf = (type: number): HashingAlgorithm => {
  const hash = HASHES.get(type)
  if (hash === undefined) throw new CryptokiError('MECHANISM_PARAM_INVALID')
  return hash
}

type Chosen = Partial<Omit<ChosenMechanism, 'kind' | 'isDigested'>>

const check = (condition: boolean): void => {
  if (!condition) throw new CryptokiError('MECHANISM_PARAM_INVALID')
}

const BLOCK = 16

const iv = (bytes: Buffer): Chosen => {
  check(bytes.length === BLOCK)
  return { iv: Buffer.from(bytes) }
}

/** CK_AES_CTR_PARAMS: bits of the counter, and its block. */
const counter = (input: CryptokiReader, bytes: Buffer): Chosen => {
  const bits = input.ulong()
  check(bits > 0 && bits <= 128 && input.left === BLOCK)
  return { iv: Buffer.from(bytes.subarray(bytes.length - BLOCK)) }
}

/** CK_GCM_PARAMS. */
const gcm = (input: CryptokiReader): Chosen => {
  const vector = Buffer.from(input.bytes())
  input.ulong()
  const additionalData = Buffer.from(input.bytes())
  const bits = input.ulong()
  input.end()
  check(vector.length > 0 && bits % 8 === 0 && bits >= 96 && bits <= 128)
  return { iv: vector, additionalData, tagLength: bits / 8, parameters: { tagLength: bits / 8 } }
}

/** CK_RSA_PKCS_OAEP_PARAMS: hash, mask generator, source. */
const oaep = (input: CryptokiReader): Chosen => {
  const hash = hashOf(input.ulong())
  const generator = input.ulong()
  const source = input.ulong()
  const label = Buffer.from(input.bytes())
  input.end()
  check(MASK_HASHES.get(generator) !== undefined && (source === CKZ_DATA_SPECIFIED || source === 0))
  return {
    parameters: {
      hashingAlgorithm: hash,
      maskGenerator: 'MGF1',
      maskGeneratorHashingAlgorithm: MASK_HASHES.get(generator),
      ...(label.length === 0 ? {} : { pSource: label }),
    },
  }
}

/** CKG_MGF1. */
const MASK_HASHES: ReadonlyMap<number, HashingAlgorithm> = new Map([
  [1, 'SHA_1'],
  [2, 'SHA_256'],
  [3, 'SHA_384'],
  [4, 'SHA_512'],
  [5, 'SHA_224'],
])

/** CK_RSA_PKCS_PSS_PARAMS: hash, mask generator, length of the salt. */
const pssParameters = (input: CryptokiReader): Chosen => {
  const hash = hashOf(input.ulong())
  const generator = MASK_HASHES.get(input.ulong())
  const saltLength = input.ulong()
  input.end()
  check(generator !== undefined && saltLength <= 1024)
  return {
    parameters: {
      hashingAlgorithm: hash,
      maskGenerator: 'MGF1',
      maskGeneratorHashingAlgorithm: generator,
      saltLength,
    },
  }
}

const READ: Readonly<Record<Parameter, (input: CryptokiReader, bytes: Buffer) => Chosen>> = {
  none: (_input, bytes) => {
    check(bytes.length === 0)
    return {}
  },
  iv: (_input, bytes) => iv(bytes),
  counter,
  gcm,
  oaep,
  pss: pssParameters,
}

/** CK_MECHANISM: type, and the parameter behind its length. @throws CryptokiError, KmipError */
export const readMechanism = (input: CryptokiReader): ChosenMechanism => {
  const found = mechanismOf(input.ulong())
  const bytes = input.bytes()
  const { parameters, ...chosen } = READ[found.parameter](createCryptokiReader(bytes), bytes)
  return {
    kind: found.kind,
    isDigested: found.isDigested,
    iv: undefined,
    additionalData: undefined,
    tagLength: 0,
    ...chosen,
    parameters: { ...found.parameters, ...parameters },
  }
}
