import {
  BLOCK_CIPHER_MODE,
  CRYPTOGRAPHIC_ALGORITHM,
  CRYPTOGRAPHIC_USAGE_MASK,
  KEY_FORMAT_TYPE,
  NAME_TYPE,
  OBJECT_TYPE,
  PADDING_METHOD,
  REVOCATION_REASON_CODE,
  STATE,
} from '../../src/protocol/enumerations.ts'
import type { CryptographicAlgorithm, KeyFormatType, ObjectType, State } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  type Attribute,
  attribute,
  attributeNames,
  attributes,
  bytes,
  enumeration,
  filters,
  int,
  request,
  struct,
  text,
} from './message.ts'

/* The requests that tests send most, in the form of each version. */

export const ENCRYPT_DECRYPT = CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt')

export const algorithm = (name: CryptographicAlgorithm): Attribute =>
  attribute('CryptographicAlgorithm', (tag) => enumeration(tag, CRYPTOGRAPHIC_ALGORITHM.code[name]))

export const cryptographicLength = (bits: number): Attribute =>
  attribute('CryptographicLength', (tag) => int(tag, bits))

export const usageMask = (bits: number): Attribute => attribute('CryptographicUsageMask', (tag) => int(tag, bits))

export const named = (value: string): Attribute =>
  attribute('Name', (tag) =>
    struct(tag, text('NameValue', value), enumeration('NameType', NAME_TYPE.code.UninterpretedTextString)),
  )

export const ofType = (type: ObjectType): Attribute =>
  attribute('ObjectType', (tag) => enumeration(tag, OBJECT_TYPE.code[type]))

export const inState = (state: State): Attribute => attribute('State', (tag) => enumeration(tag, STATE.code[state]))

export const objectType = (type: ObjectType): Buffer => enumeration('ObjectType', OBJECT_TYPE.code[type])

export const uid = (id: string): Buffer => text('UniqueIdentifier', id)

const AES_256: readonly Attribute[] = [algorithm('AES'), cryptographicLength(256), usageMask(ENCRYPT_DECRYPT)]

/** Payload of Create: an AES-256 key with further attributes. */
export const aesPayload = (version: Version, ...more: readonly Attribute[]): readonly Buffer[] => [
  objectType('SymmetricKey'),
  attributes(version, ...AES_256, ...more),
]

export const create = (version: Version, ...more: readonly Attribute[]): Buffer =>
  request(version, 'Create', ...aesPayload(version, ...more))

/** Create with exactly these attributes. */
export const createWith = (version: Version, ...list: readonly Attribute[]): Buffer =>
  request(version, 'Create', objectType('SymmetricKey'), attributes(version, ...list))

export const keyBlock = (
  format: KeyFormatType,
  material: Buffer,
  facts?: { readonly algorithm: CryptographicAlgorithm; readonly length: number },
): Buffer =>
  struct(
    'KeyBlock',
    enumeration('KeyFormatType', KEY_FORMAT_TYPE.code[format]),
    struct('KeyValue', material),
    ...(facts === undefined
      ? []
      : [
          enumeration('CryptographicAlgorithm', CRYPTOGRAPHIC_ALGORITHM.code[facts.algorithm]),
          int('CryptographicLength', facts.length),
        ]),
  )

/** Register of an AES key; `material` need not have the length that is stated. */
export const registerAes = (
  version: Version,
  material: Buffer,
  more: readonly Attribute[] = [],
  length = material.length * 8,
): Buffer =>
  request(
    version,
    'Register',
    objectType('SymmetricKey'),
    attributes(version, algorithm('AES'), cryptographicLength(length), usageMask(ENCRYPT_DECRYPT), ...more),
    struct('SymmetricKey', keyBlock('Raw', bytes('KeyMaterial', material), { algorithm: 'AES', length })),
  )

export const get = (version: Version, id: string): Buffer => request(version, 'Get', uid(id))

export const getState = (version: Version, id: string): Buffer =>
  request(version, 'GetAttributes', uid(id), ...attributeNames(version, 'State'))

export const locate = (version: Version, ...list: readonly Attribute[]): Buffer =>
  request(version, 'Locate', ...filters(version, ...list))

export const activate = (version: Version, id: string): Buffer => request(version, 'Activate', uid(id))

export const revoke = (version: Version, id: string, reason: keyof typeof REVOCATION_REASON_CODE.code): Buffer =>
  request(
    version,
    'Revoke',
    uid(id),
    struct('RevocationReason', enumeration('RevocationReasonCode', REVOCATION_REASON_CODE.code[reason])),
  )

export const destroy = (version: Version, id: string): Buffer => request(version, 'Destroy', uid(id))

export const CBC = struct(
  'CryptographicParameters',
  enumeration('BlockCipherMode', BLOCK_CIPHER_MODE.code.CBC),
  enumeration('PaddingMethod', PADDING_METHOD.code.PKCS5),
  enumeration('CryptographicAlgorithm', CRYPTOGRAPHIC_ALGORITHM.code.AES),
)

/** AES-GCM with a tag of so many bytes. */
export const gcm = (tagLength: number): Buffer =>
  struct(
    'CryptographicParameters',
    enumeration('BlockCipherMode', BLOCK_CIPHER_MODE.code.GCM),
    enumeration('CryptographicAlgorithm', CRYPTOGRAPHIC_ALGORITHM.code.AES),
    int('TagLength', tagLength),
  )

export const encrypt = (version: Version, id: string, parameters: Buffer, data: Buffer, iv?: Buffer): Buffer =>
  request(
    version,
    'Encrypt',
    uid(id),
    parameters,
    bytes('Data', data),
    ...(iv === undefined ? [] : [bytes('IVCounterNonce', iv)]),
  )
