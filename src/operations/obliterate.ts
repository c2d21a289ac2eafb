import { obliterated } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Obliterate: as Destroy, and the attributes go as well; from then on the object never was (3.0 section 6.1.39). */
export const obliterate = defineOperation({
  name: 'Obliterate',
  spec: { '3.0': '6.1.39' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: {},
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      objects.update(obliterated(object, now))
      batch.clear()
      return {}
    }),
})
