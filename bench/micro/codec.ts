import Benchmark from 'benchmark'
import type { Encoding } from '../../src/encodings/encoding.ts'
import { json as jsonEncoding } from '../../src/encodings/json.ts'
import { xml as xmlEncoding } from '../../src/encodings/xml.ts'
import { requestMessage, responseBatchItem, responseHeader } from '../../src/protocol/message.ts'
import { symmetricKey } from '../../src/protocol/structures/managed-objects.ts'
import { keyWrappingSpecification } from '../../src/protocol/structures/key-wrapping.ts'
import { objectReference } from '../../src/protocol/structures/unique-identifier.ts'
import { KEY_COMPRESSION_TYPE, KEY_FORMAT_TYPE, OBJECT_TYPE, OPERATION } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { enumOf, extensibleEnumOf, text } from '../../src/schema/primitives.ts'
import { type Infer, optional, required, struct } from '../../src/schema/struct.ts'
import type { Version } from '../../src/schema/version.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { Writer } from '../../src/ttlv/writer.ts'

/*
 * The codec against JSON: one Get as the server sees it, read and checked down to every leaf, and its answer with an
 * AES-256 key written. JSON gets and gives the very same objects, with bytes as Node's Buffer makes JSON of itself. The
 * last row is JSON at its best: bytes as base64 text that somebody else has made beforehand.
 *
 * Besides, the same messages in the other encodings of KMIP: a request read from JSON or XML and an answer written in it,
 * by way of TTLV as the server does it.
 *
 *   node bench/micro/codec.ts [--json]
 */

const getRequest = struct('Request Payload', {
  uniqueIdentifier: optional(TAG.UniqueIdentifier, objectReference),
  keyFormatType: optional(TAG.KeyFormatType, extensibleEnumOf(KEY_FORMAT_TYPE)),
  keyCompressionType: optional(TAG.KeyCompressionType, extensibleEnumOf(KEY_COMPRESSION_TYPE)),
  keyWrappingSpecification: optional(TAG.KeyWrappingSpecification, keyWrappingSpecification),
})

const getResponse = struct('Response Payload', {
  objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
  uniqueIdentifier: required(TAG.UniqueIdentifier, text),
  symmetricKey: required(TAG.SymmetricKey, symmetricKey),
})

const answer = struct('Response Message', {
  header: required(TAG.ResponseHeader, responseHeader),
  item: required(
    TAG.BatchItem,
    struct('Response Batch Item', {
      ...responseBatchItem.fields,
      payload: required(TAG.ResponsePayload, getResponse),
    }),
  ),
})

const ID = '0198c1f0-7a3e-7c55-9d1b-2f6a4c8e0b17'

const versionOf = (version: Version) => ({ major: Number(version[0]), minor: Number(version[2]) })

const writer = new Writer()

const requestBytes = (version: Version): Buffer => {
  getRequest.compile(version).write(writer, TAG.RequestPayload, { uniqueIdentifier: { by: 'id', id: ID } })
  const payload = Buffer.from(writer.bytes())
  writer.reset()
  requestMessage.compile(version).write(writer, TAG.RequestMessage, {
    header: { protocolVersion: versionOf(version), attestationType: [], maximumResponseSize: 65536, batchCount: 1 },
    items: [{ operation: OPERATION.code.Get, payload, messageExtension: [] }],
  })
  const bytes = Buffer.from(writer.bytes())
  writer.reset()
  return bytes
}

const responseOf = (version: Version): Infer<typeof answer.fields> => ({
  header: { protocolVersion: versionOf(version), timeStamp: 1_760_000_000, attestationType: [], batchCount: 1 },
  item: {
    operation: OPERATION.code.Get,
    resultStatus: 'Success',
    payload: {
      objectType: 'SymmetricKey',
      uniqueIdentifier: ID,
      symmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: { keyMaterial: Buffer.alloc(32, 7), attributes: [] },
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 256,
        },
      },
    },
  },
})

type Side = { readonly read: () => unknown; readonly write: () => unknown }

const ttlv = (version: Version): Side => {
  const bytes = requestBytes(version)
  const message = requestMessage.compile(version)
  const payload = getRequest.compile(version)
  const response = responseOf(version)
  const codec = answer.compile(version)
  return {
    read: () => {
      scan(bytes, version.startsWith('2'))
      const [item] = message.read(bytes, 0).items
      return item === undefined ? item : payload.read(item.payload, 0)
    },
    write: () => {
      codec.write(writer, TAG.ResponseMessage, response)
      const { length } = writer.bytes()
      writer.reset()
      return length
    },
  }
}

