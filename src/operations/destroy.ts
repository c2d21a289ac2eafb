import { destroyed } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Destroy: the material is gone once this is answered (1.4 section 4.21, 2.1 section 6.1.15). */
export const destroy = defineOperation({
  name: 'Destroy',
  spec: { '1.4': '4.21', '2.1': '6.1.15' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      objects.update(destroyed(object, now))
      return { uniqueIdentifier: object.id }
    }),
})
