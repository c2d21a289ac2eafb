import fc from 'fast-check'
import { test } from 'tap'
import type { Encoding } from '../../src/encodings/encoding.ts'
import { EncodingError } from '../../src/encodings/encoding-error.ts'
import { json } from '../../src/encodings/json.ts'
import { xml } from '../../src/encodings/xml.ts'
import { ATTRIBUTE_NAMES, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import { TAG } from '../../src/protocol/tags.ts'
import type { Kind } from '../../src/schema/kind.ts'
import { inRange, VERSIONS, type Version } from '../../src/schema/version.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { PAYLOADS, STRUCTURES } from '../helpers/all-structures.ts'
import { arbitraryValue } from '../helpers/arbitrary.ts'

/* Everything that TTLV can say comes back from JSON and from XML byte for byte. */

const LIMITS = { maxBytes: 1_000_000, maxDepth: 32, maxItems: 100_000 }

/** Kinds that have no arbitrary: what they hold is no plain value, and operations are tested with them elsewhere. */
const UNTRIED = ['Encrypt Response Payload', 'Locate Request Payload', 'Notify Request Payload']

/** What XML 1.0 cannot hold, whether escaped or not, as it stands in JSON. */
const IMPOSSIBLE = /\\[bf]|\\u00[01]|\ufffe|\uffff/

const writer = new Writer()

const bytesOf = (kind: Kind<unknown>, version: Version, tag: number, value: unknown): Buffer => {
  writer.reset()
  kind.compile(version).write(writer, tag, value)
  return Buffer.from(writer.bytes())
}

const returns = (encoding: Encoding, bytes: Buffer): boolean => {
  try {
    return [undefined, 2].every((indent) => encoding.toTtlv(encoding.fromTtlv(bytes, indent), LIMITS).equals(bytes))
  } catch (error) {
    return encoding === xml && error instanceof EncodingError && IMPOSSIBLE.test(json.fromTtlv(bytes))
  }
}

const holds = (encoding: Encoding, kind: Kind<unknown>, version: Version, tag: number): void =>
  fc.assert(
    fc.property(arbitraryValue(kind, version), (value) => {
      const bytes = bytesOf(kind, version, tag, value)
      return bytes.length === 0 || returns(encoding, bytes)
    }),
    { numRuns: 6, interruptAfterTimeLimit: 300 },
  )

for (const encoding of [json, xml]) {
  const section = encoding === json ? '§4.1' : '§6.1'
  for (const version of VERSIONS) {
    void test(`AME ${section}: every attribute of ${version} comes back from ${encoding.name}`, (t) => {
      for (const name of ATTRIBUTE_NAMES) {
        const { kind, tag, ...row } = attributeRow(name)
        if (inRange(version, row)) t.doesNotThrow(() => holds(encoding, kind, version, tag), name)
      }
      t.end()
    })

    void test(`AME ${section}: every structure and payload of ${version} comes back from ${encoding.name}`, (t) => {
      const structures = [...STRUCTURES, ...PAYLOADS].filter(({ kind }) => !UNTRIED.includes(kind.name))
      t.ok(structures.length > 100)
      for (const { kind } of structures)
        t.doesNotThrow(() => holds(encoding, kind, version, TAG.RequestPayload), kind.name)
      t.end()
    })
  }
}
