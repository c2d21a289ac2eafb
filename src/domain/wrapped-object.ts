import { readLabel } from '../protocol/attribute-wire.ts'
import type { KeyWrapType, ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { KeyWrappingSpecification } from '../protocol/structures/key-wrapping.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { instancesOf, valueOf } from './attribute-set.ts'
import { attributesNamed } from './attribute-views.ts'
import { equalValues } from './equal-values.ts'
import type { HeldKey, WantedForm, Wrapping } from './key-store.ts'
import type { ManagedObject } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import { keyBlockOf } from './registered-object.ts'
import { protecting } from './usage-limits.ts'
import { type FoundKey, unwrappable, wrappingKey } from './wrapping-keys.ts'
import { supportedMethod, WRAPPING_STEPS, type WrappingSteps } from './wrapping-methods.ts'

/*
 * An object as a Key Wrapping Specification wants it (1.4 sections 2.1.6 and 4.11, 2.1 sections 7.18 and 6.1.19).
 */

type Information = NonNullable<KeyWrappingSpecification['encryptionKeyInformation']>

/** Types with a Key Block: nothing else has a Key Value to be wrapped. */
const WRAPPABLE: readonly ObjectType[] = ['SymmetricKey', 'PublicKey', 'PrivateKey', 'SplitKey', 'SecretData', 'PGPKey']

/** Whether an instance says all that is given. */
const says = (instance: CryptographicParameters, given: CryptographicParameters): boolean => {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return equalValues({ ...instance, ...said }, instance)
}

/**
 * The instance of the wrapping key's Cryptographic Parameters that matches those given; the one with the lowest Attribute
 * Index where none are.
 * @throws KmipError BadCryptographicParameters where there is none
 */
const parametersOf = ({ named }: FoundKey, { cryptographicParameters: given = {} }: Information) => {
  const match = instancesOf(named.attributes, 'CryptographicParameters').find(({ value }) => says(value, given))
  if (match !== undefined) return match.value
  throw new KmipError('BadCryptographicParameters', 'The wrapping key has no such Cryptographic Parameters', {
    older: 'ItemNotFound',
  })
}

type Chosen = { readonly found: FoundKey; readonly parameters: CryptographicParameters }

const choose = (
  context: OperationContext,
  information: Information | undefined,
  use: 'encrypt' | 'protect',
  { id }: ManagedObject,
): MaybePromise<Chosen> => {
  if (information === undefined) throw new KmipError('InvalidField', 'The Wrapping Method needs another key')
  return then(wrappingKey(context, information.uniqueIdentifier, use, id), (found) => ({
    found,
    parameters: parametersOf(found, information),
  }))
}

/** @throws KmipError EncodingOptionError (1.4 section 11.12, 2.1 section 7.18) */
const checkEncoding = ({ encodingOption, attributeName }: KeyWrappingSpecification): void => {
  if (encodingOption !== 'NoEncoding' || attributeName.length === 0) return
  throw new KmipError('EncodingOptionError', 'Attributes need an encoding')
}

/** What is only under a MAC or a signature leaves in the clear, for all to read. */
const checkSecrecy = ({ objectType, attributes }: ManagedObject, { encrypts }: WrappingSteps): void => {
  if (!WRAPPABLE.includes(objectType)) {
    throw new KmipError('InvalidObjectType', 'Objects of this type are not wrapped', { older: 'IllegalOperation' })
  }
  if (encrypts || valueOf(attributes, 'Sensitive') !== true) return
  throw new KmipError('Sensitive', 'The object is sensitive: it does not leave the server in the clear')
}

/** The object's key in the clear for the keystore, also where it was registered wrapped. */
const clearKey = (context: OperationContext, key: HeldKey, wrapType: KeyWrapType | undefined): MaybePromise<HeldKey> =>
  then(context.keys.retrieve(key), (value) => {
    if (wrapType === 'AsRegistered' && keyBlockOf(value)?.keyWrappingData !== undefined) {
      throw new KmipError('KeyWrapTypeNotSupported', 'The key was registered wrapped and is not wrapped again')
    }
    return unwrappable(context, key, value)
  })

const usedAs = (chosen: Chosen | undefined): Wrapping['keys']['mac'] =>
  chosen && { key: chosen.found.key, parameters: chosen.parameters }

/** Counts the use of the wrapping keys; one that does both is used twice. */
const count = (context: OperationContext, keys: readonly (Chosen | undefined)[], value: ObjectValue): void => {
  const sent = keyBlockOf(value)?.keyValue
  const bytes = Buffer.isBuffer(sent) ? sent.length : 0
  const used = new Map<string, ManagedObject>()
  for (const chosen of keys) {
    if (chosen === undefined) continue
    const { object } = chosen.found
    const current = used.get(object.id) ?? object
    const counted = protecting(current, bytes, context.now)
    if (counted !== current) context.objects.update(counted)
    used.set(object.id, counted)
  }
}

export type WrapWish = {
  readonly specification: KeyWrappingSpecification
  readonly form: WantedForm
  readonly wrapType: KeyWrapType | undefined
}

/**
 * The object, wrapped. `key` is its own key, which is there.
 * @throws KmipError FeatureNotSupported, EncodingOptionError, InvalidObjectType, Sensitive, InvalidField,
 *   BadCryptographicParameters, KeyWrapTypeNotSupported, and what is said of the wrapping keys
 */
export const wrappedObject = (
  context: OperationContext,
  object: ManagedObject,
  key: HeldKey,
  { specification, form, wrapType }: WrapWish,
): MaybePromise<ObjectValue> => {
  const method = supportedMethod(specification.wrappingMethod)
  const steps = WRAPPING_STEPS[method]
  checkSecrecy(object, steps)
  checkEncoding(specification)
  const { encryptionKeyInformation, macSignatureKeyInformation, encodingOption, attributeName } = specification
  const attributes = attributesNamed(
    object,
    attributeName.map((label) => readLabel(label, context.version)),
    context.now,
  )
  const encryption = steps.encrypts ? choose(context, encryptionKeyInformation, 'encrypt', object) : undefined
  return then<Chosen | undefined, ObjectValue>(encryption, (encrypts) =>
    then<Chosen | undefined, ObjectValue>(
      steps.protects === 'nothing' ? undefined : choose(context, macSignatureKeyInformation, 'protect', object),
      (protects) => {
        const wrapping: Wrapping = {
          method,
          keys: { encryption: usedAs(encrypts), mac: usedAs(protects) },
          encodingOption,
          attributes,
          version: context.version,
        }
        return then(clearKey(context, key, wrapType), (clear) =>
          then(context.keys.wrap(clear, form, wrapping), (value) => {
            count(context, [encrypts, protects], value)
            return value
          }),
        )
      },
    ),
  )
}
