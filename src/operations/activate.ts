import { withValue } from '../domain/attribute-set.ts'
import { isArchived, stateOf } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Activate: a Pre-Active object becomes Active now (1.4 section 4.19, 2.1 section 6.1.1). */
export const activate = defineOperation({
  name: 'Activate',
  spec: { '1.4': '4.19', '2.1': '6.1.1' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      if (object.objectType === 'Template') {
        throw new KmipError('InvalidObjectType', 'A Template cannot be activated', { older: 'IllegalOperation' })
      }
      if (isArchived(object)) throw new KmipError('ObjectArchived', 'The object is archived')
      if (stateOf(object, now) !== 'PreActive') {
        throw new KmipError('WrongKeyLifecycleState', 'The object is not Pre-Active')
      }
      const activated = withValue(object.attributes, { name: 'ActivationDate', value: now })
      objects.update({ ...object, attributes: withValue(activated, { name: 'LastChangeDate', value: now }) })
      return { uniqueIdentifier: object.id }
    }),
})
