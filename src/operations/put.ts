import { allAttributes } from '../domain/attribute-views.ts'
import { mergeLayers } from '../domain/given-attributes.ts'
import { checkIdentifier, importedAttributes, importedObject } from '../domain/imported-object.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { unpacked } from '../domain/registered-object.ts'
import { wrappingLink } from '../domain/wrapping-keys.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributesBare } from '../protocol/attribute-wire.ts'
import { PUT_FUNCTION, type PutFunction } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { KeyWrappingSpecification } from '../protocol/structures/key-wrapping.ts'
import { objectFields } from '../protocol/structures/managed-objects.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, text } from '../schema/primitives.ts'
import { type Infer, optional, required } from '../schema/struct.ts'
import { broughtObject, presence } from './brought-object.ts'
import { defineOperation } from './define-operation.ts'
import { servedObject } from './serve-object.ts'

/** What a Put says, whoever sends it. */
export const pushedObject = {
  uniqueIdentifier: required(TAG.UniqueIdentifier, identifier),
  putFunction: required(TAG.PutFunction, enumOf(PUT_FUNCTION)),
  replacedUniqueIdentifier: optional(TAG.ReplacedUniqueIdentifier, text),
  ...objectFields,
  attributes: attributesBare(),
}

export type PushedObject = Infer<typeof pushedObject>

// Sent --------------------------------------------------------------------------------------------------------------

/** What is to be pushed, and how. */
export type Push = {
  readonly object: ManagedObject
  readonly putFunction: PutFunction
  readonly replaced: string | undefined
  /** As agreed with the client beforehand; absent: in the clear, under TLS. */
  readonly wrapping: KeyWrappingSpecification | undefined
}

/**
 * The payload of a Put to a client: the object as Get would give it, and its attributes.
 * @throws KmipError as Get does, where the object cannot leave the server
 */
export const composePut = (context: OperationContext, push: Push): MaybePromise<PushedObject> => {
  const { object, putFunction, replaced, wrapping } = push
  return then(servedObject(context, object, { keyWrappingSpecification: wrapping }), (value) => ({
    uniqueIdentifier: object.id,
    putFunction,
    replacedUniqueIdentifier: replaced,
    [value.objectType]: value.value,
    attributes: allAttributes(object, context.now),
  }))
}

// Received ----------------------------------------------------------------------------------------------------------

/** What the object takes the place of, where that is here. */
const replacedBy = async ({ objects }: OperationContext, request: PushedObject): Promise<readonly Attribute[]> => {
  const { putFunction, replacedUniqueIdentifier: replaced } = request
  if (putFunction === 'New') return []
  if (replaced === undefined) throw new KmipError('InvalidMessage', 'The Replaced Unique Identifier is missing')
  if ((await objects.find(replaced)) === undefined) return []
  return [
    { name: 'Link', value: { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: { by: 'id', id: replaced } } },
  ]
}

const keep = async (context: OperationContext, request: PushedObject): Promise<void> => {
  const { uniqueIdentifier: id, attributes } = request
  const { object, attributes: own } = unpacked(broughtObject(request, undefined), {
    algorithm: undefined,
    length: undefined,
  })
  const { objectType } = object
  const given = importedAttributes(mergeLayers(attributes, own), { id, objectType }, context.now)
  const links = [...presence(object), ...(await wrappingLink(context, object)), ...(await replacedBy(context, request))]
  const deposit = await context.keys.deposit(id, object)
  context.objects.insert(importedObject({ context, id, objectType, given, own: links, deposit }, undefined))
}

/**
 * Put: a key server pushes an object to its client (1.4 section 5.2, 2.1 section 6.2.3). This server sends it
 * (engine/outbound), and takes what another one pushes that has it for a client. A message may come again whose answer
 * was lost: an object that is here already is acknowledged and stays as it is.
 */
export const put = defineOperation({
  name: 'Put',
  spec: { '1.4': '5.2', '2.1': '6.2.3' },
  request: pushedObject,
  response: {},
  handle: async (context, request) => {
    checkIdentifier(request.uniqueIdentifier)
    broughtObject(request, undefined)
    if ((await context.objects.find(request.uniqueIdentifier)) === undefined) await keep(context, request)
    return {}
  },
})
