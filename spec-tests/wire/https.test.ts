import { t as file, test, type Test } from 'tap'
import { connectTo } from '../helpers/server.ts'
import { httpWire, post, type HttpWire } from '../helpers/http.ts'
import { request } from './message.ts'
import { get, registerAes } from './requests.ts'
import { ask, idFrom, startSession } from './session.ts'

/*
 * The real server over HTTPS, in all three encodings. What is sent is written by hand, and so is what is looked for: of
 * the encodings themselves nothing is used here.
 */

const session = await startSession(file, ['--https-port', '0', '--log-level', 'warn'])

const wireTo = async (t: Test): Promise<HttpWire> => {
  const { socket } = await connectTo({ port: session.server.httpsPort }, session.admin)
  t.teardown(() => socket.destroy())
  return httpWire(socket)
}

const TYPES = { json: 'application/json', xml: 'text/xml' } as const

/** Posts a text and takes the text of the answer. */
const say = async (wire: HttpWire, kind: keyof typeof TYPES, text: string): Promise<string> => {
  wire.socket.write(post(text, TYPES[kind]))
  const response = await wire.next()
  if (response?.status !== 200) throw new Error(`status ${response?.status ?? 'none'}`)
  if (response.headers['content-type'] !== TYPES[kind]) throw new Error('another Content-Type')
  return response.body.toString()
}

const jsonRequest = (major: number, minor: number, operation: string, payload: string, header = ''): string =>
  `{"tag":"RequestMessage","value":[{"tag":"RequestHeader","value":[{"tag":"ProtocolVersion","value":[` +
  `{"tag":"ProtocolVersionMajor","type":"Integer","value":"0x0000000${major}"},` +
  `{"tag":"ProtocolVersionMinor","type":"Integer","value":${minor}}]},${header}` +
  `{"tag":"BatchCount","type":"Integer","value":1}]},{"tag":"BatchItem","value":[` +
  `{"tag":"Operation","type":"Enumeration","value":"${operation}"},{"tag":"RequestPayload","value":[${payload}]}]}]}`

const xmlRequest = (major: number, minor: number, operation: string, payload: string, header = ''): string =>
  `<?xml version="1.0"?><RequestMessage><RequestHeader><ProtocolVersion>` +
  `<ProtocolVersionMajor type="Integer" value="${major}"/><ProtocolVersionMinor type="Integer" value="${minor}"/>` +
  `</ProtocolVersion>${header}<BatchCount type="Integer" value="1"/></RequestHeader><BatchItem>` +
  `<Operation type="Enumeration" value="${operation}"/><RequestPayload>${payload}</RequestPayload></BatchItem>` +
  `</RequestMessage>`

const jsonId = (id: string): string => `{"tag":"UniqueIdentifier","type":"TextString","value":"${id}"}`
const xmlId = (id: string): string => `<UniqueIdentifier type="TextString" value="${id}"/>`

const found = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? ''

