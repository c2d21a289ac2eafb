import { instancesNamed } from '../../domain/attribute-set.ts'
import { attributesNamed } from '../../domain/attribute-views.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import type { OperationContext } from '../../domain/operation-context.ts'
import { type Message, replacedOf } from '../../domain/outbox.ts'
import { DEFAULT_TENANT, type Principal, SERVER_ID } from '../../domain/principal.ts'
import type { Subscription } from '../../domain/subscription.ts'
import { notification } from '../../operations/notify.ts'
import { composePut, pushedObject } from '../../operations/put.ts'
import type { AttributeRef } from '../../protocol/attribute-instance.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { Version } from '../../schema/version.ts'
import { emptyBatchState, batchIdentifiers } from '../batch-identifiers.ts'
import type { UnitOfWork } from '../objects/unit-of-work.ts'
import type { EngineParts } from '../run-item.ts'
import { type Acquaintance, encodeRequest, takes, takesObject } from './dialogue.ts'

/** The server itself, which sends what the operator has agreed with the client: nobody else's rights count. */
const SERVER: Principal = { id: SERVER_ID, name: SERVER_ID, tenant: DEFAULT_TENANT, role: 'admin', groups: [] }

/** A message as bytes, or why there is none. */
export type Composed = { readonly bytes: Buffer } | { readonly bytes: undefined; readonly reason: string }

const nothing = (reason: string): Composed => ({ bytes: undefined, reason })

/** What only requests of clients have. */
const beyond = (): never => {
  throw new Error('a message of the server has no such thing')
}

const contextFor = (
  parts: EngineParts,
  unit: UnitOfWork,
  { operation }: Message,
  version: Version,
): OperationContext => {
  const { clock, keys, ids, tickets, server } = parts
  const now = clock.now()
  return {
    version,
    principal: SERVER,
    now,
    objects: unit.objectsFor(SERVER, operation, now),
    records: unit.recordsFor(SERVER, now),
    keys,
    ids,
    batch: batchIdentifiers(emptyBatchState(1), operation),
    tickets,
    server,
    streams: beyond,
    jobs: beyond,
    pkcs11: beyond,
  }
}

/** What has changed since and what is gone since: as it is now. */
const composeNotify = (
  { version, now }: OperationContext,
  object: ManagedObject,
  { changed, gone }: Extract<Message, { operation: 'Notify' }>,
): Buffer => {
  const refs: readonly AttributeRef[] = [...changed, { name: 'LastChangeDate' }]
  const attributes = attributesNamed(object, refs, now)
  return encodeRequest(version, 'Notify', notification, {
    uniqueIdentifier: object.id,
    changes: [
      ...attributes.map((attribute) => ({ attribute })),
      ...gone.map(({ ref, index }) => ({ gone: ref, index: index === 0 ? undefined : index })),
    ],
    deleted: gone.flatMap(({ ref }) => (instancesNamed(object.attributes, ref).length > 0 ? [] : [ref])),
  })
}

/**
 * The object that one takes the place of: what the operator says, or what it says itself. That is the word of its owner,
 * whom the client need not trust with anything but that owner's own objects.
 */
const replacedBy = async (
  { objects }: OperationContext,
  object: ManagedObject,
  { putFunction, replaced }: Extract<Message, { operation: 'Put' }>,
): Promise<string | undefined> => {
  if (replaced !== undefined || putFunction === 'New') return replaced
  const linked = replacedOf(object)
  const before = linked === undefined ? undefined : await objects.find(linked)
  return before?.owner === object.owner ? linked : undefined
}

const compose = async (
  context: OperationContext,
  message: Message,
  { wrapping }: Pick<Subscription, 'wrapping'>,
  acquaintance: Acquaintance,
): Promise<Composed> => {
  const object = await context.objects.find(message.object)
  if (object === undefined) return nothing('the object is gone')
  if (message.operation === 'Notify') return { bytes: composeNotify(context, object, message) }
  if (!takesObject(acquaintance, object.objectType)) return nothing('the client takes no objects of that type')
  const replaced = await replacedBy(context, object, message)
  const putFunction = replaced === undefined ? 'New' : message.putFunction
  const put = await composePut(context, { object, putFunction, replaced, wrapping })
  return { bytes: encodeRequest(context.version, 'Put', pushedObject, put) }
}

/**
 * Writes a message in the version of the client. There is none where the object cannot leave the server, or is not
 * there any more: what is told is always what holds now.
 */
export const composeMessage = async (
  parts: EngineParts,
  message: Message,
  subscription: Pick<Subscription, 'wrapping'>,
  acquaintance: Acquaintance,
): Promise<Composed> => {
  if (!takes(acquaintance, message.operation)) return nothing('the client does not take such messages')
  const context = contextFor(parts, parts.createUnit(), message, acquaintance.version)
  try {
    return await compose(context, message, subscription, acquaintance)
  } catch (error) {
    if (error instanceof KmipError) return nothing(error.message)
    throw error
  }
}
