import type { Attribute } from '../protocol/attribute-instance.ts'
import { isInstanceOf } from './attribute-set.ts'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const equalFields = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equalValues(a[key], b[key]))

/** Whether two decoded values are the same: a field that is undefined is one that is not there. */
export const equalValues = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b)
  if (!isRecord(a) || !isRecord(b) || Buffer.isBuffer(b) || Array.isArray(a) !== Array.isArray(b)) return false
  return equalFields(a, b)
}

/** Whether two instances say the same of the same attribute, whatever their indices. */
export const equalAttributes = (a: Attribute, b: Attribute): boolean =>
  isInstanceOf(a, b) && equalValues(a.value, b.value)
