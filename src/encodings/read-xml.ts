import { SaxesParser, type SaxesAttributeNS, type SaxesTagNS } from 'saxes'
import { EncodingError } from './encoding-error.ts'
import type { Reading, TextItem, TextLimits } from './text-item.ts'

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

type State = {
  readonly limits: TextLimits
  readonly open: Open[]
  readonly finished: TextItem[]
  items: number
}

const pathOf = ({ open }: State): readonly string[] => open.map(({ tag }) => tag)

/** Those four, and some for namespaces. */
const MOST_ATTRIBUTES = 16

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

const openElement = (reading: State, tag: SaxesTagNS, offset: number): void => {
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

const closeElement = ({ open, finished }: State): void => {
  const closed = open.pop()
  if (closed === undefined) return
  const { children, ...item } = closed
  const siblings = open.at(-1)?.children ?? finished
  siblings.push({ ...item, children: children.length > 0 ? children : undefined })
}

const createParser = (reading: State, fragment: boolean): SaxesParser<{ xmlns: true }> => {
  const parser = new SaxesParser({ xmlns: true, fragment })
  let start = 0
  let attributes = 0
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
  parser.on('xmldecl', ({ version: xml, encoding }) => {
    if (xml !== '1.0' || (encoding ?? 'utf-8').toLowerCase() !== 'utf-8') refuse('another version or encoding')()
  })
  parser.on('opentagstart', () => {
    start = parser.position
    attributes = 0
  })
  // Before the parser does more with them, which costs more than reading them.
  parser.on('attribute', () => {
    attributes += 1
    if (attributes > MOST_ATTRIBUTES) refuse('attributes that KMIP does not have')()
  })
  parser.on('opentag', (tag) => openElement(reading, tag, start))
  parser.on('closetag', () => closeElement(reading))
  return parser
}

/** The outermost element that has not ended, with the items in it; what is not closed there is closed here. */
const unfinished = (reading: State): TextItem | undefined => {
  while (reading.open.length > 1) closeElement(reading)
  const [root] = reading.open
  return root === undefined ? undefined : { ...root, children: root.children }
}

/** A declaration only begins a document, of which this may be several; blanks keep the places. */
const DECLARATION = /^\ufeff?<\?xml[ \t\n\r][^>]*\?>/

/** The one item of a document; with `many`, of one document after the other. */
export const readXml = (text: string, limits: TextLimits, many: boolean): Reading => {
  const reading: State = { limits, open: [], finished: [], items: 0 }
  try {
    const given = many ? text.replace(DECLARATION, (declaration) => ' '.repeat(declaration.length)) : text
    createParser(reading, many).write(given).close()
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error
    return { items: reading.finished, error, unfinished: unfinished(reading) }
  }
  return { items: reading.finished }
}
