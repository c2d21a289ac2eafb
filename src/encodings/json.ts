import { createEncoding, type Encoding } from './encoding.ts'
import { jsonReader, jsonWriter } from './json-values.ts'
import { tagName } from './names.ts'
import type { Layout } from './notation.ts'
import { readJson } from './read-json.ts'

const layout: Layout = {
  values: jsonWriter,
  leaf: (tag, type, value) => `{"tag":"${tagName(tag)}","type":"${type}","value":${value}}`,
  open: (tag) => `{"tag":"${tagName(tag)}","value":[`,
  close: () => ']}',
  empty: (tag) => `{"tag":"${tagName(tag)}","value":[]}`,
  separator: ',',
}

/** JSON profile (Additional Message Encodings 1.0, section 4). */
export const json: Encoding = createEncoding({ name: 'JSON', layout, values: jsonReader, read: readJson })
