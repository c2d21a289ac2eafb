import { TAGS } from '../protocol/tags.ts'
import { createEncoding, type Encoding } from './encoding.ts'
import { hexTag } from './names.ts'
import type { Layout } from './notation.ts'
import { readXml } from './read-xml.ts'
import { xmlReader, xmlWriter } from './xml-values.ts'

/** A tag without a name stands in an attribute of a general element (section 6.1.6). */
const beginning = (tag: number): string => TAGS.nameOf(tag) ?? `TTLV tag="${hexTag(tag)}"`

const layout: Layout = {
  values: xmlWriter,
  leaf: (tag, type, value) => `<${beginning(tag)} type="${type}" value="${value}"/>`,
  open: (tag) => `<${beginning(tag)}>`,
  close: (tag) => `</${TAGS.nameOf(tag) ?? 'TTLV'}>`,
  empty: (tag) => `<${beginning(tag)}/>`,
  separator: '',
}

/** XML profile (Additional Message Encodings 1.0, section 6). */
export const xml: Encoding = createEncoding({ name: 'XML', layout, values: xmlReader, read: readXml })
