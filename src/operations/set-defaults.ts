import { acceptedDefaults, defaultsRecord } from '../domain/defaults.ts'
import { then } from '../domain/maybe-promise.ts'
import { defaultsInformation } from '../protocol/structures/defaults-information.ts'
import { TAG } from '../protocol/tags.ts'
import { optional } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Set Defaults: what objects get where the client leaves it out, in place of all Object Defaults before, the built-in
 * ones too; without Defaults Information there are none any more (2.1 section 6.1.53).
 */
export const setDefaults = defineOperation({
  name: 'SetDefaults',
  spec: { '2.1': '6.1.53' },
  request: { defaultsInformation: optional(TAG.DefaultsInformation, defaultsInformation) },
  response: {},
  handle: (context, { defaultsInformation: wanted }) => {
    const accepted = acceptedDefaults(wanted ?? { objectDefaults: [] }, context.keys.generator)
    return then(defaultsRecord.write(context, accepted), () => ({}))
  },
})
