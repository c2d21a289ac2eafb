import type { Attribute } from '../protocol/attribute-instance.ts'
import type { LinkType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { KeyWrappingData } from '../protocol/structures/key-wrapping.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { instancesOf, valueOf } from './attribute-set.ts'
import type { HeldKey, WrappingKey, WrappingKeys } from './key-store.ts'
import { linkTo } from './key-pair.ts'
import { isInService, isKeyFor, type Purpose, usableKey } from './key-use.ts'
import { isArchived, isDestroyed, type ManagedObject } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import { keyBlockOf } from './registered-object.ts'
import { supportedMethod, WRAPPING_STEPS } from './wrapping-methods.ts'

/*
 * The keys that wrap and unwrap others (1.4 sections 2.1.5, 2.1.6 and 11.12; 2.1 sections 3.3, 7.18 and 6.1.19). Each of
 * them comes through the gate that every object comes through.
 */

type Context = Pick<OperationContext, 'objects' | 'keys' | 'now'>

type Information = NonNullable<KeyWrappingData['encryptionKeyInformation']>

/** What a key is to do: with a secret key, or with that half of a pair which the link of the other half leads to. */
type Role = { readonly secret: Purpose; readonly pair: Purpose; readonly link: LinkType }

const WRAP: Role = { secret: 'WrapKey', pair: 'WrapKey', link: 'PublicKeyLink' }
const UNWRAP: Role = { secret: 'UnwrapKey', pair: 'UnwrapKey', link: 'PrivateKeyLink' }
const PROTECT: Role = { secret: 'MACGenerate', pair: 'Sign', link: 'PrivateKeyLink' }
const CHECK: Role = { secret: 'MACVerify', pair: 'Verify', link: 'PublicKeyLink' }

/** Keys wrapped under keys wrapped under keys: more than anybody has. */
const DEEPEST = 8

/** A wrapping key with the object that it is, and the one that the client named, whose parameters count. */
export type FoundKey = { readonly named: ManagedObject; readonly object: ManagedObject; readonly key: HeldKey }

const find = (context: Context, id: string): MaybePromise<ManagedObject> =>
  then(context.objects.find(id), (object) => {
    if (object === undefined) throw new KmipError('WrappingObjectNotFound', 'The wrapping key does not exist')
    return object
  })

/** Unique Identifiers that links of a type lead to. */
export const linkedIds = ({ attributes }: Pick<ManagedObject, 'attributes'>, type: LinkType): readonly string[] =>
  instancesOf(attributes, 'Link').flatMap(({ value: { linkType, linkedObjectIdentifier: to } }) =>
    linkType === type && to.by === 'id' ? [to.id] : [],
  )

/** A client may name either half of a pair (1.4 section 2.1.5, Table 11). */
const rightHalf = (context: Context, named: ManagedObject, { pair, link }: Role): MaybePromise<ManagedObject> => {
  const isHalf = named.objectType === 'PublicKey' || named.objectType === 'PrivateKey'
  const [other] = isHalf && !isKeyFor(named, pair) ? linkedIds(named, link) : []
  return other === undefined ? named : find(context, other)
}

/** @throws KmipError of the wrapping key, whose reasons are others than those of the object itself */
const usable = (object: ManagedObject, role: Role, now: number): HeldKey => {
  const purpose = object.objectType === 'SymmetricKey' ? role.secret : role.pair
  if (isArchived(object)) throw new KmipError('WrappingObjectArchived', 'The wrapping key is archived')
  if (isDestroyed(object)) throw new KmipError('WrappingObjectDestroyed', 'The wrapping key has been destroyed')
  if (!isKeyFor(object, purpose)) {
    throw new KmipError('InvalidObjectType', 'The wrapping object is no key for this purpose', {
      older: 'IllegalOperation',
    })
  }
  if (!isInService(object, purpose, now)) {
    throw new KmipError('PermissionDenied', 'The wrapping key may not be used for this purpose now')
  }
  return usableKey(object, purpose, now)
}

/** No key may end up wrapped under itself: nobody could ever open it again. */
const checkPath = ({ id }: ManagedObject, path: readonly string[]): void => {
  if (!path.includes(id) && path.length < DEEPEST) return
  throw new KmipError('PermissionDenied', 'The keys wrap each other')
}

const keyFor = (context: Context, id: string, role: Role, path: readonly string[]): MaybePromise<FoundKey> =>
  then(find(context, id), (named) =>
    then(rightHalf(context, named, role), (object) => {
      checkPath(object, path)
      const held = usable(object, role, context.now)
      return then(usedKey(context, object, held, path), (key) => ({ named, object, key }))
    }),
  )

const NO_PARAMETERS: CryptographicParameters = {}

/** Where none are given, those of the key with the lowest Attribute Index. */
const unwrapping = (
  context: Context,
  information: Information | undefined,
  role: Role,
  path: readonly string[],
): MaybePromise<WrappingKey> => {
  if (information === undefined) throw new KmipError('InvalidField', 'The Wrapping Method needs another key')
  return then(keyFor(context, information.uniqueIdentifier, role, path), ({ named, key }) => {
    const own = valueOf(named.attributes, 'CryptographicParameters')
    return { key, parameters: information.cryptographicParameters ?? own ?? NO_PARAMETERS }
  })
}

/**
 * The keys that unwrap an object which says this of itself; `path` are the objects on the way to it.
 * @throws KmipError FeatureNotSupported, InvalidField, WrappingObjectNotFound, WrappingObjectArchived,
 *   WrappingObjectDestroyed, InvalidObjectType, PermissionDenied, IncompatibleCryptographicUsageMask
 */
export const unwrappingKeys = (
  context: Context,
  data: KeyWrappingData,
  path: readonly string[],
): MaybePromise<WrappingKeys> => {
  const { encrypts, protects } = WRAPPING_STEPS[supportedMethod(data.wrappingMethod)]
  const { encryptionKeyInformation, macSignatureKeyInformation } = data
  return then<WrappingKey | undefined, WrappingKeys>(
    encrypts ? unwrapping(context, encryptionKeyInformation, UNWRAP, path) : undefined,
    (encryption) =>
      then<WrappingKey | undefined, WrappingKeys>(
        protects === 'nothing' ? undefined : unwrapping(context, macSignatureKeyInformation, CHECK, path),
        (mac) => ({ encryption, mac }),
      ),
  )
}

/** The key of an object together with what unwraps it, where `value` is wrapped. */
export const unwrappable = (
  context: Context,
  key: HeldKey,
  value: ObjectValue,
  path: readonly string[] = [],
): MaybePromise<HeldKey> => {
  const data = keyBlockOf(value)?.keyWrappingData
  if (data === undefined) return key
  return then(unwrappingKeys(context, data, [...path, key.objectId]), (wrappedUnder) => ({ ...key, wrappedUnder }))
}

const cameWrapped = ({ attributes }: ManagedObject): boolean =>
  attributes.some(({ name, value }) => name === 'Link' && value.linkType === 'WrappingKeyLink')

/**
 * The key of an object, to be used: one that was registered wrapped, as its link tells, comes with what unwraps it.
 * @throws KmipError as `unwrappingKeys`
 */
export const usedKey = (
  context: Context,
  object: ManagedObject,
  key: HeldKey,
  path: readonly string[] = [],
): MaybePromise<HeldKey> =>
  cameWrapped(object) ? then(context.keys.retrieve(key), (value) => unwrappable(context, key, value, path)) : key

/**
 * The key of an object, to be used for a purpose.
 * @throws KmipError as `usableKey`, and as `unwrappingKeys` where it is kept wrapped
 */
export const keyToUse = (context: Context, object: ManagedObject, purpose: Purpose): MaybePromise<HeldKey> =>
  usedKey(context, object, usableKey(object, purpose, context.now))

/** The key that is to wrap or to protect the object `objectId`. @throws KmipError as `unwrappingKeys` */
export const wrappingKey = (
  context: Context,
  id: string,
  use: 'encrypt' | 'protect',
  objectId: string,
): MaybePromise<FoundKey> => keyFor(context, id, use === 'encrypt' ? WRAP : PROTECT, [objectId])

/**
 * The Wrapping Key Link of an object that comes wrapped (2.1 section 6.1.43), where the server holds the key: it is to be
 * found when the object is used.
 */
export const wrappingLink = (context: Context, brought: ObjectValue): MaybePromise<readonly Attribute[]> => {
  const data = keyBlockOf(brought)?.keyWrappingData
  const information = data?.encryptionKeyInformation ?? data?.macSignatureKeyInformation
  if (information === undefined) return []
  return then(context.objects.find(information.uniqueIdentifier), (key) =>
    key === undefined ? [] : [linkTo('WrappingKeyLink', key.id)],
  )
}
