import { archived } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Archive: puts the object off line (1.4 section 4.22, 2.1 section 6.1.4). */
export const archive = defineOperation({
  name: 'Archive',
  spec: { '1.4': '4.22', '2.1': '6.1.4' },
  asynchronous: 'preferred',
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      objects.update(archived(object, now))
      return { uniqueIdentifier: object.id }
    }),
})
