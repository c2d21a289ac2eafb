import { attributeList } from '../domain/attribute-views.ts'
import { then } from '../domain/maybe-promise.ts'
import { attributeRefs } from '../protocol/attribute-wire.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Get Attribute List: the names of the attributes that an object has (1.4 section 4.13, 2.1 section 6.1.21). */
export const getAttributeList = defineOperation({
  name: 'GetAttributeList',
  spec: { '1.4': '4.13', '2.1': '6.1.21' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier, attributes: attributeRefs() },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => ({
      uniqueIdentifier: object.id,
      attributes: attributeList(object, now),
    })),
})
