import { setAttribute as set } from '../domain/attribute-changes.ts'
import { withLinkResolved } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import { newAttribute } from '../protocol/attribute-wire.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Set Attribute: adds the attribute, or changes the only instance of it (2.1 section 6.1.51). */
export const setAttribute = defineOperation({
  name: 'SetAttribute',
  spec: { '2.1': '6.1.51' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder, attribute: newAttribute() },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (found) => {
      const { object } = set(found, withLinkResolved(request.attribute, batch), now)
      objects.update(object)
      return { uniqueIdentifier: object.id }
    }),
})
