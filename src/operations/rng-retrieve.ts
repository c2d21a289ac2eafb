import { then } from '../domain/maybe-promise.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, integer } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** Most bytes in one answer. */
const MOST_BYTES = 65_536

/** RNG Retrieve: random bytes, as many as asked for (1.4 section 4.35, 2.1 section 6.1.49). */
export const rngRetrieve = defineOperation({
  name: 'RNGRetrieve',
  spec: { '1.4': '4.35', '2.1': '6.1.49' },
  request: { dataLength: required(TAG.DataLength, integer) },
  response: { data: required(TAG.Data, bytes) },
  handle: ({ keys }, { dataLength }) => {
    if (dataLength < 1 || dataLength > MOST_BYTES) {
      throw new KmipError('InvalidField', 'Data Length is not between 1 and 65536 bytes')
    }
    return then(keys.random(dataLength), (data) => ({ data }))
  },
})
