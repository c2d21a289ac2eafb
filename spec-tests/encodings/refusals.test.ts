import fc from 'fast-check'
import { test } from 'tap'
import { textOf, type Encoding } from '../../src/encodings/encoding.ts'
import { EncodingError } from '../../src/encodings/encoding-error.ts'
import { json } from '../../src/encodings/json.ts'
import { xml } from '../../src/encodings/xml.ts'
import { thrown } from '../helpers/thrown.ts'

/* Texts that are no messages: each is refused with its place, and none of what it says is repeated. */

const LIMITS = { maxBytes: 2_000, maxDepth: 4, maxItems: 10 }

type Refusal = readonly [
  title: string,
  text: string,
  kind: 'malformed' | 'limit' | 'invalid',
  offset?: number | undefined,
  path?: string,
]

const leaf = '{"tag":"BatchCount","type":"Integer","value":1}'
const inside = (text: string): string => `{"tag":"RequestMessage","value":[{"tag":"RequestHeader","value":[${text}]}]}`

const nested = (depth: number): string => '{"tag":"BatchItem","value":['.repeat(depth) + ']}'.repeat(depth)

const JSON_REFUSALS: readonly Refusal[] = [
  ['nothing', '', 'malformed', 0],
  ['blanks', ' \n', 'malformed', 2],
  ['a number', '1', 'malformed', 0],
  ['a list', `[${leaf}]`, 'malformed', 0],
  ['no end', leaf.slice(0, -1), 'malformed', 46, 'BatchCount'],
  ['no end of a string', '{"tag":"BatchCount', 'malformed', 7],
  ['an escaped end of a string', '{"tag":"BatchCount\\"', 'malformed', 7],
  ['something after the message', `${leaf}x`, 'malformed', 47],
  ['a second message', `${leaf}${leaf}`, 'malformed', 47],
  ['a comma too many', leaf.replace('}', ',}'), 'malformed', 47, 'BatchCount'],
  ['a comma too many in a list', inside(`${leaf},`), 'malformed', 113, 'RequestMessage/RequestHeader'],
  ['a comment', `/* */${leaf}`, 'malformed', 0],
  ['single quotes', leaf.replaceAll('"', "'"), 'malformed', 1],
  ['a byte order mark', `\ufeff${leaf}`, 'malformed', 0],
  [
    'an unknown member',
    inside(leaf.replace('type', 'kind')),
    'malformed',
    91,
    'RequestMessage/RequestHeader/BatchCount',
  ],
  ['__proto__ as a member', '{"__proto__":{},"tag":"BatchItem"}', 'malformed'],
  ['a tag twice', '{"tag":"BatchItem","tag":"BatchItem"}', 'malformed', 24, 'BatchItem'],
  ['a tag twice, once escaped', '{"tag":"BatchItem","\\u0074ag":"BatchItem"}', 'malformed'],
  ['a value twice', '{"tag":"BatchItem","value":[],"value":[]}', 'malformed', 37, 'BatchItem'],
  ['no tag', '{"type":"Integer","value":1}', 'malformed'],
  ['no members', '{}', 'malformed', 1],
  ['a tag that is no string', '{"tag":4325389,"type":"Integer","value":1}', 'malformed', 7],
  ['a name that is no string', '{"tag":"BatchItem","name":null}', 'malformed', 26, 'BatchItem'],
  ['a value that is no item', inside('1'), 'malformed', 65, 'RequestMessage/RequestHeader'],
  ['a value that is an object', '{"tag":"BatchItem","value":{}}', 'malformed', 27, 'BatchItem'],
  ['a number with a leading zero', leaf.replace('1', '01'), 'malformed', 46, 'BatchCount'],
  ['a number without digits', leaf.replace('1', '-'), 'malformed', 45, 'BatchCount'],
  ['NaN', leaf.replace('1', 'NaN'), 'malformed', 45, 'BatchCount'],
  ['nesting', nested(6), 'limit', 140, 'BatchItem/BatchItem/BatchItem/BatchItem/BatchItem'],
  ['ten thousand brackets', '{"tag":"BatchItem","value":['.repeat(60), 'limit'],
  ['many items', inside(Array(9).fill(leaf).join(',')), 'limit'],
  ['an unknown tag', inside(leaf.replace('BatchCount', 'Count')), 'invalid', 65, 'RequestMessage/RequestHeader'],
  [
    'an unknown type',
    inside(leaf.replace('Integer', 'Number')),
    'invalid',
    65,
    'RequestMessage/RequestHeader/BatchCount',
  ],
  ['a type of its prototype', inside(leaf.replace('Integer', 'toString')), 'invalid'],
  ['a Structure with a value', '{"tag":"BatchItem","value":1}', 'invalid', 0, 'BatchItem'],
  ['an Integer with items', `{"tag":"BatchCount","type":"Integer","value":[${leaf}]}`, 'invalid', 0, 'BatchCount'],
  ['an Integer without a value', '{"tag":"BatchCount","type":"Integer"}', 'invalid', 0, 'BatchCount'],
  ['an Integer that is null', '{"tag":"BatchCount","type":"Integer","value":null}', 'invalid', 0, 'BatchCount'],
]

