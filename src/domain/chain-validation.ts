import { anyOf } from '../protocol/attribute-any.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf } from './attribute-set.ts'
import type { ChainToValidate } from './certificate-keeper.ts'
import { missingMaterial } from './key-use.ts'
import { type ManagedObject, stateOf } from './managed-object.ts'
import type { OperationContext } from './operation-context.ts'
import { linkedIds } from './wrapping-keys.ts'

/*
 * Which certificates a chain consists of, which of them are trusted, and which are withdrawn (1.4 section 4.24, 2.1
 * section 6.1.57).
 */

/** Longer chains are none that anybody trusts. */
const MOST_CERTIFICATES = 16

/** With those that links lead to: each is held against each. */
const MOST_MEMBERS = 2 * MOST_CERTIFICATES

const tooMany = (): KmipError => new KmipError('InvalidField', 'The chain has too many certificates')

/** An encoded certificate, and the object that the client has of it. */
type Member = { readonly der: Buffer; readonly object: ManagedObject | undefined }

/** @throws KmipError FeatureNotSupported */
const encodedIn = (value: ObjectValue): Buffer => {
  if (value.objectType === 'Certificate' && value.value.certificateType === 'X_509') return value.value.certificateValue
  throw new KmipError('FeatureNotSupported', 'Only X.509 certificates are validated')
}

const memberOf = async ({ keys }: OperationContext, object: ManagedObject): Promise<Member> => {
  if (object.objectType !== 'Certificate') {
    throw new KmipError('InvalidObjectType', 'The object is no certificate', { older: 'InvalidField' })
  }
  checkOnline(object)
  if (object.key === undefined) throw missingMaterial(object)
  return { der: encodedIn(await keys.retrieve(object.key)), object }
}

/** A certificate and, by its links, those above it that the client has as objects. */
const upwards = async (context: OperationContext, object: ManagedObject): Promise<readonly Member[]> => {
  const members: Member[] = []
  let at: ManagedObject | undefined = object
  while (
    at !== undefined &&
    members.length < MOST_CERTIFICATES &&
    !members.some((known) => known.object?.id === at?.id)
  ) {
    members.push(await memberOf(context, at))
    const [id]: readonly string[] = linkedIds(at, 'CertificateLink')
    at = id === undefined ? undefined : await context.objects.find(id)
  }
  return members
}

/** The object that the client has of a certificate, which it need not have named. */
const twinOf = async (context: OperationContext, der: Buffer): Promise<ManagedObject | undefined> => {
  const digestValue = context.keys.hash({ hashingAlgorithm: 'SHA_256' }, der)
  const digest = { hashingAlgorithm: 'SHA_256', digestValue } as const
  const query = {
    filters: [
      { ref: { name: 'ObjectType' }, value: anyOf({ name: 'ObjectType', value: 'Certificate' }) },
      { ref: { name: 'Digest' }, value: anyOf({ name: 'Digest', value: digest }) },
    ],
    maximumItems: 1,
    offsetItems: undefined,
    storageStatusMask: undefined,
    objectGroupMember: undefined,
  } as const
  const { ids } = await context.objects.locate(query)
  return ids[0] === undefined ? undefined : context.objects.find(ids[0])
}

/** Whether a certificate has been withdrawn by a time: compromised, or taken out of service until then. */
const isWithdrawn = ({ object }: Member, at: number): boolean => {
  if (object === undefined) return false
  const deactivated = valueOf(object.attributes, 'DeactivationDate')
  return valueOf(object.attributes, 'CompromiseDate') !== undefined || (deactivated !== undefined && deactivated <= at)
}

/** Only what a client has put into service is trusted; that it is self-signed is for the keystore to see. */
const isTrusted = ({ object }: Member, now: number): boolean =>
  object !== undefined && stateOf(object, now) === 'Active'

/** What a request names. */
export type NamedChain = {
  readonly brought: readonly ObjectValue[]
  readonly ids: readonly string[]
  /** Seconds since 1970. */
  readonly at: number
}

const membersOf = async (context: OperationContext, { brought, ids }: NamedChain): Promise<readonly Member[]> => {
  const members: Member[] = []
  for (const value of brought) {
    const der = encodedIn(value)
    members.push({ der, object: await twinOf(context, der) })
  }
  for (const id of ids) {
    const above = await upwards(context, await context.objects.get(id))
    members.push(...above.filter(({ der }) => !members.some((known) => known.der.equals(der))))
    if (members.length > MOST_MEMBERS) throw tooMany()
  }
  return members
}

/**
 * The chain to be validated; undefined where a certificate of it has been withdrawn.
 * @throws KmipError InvalidMessage where there is none, InvalidField, InvalidObjectType, ObjectNotFound, ObjectArchived,
 *   FeatureNotSupported
 */
export const chainToValidate = async (
  context: OperationContext,
  named: NamedChain,
): Promise<ChainToValidate | undefined> => {
  const count = named.brought.length + named.ids.length
  if (count === 0) throw new KmipError('InvalidMessage', 'The request names no certificates')
  if (count > MOST_CERTIFICATES) throw tooMany()
  const members = await membersOf(context, named)
  if (members.some((member) => isWithdrawn(member, named.at))) return undefined
  const trusted = members.filter((member) => isTrusted(member, context.now)).map(({ der }) => der)
  return { certificates: members.map(({ der }) => der), trusted, at: named.at }
}
