import { deleteAttribute as remove, type DeleteTarget } from '../domain/attribute-changes.ts'
import { withLinkResolved } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import type { BatchIdentifiers } from '../domain/operation-context.ts'
import type { AttributeRef } from '../protocol/attribute-instance.ts'
import {
  attributeIndex,
  attributeName,
  attributeReference,
  currentAttribute,
  echoAttribute,
} from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { Infer } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

const request = {
  uniqueIdentifier: uniqueIdentifierOrPlaceholder,
  attributeName: attributeName(),
  attributeIndex: attributeIndex(),
  currentAttribute: currentAttribute(),
  attributeReference: attributeReference(),
}

type Deletion = { readonly ref: AttributeRef; readonly target: DeleteTarget }

/** An instance by index (0 where none is given) or by value; by reference all instances. */
const deletionOf = (payload: Infer<typeof request>, batch: BatchIdentifiers): Deletion => {
  const { attributeName: name, attributeIndex: index = 0, currentAttribute: current, attributeReference: ref } = payload
  if (name !== undefined) return { ref: name, target: { by: 'index', index } }
  if (current !== undefined) {
    return { ref: current, target: { by: 'value', current: withLinkResolved(current, batch) } }
  }
  if (ref !== undefined) return { ref, target: { by: 'all' } }
  throw new KmipError('InvalidMessage', 'The attribute to delete is missing')
}

/** Delete Attribute: one instance, or all of them (1.4 section 4.16, 2.1 section 6.1.13). */
export const deleteAttribute = defineOperation({
  name: 'DeleteAttribute',
  spec: { '1.4': '4.16', '2.1': '6.1.13' },
  request,
  response: { uniqueIdentifier, attribute: echoAttribute() },
  handle: ({ objects, batch, now }, payload) => {
    const { ref, target } = deletionOf(payload, batch)
    return then(objects.get(batch.resolve(payload.uniqueIdentifier)), (found) => {
      const { object, attribute } = remove(found, ref, target, now)
      objects.update(object)
      return { uniqueIdentifier: object.id, attribute }
    })
  },
})