void test('AME §4: a key is made, read and destroyed in JSON', async (t) => {
  const wire = await wireTo(t)
  const made = await say(
    wire,
    'json',
    jsonRequest(
      1,
      4,
      'Create',
      `{"tag":"ObjectType","type":"Enumeration","value":"SymmetricKey"},{"tag":"TemplateAttribute","value":[
        {"tag":"Attribute","value":[{"tag":"AttributeName","type":"TextString","value":"Cryptographic Algorithm"},
          {"tag":"AttributeValue","type":"Enumeration","value":"AES"}]},
        {"tag":"Attribute","value":[{"tag":"AttributeName","type":"TextString","value":"Cryptographic Length"},
          {"tag":"AttributeValue","type":"Integer","value":128}]},
        {"tag":"Attribute","value":[{"tag":"AttributeName","type":"TextString","value":"Cryptographic Usage Mask"},
          {"tag":"AttributeValue","type":"Integer","value":"Encrypt|Decrypt"}]}]}`,
    ),
  )
  t.match(made, /^\{"tag":"ResponseMessage","value":\[\{"tag":"ResponseHeader"/)
  t.match(made, '{"tag":"ResultStatus","type":"Enumeration","value":"Success"}')
  const id = found(made, /"UniqueIdentifier","type":"TextString","value":"([^"]+)"/)
  const read = await say(wire, 'json', jsonRequest(1, 4, 'Get', jsonId(id)))
  t.match(read, /\{"tag":"KeyMaterial","type":"ByteString","value":"[0-9a-f]{32}"\}/)
  const attributes = await say(wire, 'json', jsonRequest(1, 4, 'GetAttributes', jsonId(id)))
  t.match(attributes, '"value":"Encrypt|Decrypt"')
  t.match(attributes, '{"tag":"AttributeValue","type":"Enumeration","value":"PreActive"}')
  t.match(await say(wire, 'json', jsonRequest(2, 1, 'Destroy', jsonId(id))), '"value":"Success"')
  t.match(await say(wire, 'json', jsonRequest(2, 1, 'Get', jsonId(id))), '"value":"ObjectDestroyed"')
})

void test('AME §6: a key is made, read and destroyed in XML', async (t) => {
  const wire = await wireTo(t)
  const made = await say(
    wire,
    'xml',
    xmlRequest(
      2,
      1,
      'Create',
      `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
        <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="256"/>
        <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/></Attributes>`,
    ),
  )
  t.match(made, /^<ResponseMessage><ResponseHeader><ProtocolVersion>/)
  t.match(made, '<ResultStatus type="Enumeration" value="Success"/>')
  const id = found(made, /<UniqueIdentifier type="TextString" value="([^"]+)"/)
  const read = await say(wire, 'xml', xmlRequest(2, 1, 'Get', xmlId(id)))
  t.match(read, /<KeyMaterial type="ByteString" value="[0-9a-f]{64}"\/>/)
  t.match(await say(wire, 'xml', xmlRequest(2, 1, 'GetAttributes', xmlId(id))), 'value="Encrypt Decrypt"/>')
  t.match(await say(wire, 'xml', xmlRequest(1, 0, 'Destroy', xmlId(id))), 'value="Success"')
})

void test('AME §2, §4, §6: what one encoding has made the others read, TTLV over TLS included', async (t) => {
  const wire = await wireTo(t)
  const ttlv = await session.connect(t)
  const material = Buffer.alloc(16, 0xab)
  const id = await idFrom(ttlv, registerAes('1.2', material))
  const hex = material.toString('hex')
  t.match(await say(wire, 'json', jsonRequest(1, 2, 'Get', jsonId(id))), hex)
  t.match(await say(wire, 'xml', xmlRequest(2, 0, 'Get', xmlId(id))), hex)
  const message = get('1.3', id)
  wire.socket.write(post(message, 'application/octet-stream'))
  const overHttps = (await wire.next())?.body.toString('hex') ?? ''
  t.match(overHttps, hex)
  t.equal(overHttps.length, (await ttlv.ask(message)).length * 2, 'the same answer as over TLS')
})

void test('AME §4, §6: Maximum Response Size is that of the answer in TTLV', async (t) => {
  const wire = await wireTo(t)
  const jsonSize = (size: number): string => `{"tag":"MaximumResponseSize","type":"Integer","value":${size}},`
  const query = '{"tag":"QueryFunction","type":"Enumeration","value":"QueryOperations"}'
  t.match(await say(wire, 'json', jsonRequest(1, 0, 'Query', query, jsonSize(256))), '"value":"ResponseTooLarge"')
  const answer = await say(wire, 'json', jsonRequest(1, 0, 'Query', query, jsonSize(1024)))
  t.match(answer, '"value":"Success"')
  t.ok(answer.length > 1024)
  const xmlQuery = '<QueryFunction type="Enumeration" value="QueryOperations"/>'
  const xmlSize = '<MaximumResponseSize type="Integer" value="1024"/>'
  t.match(await say(wire, 'xml', xmlRequest(1, 0, 'Query', xmlQuery, xmlSize)), 'value="Success"')
})

void test('AME §4, §6: a text that is no message is answered in the version and encoding of the client', async (t) => {
  const wire = await wireTo(t)
  const json14 = jsonRequest(1, 4, 'Get', '{"tag":"UniqueIdentifier","type":"TextString","value":1}')
  const cases: readonly (readonly [keyof typeof TYPES, string, RegExp])[] = [
    ['json', json14, /"ProtocolVersionMinor","type":"Integer","value":4.*"ResultReason"[^}]*"InvalidField"/],
    ['json', jsonRequest(1, 2, 'Fly', ''), /"ProtocolVersionMinor","type":"Integer","value":2.*"InvalidField"/],
    [
      'json',
      jsonRequest(2, 1, 'Get', '{"tag":"Wings"}'),
      /"ProtocolVersionMajor","type":"Integer","value":2.*"InvalidField"/,
    ],
    ['json', '{"tag":"RequestMessage",', /"ResultReason"[^}]*"CodecError"/],
    ['json', '{}', /"ResultReason"[^}]*"CodecError"/],
    ['json', '{"tag":"RequestMessage"}', /"ResultStatus"[^}]*"OperationFailed"/],
    ['json', '{"tag":"RequestMessage","value":['.repeat(100), /"ResultReason"[^}]*"ServerLimitExceeded"/],
    ['xml', xmlRequest(1, 4, 'Fly', ''), /<ProtocolVersionMinor type="Integer" value="4"\/>.*"InvalidField"/],
    ['xml', '<RequestMessage>', /<ResultReason type="Enumeration" value="CodecError"\/>/],
    [
      'xml',
      `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xmlRequest(1, 4, 'Query', '&e;')}`,
      /"CodecError"/,
    ],
    ['xml', '<a>'.repeat(100), /"ServerLimitExceeded"/],
  ]
  for (const [kind, text, expected] of cases) t.match(await say(wire, kind, text), expected, text.slice(0, 200))
  t.match(
    await say(wire, 'json', jsonRequest(1, 4, 'DiscoverVersions', '')),
    '"value":"Success"',
    'on the same connection',
  )
})

