import { valueOf } from '../domain/attribute-set.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import { checkCredentialLinks, credentialIds, makeSystemObject } from '../domain/system-objects.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

/**
 * Create User: somebody who is known by the credentials that the user links to, under its Name (3.0 section 6.1.13). An
 * administrator's affair.
 */
export const createUser = defineOperation({
  name: 'CreateUser',
  spec: { '3.0': '6.1.13' },
  request: { attributes: attributeList('required') },
  response: { uniqueIdentifier },
  handle: (context, request) =>
    then(givenAttributes(context, request.attributes), (given) => {
      if (valueOf(given, 'Name') === undefined) throw new KmipError('InvalidField', 'A user needs a Name')
      return then(checkCredentialLinks(context, credentialIds(given)), () =>
        makeSystemObject(context, { objectType: 'User', given }),
      )
    }),
})
