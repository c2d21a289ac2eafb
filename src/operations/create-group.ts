import { valueOf } from '../domain/attribute-set.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import { makeSystemObject } from '../domain/system-objects.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

/** Create Group: a group that objects and users link to, by its Name (3.0 section 6.1.10). An administrator's affair. */
export const createGroup = defineOperation({
  name: 'CreateGroup',
  spec: { '3.0': '6.1.10' },
  request: { attributes: attributeList('required') },
  response: { uniqueIdentifier },
  handle: (context, request) =>
    then(givenAttributes(context, request.attributes), (given) => {
      if (valueOf(given, 'Name') === undefined) throw new KmipError('InvalidField', 'A group needs a Name')
      return makeSystemObject(context, { objectType: 'Group', given })
    }),
})
