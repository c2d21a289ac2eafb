import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { instancesOf, valueOf } from './attribute-set.ts'
import { isArchived, isDestroyed, type ManagedObject, stateOf } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { acceptedWish, newObject } from './new-object.ts'
import type { OperationContext } from './operation-context.ts'
import type { Deposit } from './key-store.ts'

/* Users, groups and credentials: managed objects that say who may come in (3.0 section 2.1). */

/** What Create User, Create Group and Create Credential make: in force at once where nothing else is said. */
export type SystemObject = {
  readonly objectType: ObjectType
  readonly given: readonly Attribute[]
  readonly own?: readonly Attribute[]
  /** What the keystore holds of it. */
  readonly deposit?: (id: string) => MaybePromise<Deposit | undefined>
}

const NOTHING_HELD = (): undefined => undefined

/** @throws KmipError those of making an object */
export const makeSystemObject = (
  context: OperationContext,
  { objectType, given, own = [], deposit = NOTHING_HELD }: SystemObject,
): MaybePromise<{ readonly uniqueIdentifier: string }> => {
  const wish = { objectType, given, generator: undefined }
  acceptedWish(wish)
  const id = context.ids.next()
  return then<Deposit | undefined, { readonly uniqueIdentifier: string }>(deposit(id), (held) => {
    const activation: Attribute = { name: 'ActivationDate', value: context.now }
    context.objects.insert(newObject({ ...wish, context, id, deposit: held, own: [...own, activation] }))
    context.batch.produced(id)
    return { uniqueIdentifier: id }
  })
}

/** Whether somebody may come in by it now. */
export const isInForce = (object: ManagedObject, now: number): boolean =>
  stateOf(object, now) === 'Active' && !isArchived(object) && !isDestroyed(object)

export const isCredential = ({ attributes }: ManagedObject): boolean =>
  valueOf(attributes, 'CredentialType') !== undefined

/** The credentials by which a user is known. */
export const credentialIds = (attributes: readonly Attribute[]): readonly string[] =>
  instancesOf(attributes, 'Link').flatMap(({ value: { linkType, linkedObjectIdentifier: linked } }) =>
    linkType === 'CredentialLink' && linked.by === 'id' ? [linked.id] : [],
  )

/** More than anybody has, and as many as are looked at to let somebody in. */
export const MOST_CREDENTIALS = 8

const checkOne = ({ objects }: OperationContext, id: string): MaybePromise<void> =>
  then(objects.get(id), (object) => {
    if (!isCredential(object)) throw new KmipError('InvalidObjectType', 'A Credential Link needs a credential')
  })

/** @throws KmipError ObjectNotFound, InvalidObjectType, InvalidField */
export const checkCredentialLinks = (
  context: OperationContext,
  ids: readonly string[],
  from = 0,
): MaybePromise<void> => {
  if (ids.length > MOST_CREDENTIALS) throw new KmipError('InvalidField', 'The user has too many credentials')
  const id = ids[from]
  if (id === undefined) return
  return then(checkOne(context, id), () => checkCredentialLinks(context, ids, from + 1))
}