const xmlLeaf = '<BatchCount type="Integer" value="1"/>'
const within = (text: string): string => `<RequestMessage><RequestHeader>${text}</RequestHeader></RequestMessage>`

const XML_REFUSALS: readonly Refusal[] = [
  ['nothing', '', 'malformed'],
  ['blanks', ' \n', 'malformed'],
  ['text', 'RequestMessage', 'malformed'],
  ['no end', '<RequestMessage><RequestHeader>', 'malformed'],
  ['no end of a tag', '<RequestMessage', 'malformed'],
  ['a wrong end', '<RequestMessage></RequestHeader>', 'malformed'],
  ['text inside', within('1'), 'malformed', undefined, 'RequestMessage/RequestHeader'],
  ['CDATA', within('<![CDATA[x]]>'), 'malformed', undefined, 'RequestMessage/RequestHeader'],
  ['two elements', `${xmlLeaf}${xmlLeaf}`, 'malformed'],
  ['something after the message', `${xmlLeaf}x`, 'malformed'],
  ['a document type', `<!DOCTYPE BatchCount>${xmlLeaf}`, 'malformed'],
  ['a document type with an entity', `<!DOCTYPE a [<!ENTITY e "1">]>${xmlLeaf.replace('"1"', '"&e;"')}`, 'malformed'],
  ['a document type from elsewhere', `<!DOCTYPE a SYSTEM "file:///etc/passwd">${xmlLeaf}`, 'malformed'],
  ['an entity', xmlLeaf.replace('"1"', '"&one;"'), 'malformed'],
  ['a processing instruction', `<?xml-stylesheet href="a"?>${xmlLeaf}`, 'malformed'],
  ['XML 1.1', `<?xml version="1.1"?>${xmlLeaf}`, 'malformed'],
  ['another encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${xmlLeaf}`, 'malformed'],
  ['an unknown attribute', xmlLeaf.replace('type', 'kind'), 'malformed'],
  ['an attribute twice', xmlLeaf.replace('value', 'type="Integer" value'), 'malformed'],
  ['an attribute with a namespace', xmlLeaf.replace('type', 'xml:type'), 'malformed'],
  ['a tag in an attribute of another element', xmlLeaf.replace('type', 'tag="0x420001" type'), 'malformed'],
  ['a general element without a tag', '<TTLV type="Integer" value="1"/>', 'malformed'],
  ['many namespaces', `<BatchItem ${Array.from({ length: 20 }, (_, i) => `xmlns:a${i}="x"`).join(' ')}/>`, 'malformed'],
  ['another namespace', xmlLeaf.replace('type', 'xmlns="urn:other" type'), 'malformed'],
  ['a prefix of nothing', xmlLeaf.replace('BatchCount', 'k:BatchCount'), 'malformed'],
  ['nesting', '<BatchItem>'.repeat(6), 'limit', undefined, 'BatchItem/BatchItem/BatchItem/BatchItem/BatchItem'],
  ['many items', within(xmlLeaf.repeat(9)), 'limit'],
  [
    'an unknown tag',
    within(xmlLeaf.replace('BatchCount', 'Count')),
    'invalid',
    undefined,
    'RequestMessage/RequestHeader',
  ],
  ['an unknown type', xmlLeaf.replace('Integer', 'int'), 'invalid', undefined, 'BatchCount'],
  ['a Structure with a value', '<BatchItem value="1"/>', 'invalid', undefined, 'BatchItem'],
  ['an Integer with items', `<BatchCount type="Integer" value="1">${xmlLeaf}</BatchCount>`, 'invalid'],
  ['an Integer without a value', '<BatchCount type="Integer"/>', 'invalid', undefined, 'BatchCount'],
]

const refuses = (encoding: Encoding, refusals: readonly Refusal[]): void => {
  for (const [title, text, kind, offset, path] of refusals) {
    void test(`AME §4.1, §6.1: ${encoding.name} with ${title} is refused`, (t) => {
      const error = thrown(() => encoding.toTtlv(text, LIMITS))
      t.type(error, EncodingError)
      t.match(error, { kind, ...(path === undefined ? {} : { path: path.split('/') }) })
      if (offset !== undefined) t.equal((error as EncodingError).offset, offset)
      t.end()
    })
  }
}

refuses(json, JSON_REFUSALS)
refuses(xml, XML_REFUSALS)

void test('AME §4.1: a refusal repeats nothing of the text', (t) => {
  for (const text of ['{"tag":"hunter2"}', '{"tag":"BatchItem","value":hunter2}', '{"hunter2":1}', '"hunter2\u0001"'])
    t.notMatch(String(thrown(() => json.toTtlv(text, LIMITS))), /hunter2/, text)
  for (const text of ['<hunter2/>', '<BatchItem hunter2="1"/>', '<a>hunter2</b>', '<a b="&hunter2;"/>'])
    t.notMatch(String(thrown(() => xml.toTtlv(text, LIMITS))), /hunter2/, text)
  t.end()
})

void test('AME §4.1, §6.1: what was read before the error goes with it, its structures closed', (t) => {
  const [before = ''] = inside('').split('[]')
  const bad = `${before}[${leaf},{"tag":"BatchCount","type":"Integer","value":"one"}]}]}`
  const error = thrown(() => json.toTtlv(bad, LIMITS))
  t.match(error, { path: ['RequestMessage', 'RequestHeader', 'BatchCount'] })
  t.equal(json.fromTtlv((error as EncodingError).partial), inside(leaf))
  t.equal((thrown(() => json.toTtlv('{', LIMITS)) as EncodingError).partial.length, 0)
  t.equal(json.fromTtlv(json.toTtlv(inside(leaf), LIMITS)), inside(leaf), 'and the next message is a new one')
  t.end()
})

void test('AME §4.1, §6.1: the size is looked at before the text', (t) => {
  t.match(
    thrown(() => textOf(Buffer.alloc(2_001), LIMITS)),
    { kind: 'limit' },
  )
  t.equal(textOf(Buffer.alloc(2_000, 'a'), LIMITS).length, 2_000)
  t.match(
    thrown(() => textOf(Buffer.from([0xc3, 0x28]), LIMITS)),
    { kind: 'malformed' },
    'no UTF-8',
  )
  t.end()
})

void test('AME §4.1.6, §6.1.6: members in any order, empty structures, tags in hexadecimal, names that say nothing', (t) => {
  const same = (encoding: Encoding, text: string, hex: string): void =>
    void t.equal(encoding.toTtlv(text, LIMITS).toString('hex'), hex, text)
  for (const text of [
    '{"value":1,"name":"whatever","type":"Integer","tag":"BatchCount"}',
    ' { "tag" : "0x42000D" , "type" : "Integer" , "value" : 1 } \r\n\t',
  ])
    same(json, text, '42000d02000000040000000100000000')
  for (const value of ['[]', 'null', ' [ ] '])
    same(json, `{"tag":"RequestPayload","type":"Structure","value":${value}}`, '4200790100000000')
  same(json, '{"tag":"RequestPayload"}', '4200790100000000')
  for (const text of [
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a comment -->\n<BatchCount type="Integer" value="1"></BatchCount>\n',
    '<TTLV tag="0x42000d" name="BatchCount" type="Integer" value="1"/>',
    '<x42000D type="Integer" value="1"/>',
    '<BatchCount xmlns="urn:oasis:tc:kmip:xmlns" type="Integer" value="1"/>',
    '<k:BatchCount xmlns:k="urn:oasis:tc:kmip:xmlns" type="Integer" value="1"/>',
    '\ufeff<BatchCount type="Integer" value="1"/>',
  ])
    same(xml, text, '42000d02000000040000000100000000')
  for (const text of ['<RequestPayload/>', '<RequestPayload> </RequestPayload>', '<RequestPayload type="Structure"/>'])
    same(xml, text, '4200790100000000')
  t.end()
})

void test('AME §4.1, §6.1: whatever is changed in a text, it is read or refused, and nothing else happens', (t) => {
  const message = Buffer.from(json.fromTtlv(json.toTtlv(inside(leaf), LIMITS)))
  const isSettled = (encoding: Encoding, text: string): boolean => {
    const error = thrown(() => encoding.toTtlv(text, LIMITS))
    return error === undefined || error instanceof EncodingError
  }
  for (const encoding of [json, xml]) {
    const text = encoding === json ? message.toString() : within(xmlLeaf)
    const cut = fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ unit: 'binary', maxLength: 4 }))
    const changed = cut.map(([at, length, added]) => text.slice(0, at) + added + text.slice(at + length))
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.oneof(changed, fc.string({ unit: 'binary' }), fc.json()), (given) => isSettled(encoding, given)),
        { numRuns: 2_000, interruptAfterTimeLimit: 2_000 },
      ),
    )
  }
  t.end()
})
