import type { Derivation, DerivedKeySpec } from '../../../domain/key-store.ts'
import { type MaybePromise, then } from '../../../domain/maybe-promise.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { allowsLength, materialBytes, SYMMETRIC_LENGTHS } from '../../mechanisms.ts'
import { deriveBytes, truncated } from './derive-bytes.ts'
import { halfIn, secretIn } from './secret.ts'

/** Bits of Secret Data: more than anybody needs of keys and IVs at once. */
const LONGEST_SECRET = 524_288

const invalid = (problem: string): KmipError => new KmipError('InvalidField', problem)

/** Bytes of material that the result has. @throws KmipError InvalidField */
const lengthOf = (spec: DerivedKeySpec): number => {
  if (spec.objectType === 'SecretData') {
    if (spec.length > 0 && spec.length % 8 === 0 && spec.length <= LONGEST_SECRET) return spec.length / 8
    throw invalid('Secret Data has whole bytes, and not too many of them')
  }
  const rule = SYMMETRIC_LENGTHS.get(spec.algorithm)
  if (rule === undefined) throw invalid('The Cryptographic Algorithm has no symmetric keys')
  if (!allowsLength(rule, spec.length)) throw invalid('The algorithm has no keys of this length')
  return materialBytes(rule, spec.length)
}

const objectOf = (spec: DerivedKeySpec, keyMaterial: Buffer): ObjectValue => {
  const block = { keyFormatType: 'Raw', keyValue: { keyMaterial, attributes: [] } } as const
  if (spec.objectType === 'SecretData') {
    return { objectType: 'SecretData', value: { secretDataType: 'Seed', keyBlock: block } }
  }
  const keyBlock = { ...block, cryptographicAlgorithm: spec.algorithm, cryptographicLength: spec.length }
  return { objectType: 'SymmetricKey', value: { keyBlock } }
}

/**
 * Derives an object from others (1.4 section 4.6, 2.1 section 6.1.14).
 * @throws KmipError InvalidField, InvalidMessage, BadCryptographicParameters, UnsupportedCryptographicParameters,
 *   CryptographicFailure
 */
export const deriveObject = (
  sources: readonly ObjectValue[],
  derivation: Derivation,
  spec: DerivedKeySpec,
): MaybePromise<ObjectValue> => {
  const length = lengthOf(spec)
  const secrets = sources.flatMap((source) => secretIn(source) ?? [])
  const halves = sources.flatMap((source) => halfIn(source) ?? [])
  if (secrets.length + halves.length !== sources.length) throw invalid('An object is nothing to derive from')
  return then(deriveBytes({ ...derivation, secrets, halves, length }), (derived) =>
    objectOf(spec, truncated(derived, length)),
  )
}
