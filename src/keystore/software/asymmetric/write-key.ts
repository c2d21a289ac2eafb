import type { KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm, KeyCompressionType, KeyFormatType } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { KeyMaterial } from '../../../protocol/structures/key-block.ts'
import type { AsymmetricKey } from './asymmetric-key.ts'
import { ecStructure, ecSubjectPublicKeyInfo, pointForm } from './ec.ts'
import { finiteFieldStructure } from './finite-field.ts'
import { hybridBytes } from './hybrid.ts'
import { rawQuantumBytes, seedBytes } from './quantum.ts'
import { rawBytes } from './raw-key.ts'
import { rsaStructure } from './rsa.ts'

type Form = 'uncompressed' | 'compressed' | 'hybrid'
type WriteFormat = (key: AsymmetricKey, form: Form) => KeyMaterial | undefined
type Family = AsymmetricKey['family']

const isPrivate = ({ type }: KeyObject): boolean => type === 'private'

const pkcs1: WriteFormat = ({ keyObject }) =>
  keyObject.asymmetricKeyType === 'rsa' ? keyObject.export({ format: 'der', type: 'pkcs1' }) : undefined

const pkcs8: WriteFormat = ({ keyObject }) =>
  isPrivate(keyObject) ? keyObject.export({ format: 'der', type: 'pkcs8' }) : undefined

const sec1: WriteFormat = ({ keyObject }) =>
  isPrivate(keyObject) ? keyObject.export({ format: 'der', type: 'sec1' }) : undefined

const spki: WriteFormat = ({ keyObject, curve, family }, form) => {
  if (isPrivate(keyObject)) return undefined
  if (family === 'ec' && curve !== undefined) return ecSubjectPublicKeyInfo(keyObject, curve, form)
  return keyObject.export({ format: 'der', type: 'spki' })
}

const ec: WriteFormat = ({ keyObject, curve }, form) =>
  curve === undefined ? undefined : ecStructure(keyObject, curve, form)

const rsa: WriteFormat = ({ keyObject }) =>
  keyObject.asymmetricKeyType === 'rsa' ? rsaStructure(keyObject) : undefined

const finiteField: WriteFormat = ({ keyObject }) => finiteFieldStructure(keyObject)

const only =
  (type: 'private' | 'public', write: WriteFormat): WriteFormat =>
  (key, form) =>
    key.keyObject.type === type ? write(key, form) : undefined

type FormatTable = Readonly<Partial<Record<KeyFormatType, WriteFormat>>>

const EC_FORMATS: FormatTable = {
  X_509: spki,
  PKCS_8: pkcs8,
  ECPrivateKey: sec1,
  TransparentECPrivateKey: only('private', ec),
  TransparentECPublicKey: only('public', ec),
  TransparentECDSAPrivateKey: only('private', ec),
  TransparentECDSAPublicKey: only('public', ec),
  TransparentECDHPrivateKey: only('private', ec),
  TransparentECDHPublicKey: only('public', ec),
  TransparentECMQVPrivateKey: only('private', ec),
  TransparentECMQVPublicKey: only('public', ec),
}

const ENCODED: FormatTable = { X_509: spki, PKCS_8: pkcs8 }

/** Every format that the keys of a family have. */
const FORMATS: Readonly<Record<Family, FormatTable>> = {
  rsa: {
    ...ENCODED,
    PKCS_1: pkcs1,
    TransparentRSAPrivateKey: only('private', rsa),
    TransparentRSAPublicKey: only('public', rsa),
  },
  ec: EC_FORMATS,
  edwards: { ...ENCODED, Raw: ({ keyObject }) => rawBytes(keyObject) },
  montgomery: ENCODED,
  quantum: {
    ...ENCODED,
    Raw: ({ keyObject }) => rawQuantumBytes(keyObject),
    SeedPrivateKey: ({ keyObject }) => seedBytes(keyObject),
  },
  hybrid: { Raw: hybridBytes },
  dsa: {
    ...ENCODED,
    TransparentDSAPrivateKey: only('private', finiteField),
    TransparentDSAPublicKey: only('public', finiteField),
  },
  dh: {
    ...ENCODED,
    TransparentDHPrivateKey: only('private', finiteField),
    TransparentDHPublicKey: only('public', finiteField),
  },
}