const TEXT_LIMITS = { maxBytes: 4 * 1_048_576, maxDepth: 32, maxItems: 10_000 }

/** What an encoding adds to reading a request and writing an answer in TTLV. */
const encoded = (version: Version, encoding: Encoding): Side => {
  const ours = ttlv(version)
  const request = encoding.fromTtlv(requestBytes(version))
  answer.compile(version).write(writer, TAG.ResponseMessage, responseOf(version))
  const response = Buffer.from(writer.bytes())
  writer.reset()
  return {
    read: () => [encoding.toTtlv(request, TEXT_LIMITS), ours.read()],
    write: () => [ours.write(), encoding.fromTtlv(response).length],
  }
}

const base64 = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'type' in value && 'data' in value && Array.isArray(value.data)
    ? Buffer.from(value.data as number[]).toString('base64')
    : value

const jsonRequest = (version: Version): string => {
  const { header, items } = requestMessage.compile(version).read(requestBytes(version), 0)
  const payloads = items.map((item) => ({ ...item, payload: getRequest.compile(version).read(item.payload, 0) }))
  return JSON.stringify({ header, items: payloads })
}

const json = (version: Version): Side => {
  const request = jsonRequest(version)
  const response = responseOf(version)
  return { read: () => JSON.parse(request) as unknown, write: () => JSON.stringify(response).length }
}

const jsonOfText = (version: Version): Side => {
  const request = jsonRequest(version)
  const response: unknown = JSON.parse(JSON.stringify(responseOf(version), base64))
  return { read: () => JSON.parse(request) as unknown, write: () => JSON.stringify(response).length }
}

type Result = { readonly name: string; readonly perSecond: number }

const ROUNDS = 5

/** The best of several rounds, all of them in each round: other work on the machine then hits every one of them. */
const measured = (sides: Readonly<Record<string, () => unknown>>): readonly Result[] => {
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const suite = new Benchmark.Suite()
    for (const [name, run] of Object.entries(sides)) suite.add(name, () => void run(), { maxTime: 0.2, minSamples: 5 })
    suite.on('cycle', (event: Benchmark.Event) => {
      const { name = '', hz = 0 } = event.target
      best.set(name, Math.max(best.get(name) ?? 0, Math.round(hz)))
    })
    suite.run()
  }
  return [...best].map(([name, perSecond]) => ({ name, perSecond }))
}

for (const version of ['1.4', '2.1'] as const) {
  const ours = ttlv(version)
  const theirs = json(version)
  const best = jsonOfText(version)
  const inJson = encoded(version, jsonEncoding)
  const inXml = encoded(version, xmlEncoding)
  const results = measured({
    'ttlv read': ours.read,
    'ttlv write': ours.write,
    'ttlv both': () => [ours.read(), ours.write()],
    'json both': () => [theirs.read(), theirs.write()],
    'json both, bytes ready as text': () => [best.read(), best.write()],
    'KMIP in JSON, both': () => [inJson.read(), inJson.write()],
    'KMIP in XML, both': () => [inXml.read(), inXml.write()],
  })
  const rate = (name: string): number => results.find((result) => result.name === name)?.perSecond ?? 0
  const times = (name: string): number => Math.round((rate('ttlv both') / rate(name)) * 100) / 100
  const ratio = times('json both')
  const ratioToText = times('json both, bytes ready as text')
  const [ratioToKmipJson, ratioToKmipXml] = [times('KMIP in JSON, both'), times('KMIP in XML, both')]
  if (process.argv.includes('--json'))
    console.log(
      JSON.stringify({ bench: 'codec', version, ratio, ratioToText, ratioToKmipJson, ratioToKmipXml, results }),
    )
  else {
    console.log(
      `Get in ${version}: ${ratio} times as fast as JSON (${ratioToText} where JSON finds its bytes ready as text)`,
    )
    console.log(`  ${ratioToKmipJson} times as fast as KMIP in JSON, ${ratioToKmipXml} times as fast as KMIP in XML`)
    for (const { name, perSecond } of results) console.log(`  ${name.padEnd(32)} ${perSecond} per second`)
  }
}
