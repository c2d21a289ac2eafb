import type { KeyFormatType, ObjectType } from '../protocol/enumerations.ts'
import type { TransparentKeyMaterial } from '../protocol/structures/key-block.ts'

export type MaterialField = keyof TransparentKeyMaterial

/** What stands in the Key Material of a format, and which keys it is for. */
export type KeyFormat = {
  readonly material: 'bytes' | 'structure'
  readonly required: readonly MaterialField[]
  readonly optional: readonly MaterialField[]
  /** Kinds of key it can express; every object with a Key Block where absent. */
  readonly objectTypes?: readonly ObjectType[]
}

const bytes = (...objectTypes: readonly ObjectType[]): KeyFormat => ({
  material: 'bytes',
  required: [],
  optional: [],
  ...(objectTypes.length === 0 ? {} : { objectTypes }),
})

const structure = (
  objectType: ObjectType,
  required: readonly MaterialField[],
  optional: readonly MaterialField[] = [],
): KeyFormat => ({ material: 'structure', required, optional, objectTypes: [objectType] })

const EC_PRIVATE = structure('PrivateKey', ['recommendedCurve', 'd'])
const EC_PUBLIC = structure('PublicKey', ['recommendedCurve', 'qString'])

/**
 * The Key Format Types (1.4 sections 2.1.3 and 2.1.7, 2.1 sections 3.4 to 3.12 and 11.25). Formats that are not here
 * are a vendor's: their bytes are kept as they came.
 */
export const KEY_FORMATS: Readonly<Record<KeyFormatType, KeyFormat>> = {
  Raw: bytes(),
  Opaque: bytes(),
  PKCS_1: bytes('PublicKey', 'PrivateKey'),
  PKCS_8: bytes('PrivateKey'),
  X_509: bytes('PublicKey'),
  ECPrivateKey: bytes('PrivateKey'),
  PKCS_12: bytes('PrivateKey'),
  PKCS_10: bytes('PublicKey'),
  TransparentSymmetricKey: structure('SymmetricKey', ['key']),
  TransparentDSAPrivateKey: structure('PrivateKey', ['p', 'q', 'g', 'x']),
  TransparentDSAPublicKey: structure('PublicKey', ['p', 'q', 'g', 'y']),
  TransparentRSAPrivateKey: structure(
    'PrivateKey',
    ['modulus'],
    ['privateExponent', 'publicExponent', 'p', 'q', 'primeExponentP', 'primeExponentQ', 'crtCoefficient'],
  ),
  TransparentRSAPublicKey: structure('PublicKey', ['modulus', 'publicExponent']),
  TransparentDHPrivateKey: structure('PrivateKey', ['p', 'g', 'x'], ['q', 'j']),
  TransparentDHPublicKey: structure('PublicKey', ['p', 'g', 'y'], ['q', 'j']),
  TransparentECDSAPrivateKey: EC_PRIVATE,
  TransparentECDSAPublicKey: EC_PUBLIC,
  TransparentECDHPrivateKey: EC_PRIVATE,
  TransparentECDHPublicKey: EC_PUBLIC,
  TransparentECMQVPrivateKey: EC_PRIVATE,
  TransparentECMQVPublicKey: EC_PUBLIC,
  TransparentECPrivateKey: EC_PRIVATE,
  TransparentECPublicKey: EC_PUBLIC,
  SeedPrivateKey: bytes('PrivateKey'),
}
