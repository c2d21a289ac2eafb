import { valueOf } from '../domain/attribute-set.ts'
import { mergeLayers, withLinkResolved } from '../domain/given-attributes.ts'
import { checkIdentifier, importedAttributes, importedObject } from '../domain/imported-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { keyBlockOf, unpacked } from '../domain/registered-object.ts'
import { unwrappingKeys, wrappingLink } from '../domain/wrapping-keys.ts'
import { attributesBare } from '../protocol/attribute-wire.ts'
import { KEY_WRAP_TYPE, OBJECT_TYPE } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { objectFields, type ObjectValue } from '../protocol/structures/managed-objects.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { boolean, enumOf } from '../schema/primitives.ts'
import { type Infer, optional, required } from '../schema/struct.ts'
import { broughtObject, presence } from './brought-object.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

const importRequest = {
  uniqueIdentifier: required(TAG.UniqueIdentifier, identifier),
  // The table of 1.4 has forgotten it; the object itself tells its type.
  objectType: optional(TAG.ObjectType, enumOf(OBJECT_TYPE)),
  replaceExisting: optional(TAG.ReplaceExisting, boolean),
  keyWrapType: optional(TAG.KeyWrapType, enumOf(KEY_WRAP_TYPE)),
  attributes: attributesBare(),
  ...objectFields,
}

type ImportRequest = Infer<typeof importRequest>

/** What is wrapped is kept as it came, unless the client wants it unwrapped. */
const asKept = (
  context: OperationContext,
  brought: ObjectValue,
  { keyWrapType, uniqueIdentifier: id }: ImportRequest,
): MaybePromise<ObjectValue> => {
  const data = keyBlockOf(brought)?.keyWrappingData
  if (keyWrapType !== 'NotWrapped' || data === undefined) return brought
  return then(unwrappingKeys(context, data, [id]), (keys) => context.keys.unwrap(brought, keys))
}

const keep = (
  context: OperationContext,
  request: ImportRequest,
  kept: ObjectValue,
): MaybePromise<{ readonly uniqueIdentifier: string }> => {
  const { uniqueIdentifier: id, replaceExisting = false } = request
  const spelled = request.attributes.map((attribute) => withLinkResolved(attribute, context.batch))
  const stated = {
    algorithm: valueOf(spelled, 'CryptographicAlgorithm'),
    length: valueOf(spelled, 'CryptographicLength'),
  }
  const { object, attributes } = unpacked(kept, stated)
  const { objectType } = object
  const given = importedAttributes(mergeLayers(spelled, attributes), { id, objectType }, context.now)
  return then(context.objects.find(id), (existing) => {
    if (existing !== undefined && !replaceExisting) {
      throw new KmipError('ObjectAlreadyExists', 'An object with that Unique Identifier exists')
    }
    return then(wrappingLink(context, object), (link) =>
      then(context.keys.deposit(id, object, existing?.key), (deposit) => {
        const plan = { context, id, objectType, given, own: [...presence(object), ...link], deposit }
        const imported = importedObject(plan, existing)
        if (existing === undefined) context.objects.insert(imported)
        else context.objects.update(imported)
        context.batch.produced(id)
        return { uniqueIdentifier: id }
      }),
    )
  })
}

/**
 * Import: takes in an object under the identifier and with the attributes that the client says, in place of one of its
 * own where it wants that (1.4 section 4.41, 2.1 section 6.1.25). An identifier that belongs to somebody else is answered
 * like one of the client's own that is not to be replaced.
 */
export const importObject = defineOperation({
  name: 'Import',
  spec: { '1.4': '4.41', '2.1': '6.1.25' },
  request: importRequest,
  response: { uniqueIdentifier },
  handle: (context, request) => {
    checkIdentifier(request.uniqueIdentifier)
    const brought = broughtObject(request, request.objectType)
    return then(asKept(context, brought, request), (kept) => keep(context, request, kept))
  },
})
