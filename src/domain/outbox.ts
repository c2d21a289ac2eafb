import type { AttributeRef } from '../protocol/attribute-instance.ts'
import { attributeRefs, deletedAttributes } from '../protocol/attribute-wire.ts'
import { OPERATION, PUT_FUNCTION, type PutFunction } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, integer, text } from '../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../schema/struct.ts'
import { Writer } from '../ttlv/writer.ts'
import { instancesOf } from './attribute-set.ts'
import { attributeKey } from './attribute-views.ts'
import { equalValues } from './equal-values.ts'
import { type ManagedObject, stateOf } from './managed-object.ts'
import type { NewRecord, ServerRecord } from './records.ts'
import type { Subscription } from './subscription.ts'

/*
 * Messages to send, which are written in the same commit as what they tell of. Values are not written: what is told is
 * what holds when the message goes out, so that a message that comes late, or twice, does no harm.
 */

/** Seconds after which a message is given up: who has not come by then has to look for himself. */
export const OUTBOX_PATIENCE = 7 * 86_400

/** An instance that is gone, as 1.x names it. */
export type GoneInstance = { readonly ref: AttributeRef; readonly index: number }

export type Message =
  | {
      readonly operation: 'Notify'
      readonly object: string
      /** Attributes that have another value, or one more or less. */
      readonly changed: readonly AttributeRef[]
      readonly gone: readonly GoneInstance[]
    }
  | {
      readonly operation: 'Put'
      readonly object: string
      readonly putFunction: PutFunction
      readonly replaced: string | undefined
    }

const goneInstance = struct('Gone Instance', {
  refs: deletedAttributes(),
  index: required(TAG.AttributeIndex, integer),
})

const stored = struct('Outbox', {
  operation: required(TAG.Operation, enumOf(OPERATION)),
  object: required(TAG.UniqueIdentifier, text),
  putFunction: optional(TAG.PutFunction, enumOf(PUT_FUNCTION)),
  replaced: optional(TAG.ReplacedUniqueIdentifier, text),
  changed: attributeRefs(),
  gone: repeated(TAG.Attribute, goneInstance),
})

const codec = stored.compile('storage')

const fieldsOf = (message: Message): Infer<typeof stored.fields> =>
  message.operation === 'Put'
    ? { ...message, changed: [], gone: [] }
    : { ...message, gone: message.gone.map(({ ref, index }) => ({ refs: [ref], index })) }

export const messageOf = ({ document }: ServerRecord): Message => {
  const { operation, object, putFunction, replaced, changed, gone } = codec.read(document, 0)
  return operation === 'Put'
    ? { operation, object, putFunction: putFunction ?? 'New', replaced }
    : {
        operation: 'Notify',
        object,
        changed,
        gone: gone.flatMap(({ refs: [ref], index }) => (ref === undefined ? [] : [{ ref, index }])),
      }
}

/** A message to a client. `id` orders the messages of one commit. */
export const outboxRecord = (client: string, id: string, message: Message, now: number): NewRecord => {
  const writer = new Writer()
  codec.write(writer, TAG.RequestPayload, fieldsOf(message))
  return {
    kind: 'outbox',
    id,
    owner: client,
    expiresAt: now + OUTBOX_PATIENCE,
    document: Buffer.from(writer.bytes()),
    sealed: undefined,
  }
}

// What a change tells -------------------------------------------------------------------------------------------------

export type ObjectChange = {
  /** Absent: the object is new. */
  readonly before: ManagedObject | undefined
  readonly after: ManagedObject
  /** Who has made the change. */
  readonly by: string
  readonly now: number
}

type Attributes = ManagedObject['attributes']

const refOf = (attribute: Attributes[number]): AttributeRef =>
  attribute.name === 'VendorAttribute'
    ? { name: attribute.name, vendor: attribute.vendor, attributeName: attribute.attributeName }
    : { name: attribute.name }

/** The attributes by their names, each with its instances. */
const grouped = (attributes: Attributes): ReadonlyMap<string, Attributes> => Map.groupBy(attributes, attributeKey)

const goneFrom = (before: Attributes, after: Attributes): readonly GoneInstance[] =>
  before
    .filter(({ index }) => !after.some((instance) => instance.index === index))
    .map((instance) => ({ ref: refOf(instance), index: instance.index ?? 0 }))

/** What has changed but for the Last Change Date, which says nothing by itself; undefined where nothing has. */
const notification = ({ before, after, now }: ObjectChange): Message | undefined => {
  if (before === undefined || before.attributes === after.attributes) return undefined
  const earlier = grouped(before.attributes)
  const later = grouped(after.attributes)
  const changed: AttributeRef[] = []
  const gone: GoneInstance[] = []
  for (const key of new Set([...earlier.keys(), ...later.keys()])) {
    const were = earlier.get(key) ?? []
    const are = later.get(key) ?? []
    const [first] = are
    if (key === 'LastChangeDate' || equalValues(were, are)) continue
    if (first !== undefined) changed.push(refOf(first))
    gone.push(...goneFrom(were, are))
  }
  if (stateOf(before, now) !== stateOf(after, now)) changed.push({ name: 'State' })
  return changed.length + gone.length === 0 ? undefined : { operation: 'Notify', object: after.id, changed, gone }
}

/** The object that another one says it takes the place of. */
export const replacedOf = ({ attributes }: ManagedObject): string | undefined => {
  const reference = instancesOf(attributes, 'Link').find(({ value }) => value.linkType === 'ReplacedObjectLink')?.value
    .linkedObjectIdentifier
  return reference?.by === 'id' ? reference.id : undefined
}

const groupsOf = (object: ManagedObject | undefined): readonly string[] =>
  object === undefined ? [] : instancesOf(object.attributes, 'ObjectGroup').map(({ value }) => value)

/** Whether the object has come into a group of the subscription. */
const enters = ({ groups }: Subscription, { before, after }: ObjectChange): boolean => {
  const known = groupsOf(before)
  return groupsOf(after).some((group) => groups.includes(group) && !known.includes(group))
}

const isReplacement = ({ client, replacements }: Subscription, { before, after, by }: ObjectChange): boolean =>
  replacements && before === undefined && after.owner === client && by !== client && replacedOf(after) !== undefined

/** What is replaced is found out when the message is sent. */
const push = ({ after }: ObjectChange): Message => ({
  operation: 'Put',
  object: after.id,
  putFunction: replacedOf(after) === undefined ? 'New' : 'Replace',
  replaced: undefined,
})

/** What a change tells a client: the object itself where it is to be pushed, otherwise what of it has changed. */
export const messagesFor = (subscription: Subscription, change: ObjectChange): readonly Message[] => {
  const { client, changes, ownChanges } = subscription
  const { after, by } = change
  const pushed = after.key !== undefined && (enters(subscription, change) || isReplacement(subscription, change))
  if (pushed) return [push(change)]
  if (!changes || after.owner !== client || (by === client && !ownChanges)) return []
  return [notification(change)].flatMap((message) => (message === undefined ? [] : [message]))
}
