import { recovered } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Recover: brings an archived object back on line; it becomes the ID Placeholder (1.4 section 4.23, 2.1 section 6.1.42). */
export const recover = defineOperation({
  name: 'Recover',
  spec: { '1.4': '4.23', '2.1': '6.1.42' },
  asynchronous: 'preferred',
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      const online = recovered(object, now)
      if (online !== object) objects.update(online)
      batch.produced(object.id)
      return { uniqueIdentifier: object.id }
    }),
})
