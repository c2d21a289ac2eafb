import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { json } from '../../src/encodings/json.ts'
import { xml } from '../../src/encodings/xml.ts'
import { VERSIONS } from '../../src/schema/version.ts'

/*
 * The messages of the official test cases, which are written in XML, where they are at hand: read as they are, their
 * variables filled with something of their type, and taken through JSON and XML.
 */

const CASES = resolve(import.meta.dirname, '../../../shared/oasis')

const LIMITS = { maxBytes: 10_000_000, maxDepth: 32, maxItems: 100_000 }

const FILLED: Readonly<Record<string, string>> = {
  TextString: 'filled',
  ByteString: '00ff',
  DateTime: '2026-01-31T23:59:59+00:00',
  Integer: '7',
  LongInteger: '7',
  Interval: '7',
  BigInteger: '00000000000000ff',
  Enumeration: '0x80000001',
  Boolean: 'true',
}

const messagesOf = (text: string): readonly string[] =>
  [...text.matchAll(/<(RequestMessage|ResponseMessage)>.*?<\/\1>/gs)].map(([message]) =>
    message.replace(
      /type="(\w+)"\s+value="\$[^"]*"/g,
      (_, type: string) => `type="${type}" value="${FILLED[type] ?? ''}"`,
    ),
  )

for (const version of VERSIONS) {
  const folder = join(CASES, version)
  const skip = existsSync(folder) ? false : 'the official cases are not at hand'
  void test(`AME §4.1, §6.1: every message of the official cases of ${version} survives both`, { skip }, (t) => {
    let count = 0
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.xml'))) {
      const failed = messagesOf(readFileSync(join(folder, file), 'utf8')).filter((message) => {
        count += 1
        const bytes = xml.toTtlv(message, LIMITS)
        const [fromXml, fromJson] = [xml, json].map((encoding) => encoding.toTtlv(encoding.fromTtlv(bytes), LIMITS))
        return fromXml?.equals(bytes) !== true || fromJson?.equals(bytes) !== true
      })
      t.same(failed, [], file)
    }
    t.ok(count > 100, `${count} messages`)
    t.end()
  })
}
