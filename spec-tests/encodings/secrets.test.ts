import { test } from 'tap'
import { json } from '../../src/encodings/json.ts'
import { plainText } from '../../src/encodings/plain.ts'
import { blanked, secretsIn } from '../../src/encodings/secrets.ts'
import { xml } from '../../src/encodings/xml.ts'

const LIMITS = { maxBytes: 10_000, maxDepth: 32, maxItems: 1_000 }

const item = (operation: string, payload: string): Buffer =>
  xml.toTtlv(`<BatchItem><Operation type="Enumeration" value="${operation}"/>${payload}</BatchItem>`, LIMITS)

const hides = (message: Buffer): boolean => secretsIn(message).size > 0

const bytes = (tag: string): string => `<${tag} type="ByteString" value="736563726574"/>`

void test('secrets of messages: what is secret: keys, passwords, plain texts; what is not: cipher texts, vectors, certificates', (t) => {
  const inside = (payload: 'Request' | 'Response', content: string): string =>
    `<${payload}Payload>${content}</${payload}Payload>`
  const secret: readonly (readonly [string, string])[] = [
    ['Register', inside('Request', `<KeyBlock><KeyValue>${bytes('KeyMaterial')}</KeyValue></KeyBlock>`)],
    [
      'Get',
      inside(
        'Response',
        `<KeyValue><KeyMaterial><D type="BigInteger" value="0000000000000003"/></KeyMaterial></KeyValue>`,
      ),
    ],
    ['Get', inside('Response', bytes('KeyValue'))],
    ['Get', inside('Response', bytes('OpaqueDataValue'))],
    ['Encrypt', inside('Request', bytes('Data'))],
    ['Decrypt', inside('Response', bytes('Data'))],
    ['RNGRetrieve', inside('Response', bytes('Data'))],
    ['DeriveKey', inside('Request', bytes('DerivationData'))],
    ['Login', inside('Response', `<Ticket>${bytes('TicketValue')}</Ticket>`)],
    ['PKCS_11', inside('Request', bytes('PKCS_11InputParameters'))],
    // Operations inside a payload are no operations of the item.
    ['Decrypt', inside('Response', `<Operation type="Enumeration" value="Encrypt"/>${bytes('Data')}`)],
  ]
  for (const [operation, payload] of secret) t.ok(hides(item(operation, payload)), payload)
  const open: readonly (readonly [string, string])[] = [
    ['Encrypt', inside('Response', bytes('Data'))],
    ['Encrypt', inside('Response', bytes('IVCounterNonce'))],
    ['Decrypt', inside('Request', bytes('Data'))],
    ['Get', inside('Response', bytes('CertificateValue'))],
    ['Sign', inside('Response', bytes('SignatureData'))],
    ['Query', inside('Request', '<QueryFunction type="Enumeration" value="QueryOperations"/>')],
  ]
  for (const [operation, payload] of open) t.notOk(hides(item(operation, payload)), payload)
  const credential = `<Authentication><Credential><CredentialValue><Username type="TextString" value="fred"/>
    <Password type="TextString" value="hunter2"/></CredentialValue></Credential></Authentication>`
  t.equal(secretsIn(xml.toTtlv(credential, LIMITS)).size, 1)
  t.end()
})

void test('secrets of messages: a hidden value is gone in every form, and the rest is there', (t) => {
  const message = xml.toTtlv(
    `<CredentialValue><Username type="TextString" value="fred"/><Password type="TextString" value="hunter2"/>
    ${bytes('HashedPassword')}</CredentialValue>`,
    LIMITS,
  )
  const hidden = secretsIn(message)
  const blank = blanked(message, hidden)
  t.equal(blank.length, message.length)
  for (const text of [
    plainText(message, hidden),
    json.fromTtlv(blank),
    xml.fromTtlv(blank),
    blank.toString('latin1'),
  ]) {
    t.notMatch(text, /hunter2|736563726574|secret/)
    t.match(text, 'fred')
  }
  t.match(json.fromTtlv(blank), '*******')
  t.match(plainText(message, hidden), 'Password (TextString): hidden (7 bytes)')
  t.match(plainText(message, new Set()), 'Password (TextString): "hunter2"')
  t.match(message.toString('latin1'), 'hunter2', 'the message itself is untouched')
  t.end()
})

void test('secrets of messages: a text does nothing to the terminal that shows it', (t) => {
  const message = json.toTtlv('{"tag":"Comment","type":"TextString","value":"\\u001b[2J\\u009b2J\\n\\u007f"}', LIMITS)
  t.equal(plainText(message, new Set()), 'Comment (TextString): "\\u001b[2J\\u009b2J\\n\\u007f"')
  t.end()
})