/** Formats that some keys are converted to. */
export const CONVERTED_FORMATS: ReadonlySet<string> = new Set(Object.values(FORMATS).flatMap(Object.keys))

/** An older name of a format is for its own algorithm only. */
const FORMAT_ALGORITHM: readonly (readonly [prefix: string, algorithm: CryptographicAlgorithm])[] = [
  ['TransparentECDSA', 'ECDSA'],
  ['TransparentECDH', 'ECDH'],
  ['TransparentECMQV', 'ECMQV'],
]

/** Whether keys called `algorithm` have that format; EC keys serve any of the three purposes. */
const suits = (format: KeyFormatType, algorithm: CryptographicAlgorithm | number | undefined): boolean => {
  const row = FORMAT_ALGORITHM.find(([prefix]) => format.startsWith(prefix))
  return row === undefined || algorithm === undefined || algorithm === 'EC' || algorithm === row[1]
}

const formOf = (key: AsymmetricKey, compression: KeyCompressionType | number | undefined): Form => {
  if (compression === undefined) return 'uncompressed'
  const { curve, family, keyObject } = key
  const possible = family === 'ec' && curve !== undefined && !isPrivate(keyObject)
  const form = possible ? pointForm(curve, compression) : undefined
  if (form !== undefined) return form
  throw new KmipError('KeyCompressionTypeNotSupported', 'The key has no such Key Compression Type')
}

/** Key Material of a key in a format, or undefined where keys of its kind do not have that format. */
export const materialIn = (
  key: AsymmetricKey,
  format: KeyFormatType,
  form: Form = 'uncompressed',
): KeyMaterial | undefined => FORMATS[key.family][format]?.(key, form)

/**
 * Key Material of a key in the format wanted (1.4 section 4.11, 2.1 section 6.1.22).
 * @throws KmipError KeyFormatTypeNotSupported, KeyCompressionTypeNotSupported
 */
export const writeKey = (
  key: AsymmetricKey,
  format: KeyFormatType | number,
  options: {
    readonly algorithm?: CryptographicAlgorithm | number | undefined
    readonly compression?: KeyCompressionType | number | undefined
  } = {},
): KeyMaterial => {
  const form = formOf(key, options.compression)
  const isKnown = typeof format === 'string' && suits(format, options.algorithm)
  const material = isKnown ? materialIn(key, format, form) : undefined
  if (material === undefined) throw new KmipError('KeyFormatTypeNotSupported', 'The key has no such Key Format Type')
  return material
}

const DEFAULTS: Readonly<Record<Family, { readonly private: KeyFormatType; readonly public: KeyFormatType }>> = {
  rsa: { private: 'PKCS_1', public: 'PKCS_1' },
  ec: { private: 'ECPrivateKey', public: 'X_509' },
  edwards: { private: 'PKCS_8', public: 'X_509' },
  montgomery: { private: 'PKCS_8', public: 'X_509' },
  quantum: { private: 'PKCS_8', public: 'X_509' },
  hybrid: { private: 'Raw', public: 'Raw' },
  dsa: { private: 'TransparentDSAPrivateKey', public: 'TransparentDSAPublicKey' },
  dh: { private: 'TransparentDHPrivateKey', public: 'TransparentDHPublicKey' },
}

/**
 * The format that keys made by the server are stored in. Those of 2.1 section 4.26, but for EC: what OpenSSL and the
 * clients of every version read is stored, and the Transparent form is a conversion away.
 */
export const defaultFormat = ({ family, keyObject }: AsymmetricKey): KeyFormatType =>
  DEFAULTS[family][isPrivate(keyObject) ? 'private' : 'public']

/** The default format of 2.1 section 4.26, which is another for EC keys than {@link defaultFormat}. */
export const standardFormat = (key: AsymmetricKey): KeyFormatType => {
  if (key.family !== 'ec') return defaultFormat(key)
  return isPrivate(key.keyObject) ? 'TransparentECPrivateKey' : 'TransparentECPublicKey'
}
