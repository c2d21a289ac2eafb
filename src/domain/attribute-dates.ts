import { KmipError } from '../protocol/kmip-error.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'

/** The dates of an object's active life that must not come in another order, where both are set. */
const IN_ORDER = [
  ['ActivationDate', 'ProcessStartDate'],
  ['ActivationDate', 'DeactivationDate'],
  ['ProtectStopDate', 'DeactivationDate'],
] as const

/** Whether the order of dates has anything to do with the attribute. */
export const isOrderedDate = (name: string): boolean => IN_ORDER.flat().some((date) => date === name)

/**
 * Processing starts no earlier than activation, protection ends no later than deactivation, and an active life does not
 * end before it begins (1.4 sections 3.24 to 3.27, 2.1 sections 4.1, 4.18, 4.40 and 4.41). Nothing is said of when
 * protection ends and processing starts.
 * @throws KmipError InvalidAttributeValue
 */
export const checkDates = (set: AttributeSet): void => {
  const ordered = IN_ORDER.every(([first, second]) => {
    const [earlier, later] = [valueOf(set, first), valueOf(set, second)]
    return earlier === undefined || later === undefined || earlier <= later
  })
  if (!ordered) throw new KmipError('InvalidAttributeValue', 'The dates of the object contradict each other')
}
