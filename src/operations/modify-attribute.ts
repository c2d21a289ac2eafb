import { type InstanceTarget, modifyAttribute as modify } from '../domain/attribute-changes.ts'
import { withLinkResolved } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import type { BatchIdentifiers } from '../domain/operation-context.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { currentAttribute, echoAttribute, modifiedAttribute } from '../protocol/attribute-wire.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

const targetOf = (current: Attribute | undefined, { index }: Attribute, batch: BatchIdentifiers): InstanceTarget => {
  if (current !== undefined) return { by: 'value', current: withLinkResolved(current, batch) }
  return index === undefined ? { by: 'only' } : { by: 'index', index }
}

/**
 * Modify Attribute: a new value for an instance, which is named by its index in 1.x and by its value in 2.x (1.4
 * section 4.15, 2.1 section 6.1.34).
 */
export const modifyAttribute = defineOperation({
  name: 'ModifyAttribute',
  spec: { '1.4': '4.15', '2.1': '6.1.34' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    currentAttribute: currentAttribute(),
    attribute: modifiedAttribute(),
  },
  response: { uniqueIdentifier, attribute: echoAttribute() },
  olderReasons: { NonUniqueNameAttribute: 'IllegalOperation' },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (found) => {
      const target = targetOf(request.currentAttribute, request.attribute, batch)
      const { object, attribute } = modify(found, target, withLinkResolved(request.attribute, batch), now)
      objects.update(object)
      return { uniqueIdentifier: object.id, attribute }
    }),
})
