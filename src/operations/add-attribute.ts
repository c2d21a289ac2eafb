import { addAttribute as add } from '../domain/attribute-changes.ts'
import { withLinkResolved } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import { echoAttribute, newAttribute } from '../protocol/attribute-wire.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Add Attribute: one more instance (1.4 section 4.14, 2.1 section 6.1.2). */
export const addAttribute = defineOperation({
  name: 'AddAttribute',
  spec: { '1.4': '4.14', '2.1': '6.1.2' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder, attribute: newAttribute() },
  response: { uniqueIdentifier, attribute: echoAttribute() },
  olderReasons: { NonUniqueNameAttribute: 'IllegalOperation' },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (found) => {
      const { object, attribute } = add(found, withLinkResolved(request.attribute, batch), now)
      objects.update(object)
      return { uniqueIdentifier: object.id, attribute }
    }),
})
