import { activated } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Activate: from Pre-Active to Active, as of now (1.4 section 4.19, 2.1 section 6.1.1). */
export const activate = defineOperation({
  name: 'Activate',
  spec: { '1.4': '4.19', '2.1': '6.1.1' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      objects.update(activated(object, now))
      return { uniqueIdentifier: object.id }
    }),
})