void test('AME §6.1.6.9: an answer that XML cannot hold is none', async (t) => {
  const wire = await wireTo(t)
  const name = 'a\\u0000b'
  const made = await say(
    wire,
    'json',
    jsonRequest(
      2,
      1,
      'Create',
      `{"tag":"ObjectType","type":"Enumeration","value":"SymmetricKey"},{"tag":"Attributes","value":[
        {"tag":"CryptographicAlgorithm","type":"Enumeration","value":"AES"},
        {"tag":"CryptographicLength","type":"Integer","value":256},
        {"tag":"CryptographicUsageMask","type":"Integer","value":"Encrypt"},
        {"tag":"Comment","type":"TextString","value":"${name}"}]}`,
    ),
  )
  const id = found(made, /"UniqueIdentifier","type":"TextString","value":"([^"]+)"/)
  t.match(await say(wire, 'json', jsonRequest(2, 1, 'GetAttributes', jsonId(id))), name.replace('\\', '\\'))
  wire.socket.write(post(xmlRequest(2, 1, 'GetAttributes', xmlId(id)), 'text/xml'))
  t.match(await wire.next(), { status: 406, body: Buffer.alloc(0) })
})

void test('AME §2: TTLV in the wrong place, and HTTP in the wrong place, are refused', async (t) => {
  const wire = await wireTo(t)
  wire.socket.write(request('1.4', 'Query'))
  t.match(await wire.next(), { status: 400 })
  const ttlv = await session.connect(t)
  ttlv.write(post('{}', 'application/json'))
  t.ok(await ttlv.next(), 'answered as what it is not, and closed')
  await ttlv.closed
  t.ok(await ask(await session.connect(t), request('1.4', 'Query')), 'the server goes on')
})
