import { extensibleEnumOf, text } from '../../schema/primitives.ts'
import { optional, required, struct } from '../../schema/struct.ts'
import { DEACTIVATION_REASON_CODE } from '../enumerations.ts'
import { TAG } from '../tags.ts'

/* Attributes that only the draft of 3.0 has. */

/** Deactivation Reason (3.0 section 4.21). */
export const deactivationReason = struct('Deactivation Reason', {
  deactivationReasonCode: required(TAG.DeactivationReasonCode, extensibleEnumOf(DEACTIVATION_REASON_CODE)),
  deactivationMessage: optional(TAG.DeactivationMessage, text),
})
