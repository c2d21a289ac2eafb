import type { Attribute } from '../protocol/attribute-instance.ts'
import {
  CRYPTOGRAPHIC_USAGE_MASK,
  type CryptographicAlgorithm,
  type CryptographicUsageMask,
  type ObjectType,
} from '../protocol/enumerations.ts'
import type { DefaultsInformation, ObjectDefaults } from '../protocol/structures/defaults-information.ts'
import { valueOf } from './attribute-set.ts'

/*
 * "There are default values for some mandatory attributes of Cryptographic Objects. The values in use by a particular
 * server are available via Query. KMIP servers SHALL supply values for these attributes if the client omits them" (2.1
 * section 4, Table 28). These hold until an administrator sets others, or none.
 */

/** 1.x insists that the client gives them (1.4 Tables 165 and 168). */
export const BUILT_IN_RANGE = { since: '2.0' } as const

const uses = (...names: readonly CryptographicUsageMask[]): Attribute => ({
  name: 'CryptographicUsageMask',
  value: CRYPTOGRAPHIC_USAGE_MASK.of(...names),
})

const kindOf = (algorithm: CryptographicAlgorithm, length: number): readonly Attribute[] => [
  { name: 'CryptographicAlgorithm', value: algorithm },
  { name: 'CryptographicLength', value: length },
]

const BY_TYPE: ReadonlyMap<ObjectType, readonly Attribute[]> = new Map<ObjectType, readonly Attribute[]>([
  ['SymmetricKey', [...kindOf('AES', 256), uses('Encrypt', 'Decrypt')]],
  ['PrivateKey', [...kindOf('RSA', 2048), uses('Sign')]],
  ['PublicKey', [...kindOf('RSA', 2048), uses('Verify')]],
  ['SecretData', [uses('DeriveKey')]],
])

/** What is known of an algorithm that the client names itself: its keys are not those of the default one. */
type Otherwise = { readonly length?: number; readonly uses?: Readonly<Partial<Record<ObjectType, Attribute>>> }

const LONG: Otherwise = { length: 256 }
const AUTHENTICATING: Otherwise = { uses: { SymmetricKey: uses('MACGenerate', 'MACVerify') } }
const AGREEING: Otherwise = { uses: { PrivateKey: uses('KeyAgreement'), PublicKey: uses('KeyAgreement') } }

const BY_ALGORITHM: ReadonlyMap<CryptographicAlgorithm | number, Otherwise> = new Map<
  CryptographicAlgorithm | number,
  Otherwise
>([
  ['AES', LONG],
  ['Camellia', LONG],
  ['ARIA', LONG],
  ['Twofish', LONG],
  ['Poly1305', AUTHENTICATING],
  ['HMAC_MD5', AUTHENTICATING],
  ['HMAC_SHA1', AUTHENTICATING],
  ['HMAC_SHA224', AUTHENTICATING],
  ['HMAC_SHA256', AUTHENTICATING],
  ['HMAC_SHA384', AUTHENTICATING],
  ['HMAC_SHA512', AUTHENTICATING],
  ['HMAC_SHA3_224', AUTHENTICATING],
  ['HMAC_SHA3_256', AUTHENTICATING],
  ['HMAC_SHA3_384', AUTHENTICATING],
  ['HMAC_SHA3_512', AUTHENTICATING],
  ['DH', AGREEING],
  ['ECDH', AGREEING],
])

/**
 * The built-in defaults that go with what the client gives. A length is left to the keystore where the client names
 * another algorithm: it knows the usual one, and which curve or parameters come instead.
 */
export const builtInFor = (objectType: ObjectType, given: readonly Attribute[]): readonly Attribute[] => {
  const defaults = BY_TYPE.get(objectType) ?? []
  const algorithm = valueOf(given, 'CryptographicAlgorithm')
  if (algorithm === undefined) return defaults
  const { length, uses: usual = {} } = BY_ALGORITHM.get(algorithm) ?? {}
  return defaults.flatMap((attribute): readonly Attribute[] => {
    if (attribute.name === 'CryptographicLength') return length === undefined ? [] : [{ ...attribute, value: length }]
    return attribute.name === 'CryptographicUsageMask' ? [usual[objectType] ?? attribute] : []
  })
}

/** As Query tells them. */
export const BUILT_IN_DEFAULTS: DefaultsInformation = {
  objectDefaults: [...BY_TYPE].map(([objectType, attributes]): ObjectDefaults => ({
    objectType,
    attributes: { templates: [], attributes },
  })),
}
