import { isUtf8 } from 'node:buffer'
import { type Encoding, type Said, textOf } from '../encodings/encoding.ts'
import { EncodingError } from '../encodings/encoding-error.ts'
import { json } from '../encodings/json.ts'
import { tagName } from '../encodings/names.ts'
import { xml } from '../encodings/xml.ts'
import { recover } from '../ttlv/recover.ts'
import { UsageError } from './usage-error.ts'

/* What `kmipd decode` is given: messages in whatever form, one after the other, whole or not. */

export const INPUT_FORMS = ['binary', 'hex', 'base64', 'json', 'xml'] as const

export type InputForm = (typeof INPUT_FORMS)[number]

/** A message, or what there was of it; problems say where it ends. */
export type Found = { readonly message: Buffer; readonly problems: readonly string[] }

/** Input of the operator's own choice: the limits keep the program alive, no more. */
export const MAX_INPUT = 64 * 1024 * 1024

const LIMITS = { maxBytes: MAX_INPUT, maxDepth: 64, maxItems: 1_000_000 }

/** Prefixes of a recorded message: the number of its session, and its direction. */
const DIRECTION = /^\s*\S*\s*[<>]\s*/

/** Digits of one or more messages, with everything that people put between them. */
const hexDigits = (text: string): string =>
  text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith('#'))
    .map((line) => line.replace(DIRECTION, '').replace(/0x|[\s:,]/gi, ''))
    .join('')

const isHex = (text: string): boolean => /^[0-9a-f]+$/i.test(text)

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)

/** The form of an input by its look, or undefined. */
export const detect = (bytes: Buffer): InputForm | undefined => {
  // No text begins so: 42 is B, but then comes a byte that no text has.
  if (!isUtf8(bytes) || bytes.includes(0)) return 'binary'
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim()
  if (text.startsWith('{')) return 'json'
  if (text.startsWith('<')) return 'xml'
  if (isHex(hexDigits(text))) return 'hex'
  return isBase64(text.replace(/\s/g, '')) ? 'base64' : undefined
}

const problemAt = (problem: string, offset: number, path: readonly string[]): string =>
  `${problem} at offset ${offset}${path.length > 0 ? `, in ${path.join(' / ')}` : ''}`

const fromBinary = (bytes: Buffer): readonly Found[] => {
  const found: Found[] = []
  for (let at = 0; at < bytes.length;) {
    const { message, damage, next } = recover(bytes, at, LIMITS)
    const problems = damage.map(({ problem, offset, path }) => problemAt(problem, offset, path.map(tagName)))
    found.push({ message, problems })
    at = next
  }
  return found
}

const fromSaid = ({ message, error }: Said): Found => ({
  message,
  problems: error === undefined ? [] : [problemAt(error.problem, error.offset, error.path)],
})

const fromText = (encoding: Encoding, bytes: Buffer): readonly Found[] => {
  try {
    return encoding.allToTtlv(textOf(bytes, LIMITS), LIMITS).map(fromSaid)
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error
    return [{ message: Buffer.alloc(0), problems: [problemAt(error.problem, error.offset, error.path)] }]
  }
}

const fromDigits = (bytes: Buffer): readonly Found[] => {
  const digits = hexDigits(bytes.toString('latin1'))
  const read = Buffer.from(digits, 'hex')
  const found = fromBinary(read)
  if (read.length * 2 === digits.length) return found
  return [...found, { message: Buffer.alloc(0), problems: [`no hexadecimal digits after ${read.length} bytes`] }]
}

const READ: { readonly [F in InputForm]: (bytes: Buffer) => readonly Found[] } = {
  binary: fromBinary,
  hex: fromDigits,
  base64: (bytes) => fromBinary(Buffer.from(bytes.toString('latin1'), 'base64')),
  json: (bytes) => fromText(json, bytes),
  xml: (bytes) => fromText(xml, bytes),
}

/**
 * The messages of an input.
 * @throws UsageError where nobody can tell what it is
 */
export const readMessages = (bytes: Buffer, given: InputForm | undefined): readonly Found[] => {
  if (bytes.length === 0) throw new UsageError('there is nothing to decode')
  const form = given ?? detect(bytes)
  if (form === undefined) throw new UsageError(`cannot tell what this is; --from ${INPUT_FORMS.join('|')} says it`)
  return READ[form](bytes)
}
