import { SaxesParser, type SaxesAttributeNS, type SaxesTagNS } from 'saxes'
import { EncodingError } from './encoding-error.ts'
import type { TextItem, TextLimits } from './text-item.ts'

/*
 * Items in XML (Additional Message Encodings 1.0, section 6.1.6). Elements and attributes are all there may be: no
 * document type, so no entities either, no processing instructions, no text. Comments are for people.
 */

/** Section 6.1.6. */
const NAMESPACE = 'urn:oasis:tc:kmip:xmlns'
const XMLNS = 'http://www.w3.org/2000/xmlns/'

/** The element for any tag, which stands in an attribute (section 6.1.6). */
const ANY = 'TTLV'

type Open = {
  readonly tag: string
  readonly type: string
  readonly value: string | undefined
  readonly offset: number
  readonly children: TextItem[]
}

type Reading = {
  readonly limits: TextLimits
  readonly open: Open[]
  readonly finished: TextItem[]
  items: number
}

const pathOf = ({ open }: Reading): readonly string[] => open.map(({ tag }) => tag)

const ATTRIBUTES: ReadonlySet<string> = new Set(['type', 'value', 'name', 'tag'])

/** What an element says about its item; undefined where it says what it may not. */
const attributesOf = ({ local, attributes }: SaxesTagNS): ReadonlyMap<string, string> | undefined => {
  const found = new Map<string, string>()
  for (const attribute of Object.values<SaxesAttributeNS>(attributes)) {
    if (attribute.uri === XMLNS || (attribute.prefix === '' && attribute.local === 'xmlns')) continue
    if (attribute.uri !== '' || !ATTRIBUTES.has(attribute.local)) return undefined
    found.set(attribute.local, attribute.value)
  }
  return found.has('tag') === (local === ANY) ? found : undefined
}

const openElement = (reading: Reading, tag: SaxesTagNS, offset: number): void => {
  const { limits, open } = reading
  const fail = (kind: 'malformed' | 'limit', problem: string): EncodingError =>
    new EncodingError(kind, problem, offset, pathOf(reading))
  reading.items += 1
  if (reading.items > limits.maxItems) throw fail('limit', 'too many items')
  if (open.length > limits.maxDepth) throw fail('limit', 'nested too deeply')
  if (tag.uri !== '' && tag.uri !== NAMESPACE) throw fail('malformed', 'an element of another namespace')
  const attributes = attributesOf(tag)
  if (attributes === undefined) throw fail('malformed', 'attributes that KMIP does not have')
  open.push({
    tag: attributes.get('tag') ?? tag.local,
    type: attributes.get('type') ?? 'Structure',
    value: attributes.get('value'),
    offset,
    children: [],
  })
}

const closeElement = ({ open, finished }: Reading): void => {
  const closed = open.pop()
  if (closed === undefined) return
  const { children, ...item } = closed
  const siblings = open.at(-1)?.children ?? finished
  siblings.push({ ...item, children: children.length > 0 ? children : undefined })
}

const createParser = (reading: Reading): SaxesParser<{ xmlns: true }> => {
  const parser = new SaxesParser({ xmlns: true })
  let start = 0
  const refuse = (problem: string) => (): never => {
    throw new EncodingError('malformed', problem, parser.position, pathOf(reading))
  }
  // The parser's own words quote the text.
  parser.on('error', refuse('not well-formed'))
  parser.on('doctype', refuse('a document type'))
  parser.on('processinginstruction', refuse('a processing instruction'))
  parser.on('cdata', refuse('text between elements'))
  parser.on('text', (text) => {
    if (text.trim() !== '') refuse('text between elements')()
  })
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0' || (encoding ?? 'utf-8').toLowerCase() !== 'utf-8') refuse('another version or encoding')()
  })
  parser.on('opentagstart', () => (start = parser.position))
  parser.on('opentag', (tag) => openElement(reading, tag, start))
  parser.on('closetag', () => closeElement(reading))
  return parser
}

/**
 * The one item of a document.
 * @throws EncodingError
 */
export const readXml = (text: string, limits: TextLimits): TextItem => {
  const reading: Reading = { limits, open: [], finished: [], items: 0 }
  createParser(reading).write(text).close()
  const [item] = reading.finished
  if (item === undefined) throw new EncodingError('malformed', 'no element', 0, [])
  return item
}
