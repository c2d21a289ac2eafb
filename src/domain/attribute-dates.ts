import { KmipError } from '../protocol/kmip-error.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'

/** The dates of an object's active life, in the order in which they may come. */
const ORDER = ['ActivationDate', 'ProcessStartDate', 'ProtectStopDate', 'DeactivationDate'] as const

/** Whether the order of dates has anything to do with the attribute. */
export const isOrderedDate = (name: string): boolean => ORDER.some((date) => date === name)

/**
 * Processing starts no earlier than activation, protection ends no later than deactivation, and nothing ends before it
 * begins (1.4 sections 3.24 to 3.27, 2.1 sections 4.1, 4.18, 4.40 and 4.41).
 * @throws KmipError InvalidAttributeValue
 */
export const checkDates = (set: AttributeSet): void => {
  const dates = ORDER.flatMap((name) => valueOf(set, name) ?? [])
  const ordered = dates.every((date, index) => index === 0 || date >= (dates[index - 1] ?? date))
  if (!ordered) throw new KmipError('InvalidAttributeValue', 'The dates of the object contradict each other')
}
