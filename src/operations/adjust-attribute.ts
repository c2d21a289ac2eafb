import { adjustAttribute as adjust } from '../domain/attribute-adjust.ts'
import { then } from '../domain/maybe-promise.ts'
import { attributeRef } from '../protocol/attribute-wire.ts'
import { ADJUSTMENT_TYPE } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { anyValue } from '../schema/combinators.ts'
import { enumOf } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Adjust Attribute: counts an attribute up or down, or turns it round (2.1 section 6.1.3). */
export const adjustAttribute = defineOperation({
  name: 'AdjustAttribute',
  spec: { '2.1': '6.1.3' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    attribute: attributeRef('required'),
    adjustmentType: required(TAG.AdjustmentType, enumOf(ADJUSTMENT_TYPE)),
    adjustmentValue: optional(TAG.AdjustmentValue, anyValue),
  },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (found) => {
      const adjustment = { type: request.adjustmentType, by: request.adjustmentValue }
      const { object } = adjust(found, request.attribute, adjustment, now)
      objects.update(object)
      return { uniqueIdentifier: object.id }
    }),
})
