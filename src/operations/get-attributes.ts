import { announcedAttributes, attributesNamed } from '../domain/attribute-views.ts'
import { then } from '../domain/maybe-promise.ts'
import { attributeRefs, attributesBare } from '../protocol/attribute-wire.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/**
 * Get Attributes: those that are named, or all of them (1.4 section 4.12, 2.1 section 6.1.20). Whatever the version of
 * the request cannot express is left out when the answer is written. An archived object keeps its attributes on line.
 */
export const getAttributes = defineOperation({
  name: 'GetAttributes',
  spec: { '1.4': '4.12', '2.1': '6.1.20' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder, attributes: attributeRefs() },
  response: { uniqueIdentifier, attributes: attributesBare('always') },
  handle: ({ objects, batch, now, version }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => ({
      uniqueIdentifier: object.id,
      attributes:
        request.attributes.length === 0
          ? announcedAttributes(object, now, version)
          : attributesNamed(object, request.attributes, now),
    })),
})
