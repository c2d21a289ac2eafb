import { LOG_FIELDS } from './log.ts'
import type { LogFields } from './log.ts'

type Plain = string | number | boolean

const MAX_TEXT = 1_000

/** Controls, line separators and the marks that turn the direction of text: JSON lets many through, terminals act. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escape = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

/** Makes a string that a client has chosen harmless: short, and on one line. */
export const cleanText = (text: string): string =>
  (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text).replace(UNPRINTABLE, escape)

const plainValue = (value: unknown): Plain | undefined => {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  return typeof value === 'bigint' ? String(value) : undefined
}

/** Name, code, message and frames. Further properties of an error can hold anything, so they stay behind. */
const plainError = (error: unknown): Record<string, Plain> => {
  if (!(error instanceof Error)) return { error: cleanText(typeof error) }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return {
    error: cleanText(error.name),
    message: cleanText(error.message),
    ...('code' in error && typeof error.code === 'string' ? { code: cleanText(error.code) } : {}),
    ...(frames.length > 0 ? { at: cleanText(frames.map((frame) => frame.trim().slice(3)).join(' < ')) } : {}),
  }
}

/** The fields that go out: those of the list, as far as they are text, numbers or truth values. */
export const plainFields = (fields: LogFields): Readonly<Record<string, Plain>> => {
  const plain: Record<string, Plain> = fields.error === undefined ? {} : plainError(fields.error)
  for (const name of LOG_FIELDS) {
    const value = plainValue(fields[name])
    if (value !== undefined) plain[name] = value
  }
  return plain
}
