import { withValue } from '../domain/attribute-set.ts'
import { isArchived, isDestroyed, stateOf } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/**
 * Destroy: the material goes, the attributes stay (1.4 section 4.21, 2.1 section 6.1.15). An Active object has to be
 * revoked first. The keystore forgets the material once the database has committed.
 */
export const destroy = defineOperation({
  name: 'Destroy',
  spec: { '1.4': '4.21', '2.1': '6.1.15' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      if (isDestroyed(object)) throw new KmipError('ObjectDestroyed', 'The object has been destroyed')
      if (isArchived(object)) throw new KmipError('ObjectArchived', 'The object is archived')
      if (stateOf(object, now) === 'Active') {
        throw new KmipError('WrongKeyLifecycleState', 'An Active object cannot be destroyed: revoke it first')
      }
      const dated = withValue(object.attributes, { name: 'DestroyDate', value: now })
      const attributes = withValue(dated, { name: 'LastChangeDate', value: now })
      objects.update({ ...object, attributes, key: undefined })
      return { uniqueIdentifier: object.id }
    }),
})
