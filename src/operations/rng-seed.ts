import { then } from '../domain/maybe-promise.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, integer } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * RNG Seed: what the client brings is added to the bytes of the system from which keys and random bytes are made, and
 * cannot make them less random. The answer says how much of it was used: a generator may take no more than its seed is
 * long (1.4 section 4.36, 2.1 section 6.1.50).
 */
export const rngSeed = defineOperation({
  name: 'RNGSeed',
  spec: { '1.4': '4.36', '2.1': '6.1.50' },
  request: { data: required(TAG.Data, bytes) },
  response: { dataLength: required(TAG.DataLength, integer) },
  handle: ({ keys }, { data }) => then(keys.seedRandom(data), (dataLength) => ({ dataLength })),
})
