import { announcedAttributes, attributesNamed, commonAttributes } from '../domain/attribute-views.ts'
import { isGranted } from '../domain/compatibility.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
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
  handle: ({ objects, batch, now, version, principal }, request) => {
    const attributesOf = (object: ManagedObject): readonly Attribute[] => {
      if (request.attributes.length > 0) return attributesNamed(object, request.attributes, now)
      const all = announcedAttributes(object, now, version)
      return isGranted(principal, 'common-attributes') ? commonAttributes(all) : all
    }
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => ({
      uniqueIdentifier: object.id,
      attributes: attributesOf(object),
    }))
  },
})
