import type { Encoding } from './encoding.ts'
import { EncodingError } from './encoding-error.ts'
import { jsonReader, jsonWriter } from './json-values.ts'
import { tagName } from './names.ts'
import type { Layout } from './notation.ts'
import { readJson } from './read-json.ts'
import { fromTtlv } from './render-item.ts'
import { toTtlv } from './write-item.ts'

const layout: Layout = {
  values: jsonWriter,
  leaf: (tag, type, value) => `{"tag":"${tagName(tag)}","type":"${type}","value":${value}}`,
  open: (tag) => `{"tag":"${tagName(tag)}","value":[`,
  close: () => ']}',
  empty: (tag) => `{"tag":"${tagName(tag)}","value":[]}`,
  separator: ',',
}

/** JSON profile (Additional Message Encodings 1.0, section 4). */
export const json: Encoding = {
  name: 'JSON',
  fromTtlv: (message, indent) => fromTtlv(layout, message, indent),
  toTtlv: (text, limits) => {
    const [item, next] = readJson(text, limits)
    if (item === undefined) throw new EncodingError('malformed', 'no item', 0, [])
    if (next !== undefined) throw new EncodingError('malformed', 'something after the message', next.offset, [])
    return toTtlv(item, jsonReader)
  },
}
