import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { requestMessage, responseMessage } from '../../src/protocol/message.ts'
import { attributeList, attributesBare } from '../../src/protocol/attribute-wire.ts'
import { symmetricKey } from '../../src/protocol/structures/managed-objects.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { required, struct } from '../../src/schema/struct.ts'
import { versionOf } from '../../src/schema/version.ts'
import { HEADER_LENGTH, nextItem, tagAt } from '../../src/ttlv/reader.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { structure, written } from '../helpers/ttlv.ts'

/** Exchanges recorded from products; they are not ours to keep here, so without them there is nothing to test. */
const CAPTURES = new URL('../../../shared/captures/', import.meta.url)

type Message = { readonly place: string; readonly bytes: Buffer }

const messagesIn = (file: string): readonly Message[] =>
  readFileSync(new URL(file, CAPTURES), 'utf8')
    .split('\n')
    .map((line, index) => ({
      place: `${file}:${index + 1}`,
      hex: /(4200(?:78|7b)[0-9a-f]+)\s*$/i.exec(line)?.[1] ?? '',
    }))
    .filter(({ hex }) => hex !== '')
    .map(({ place, hex }) => ({ place, bytes: Buffer.from(hex, 'hex') }))

const parts = {
  [TAG.TemplateAttribute]: struct('Part', { list: attributeList('required') }),
  [TAG.Attribute]: struct('Part', { attributes: attributesBare() }),
  [TAG.SymmetricKey]: struct('Part', { key: required(TAG.SymmetricKey, symmetricKey) }),
} as const

/** Reads the attributes and objects of a payload; the operations themselves are tested elsewhere. */
const readParts = (payload: Buffer): void => {
  for (let at = HEADER_LENGTH; at < payload.length; at = nextItem(payload, at)) {
    const kind = Object.entries(parts).find(([tag]) => Number(tag) === tagAt(payload, at))?.[1]
    kind?.compile('1.0').read(structure(TAG.ResponsePayload, payload.subarray(at, nextItem(payload, at))), 0)
  }
}

const skip = existsSync(CAPTURES) ? false : 'the captured exchanges are not on this machine'

void test('1.4 §7 / 2.1 §8: messages of real products are read, and written back byte for byte', { skip }, (t) => {
  const messages = readdirSync(CAPTURES)
    .filter((file) => file.endsWith('.hex'))
    .flatMap(messagesIn)
  t.ok(messages.length > 20, `${messages.length} messages`)
  for (const { place, bytes } of messages) {
    t.doesNotThrow(() => scan(bytes, true), place)
    const kind = tagAt(bytes, 0) === TAG.RequestMessage ? requestMessage : responseMessage
    const { header, items } = kind.compile('1.0').read(bytes, 0)
    const version = versionOf(header.protocolVersion.major, header.protocolVersion.minor)
    t.ok(version, `${place} is of a version that is known`)
    t.equal(items.length, header.batchCount, `${place} has the items it says`)
    for (const { payload } of items) {
      if (payload !== undefined) t.doesNotThrow(() => readParts(payload), `${place}: what is in the payloads`)
    }
    if (version === undefined) continue
    const codec = kind.compile(version)
    t.same(
      written((writer) => codec.write(writer, tagAt(bytes, 0), codec.read(bytes, 0) as never)),
      bytes,
      place,
    )
  }
  t.end()
})
