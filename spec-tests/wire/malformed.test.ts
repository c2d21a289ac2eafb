import { connect as connectTcp } from 'node:net'
import { test } from 'tap'
import type { ResultReason } from '../../src/protocol/enumerations.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { staysFlat } from '../helpers/growth.ts'
import { connectTo, SMALL_HEAP, type WireConnection } from '../helpers/server.ts'
import {
  attributes,
  batchItem,
  big,
  int,
  message,
  rawItem,
  readResponse,
  request,
  struct,
  text,
  versionItem,
} from './message.ts'
import { aesPayload, get, keyBlock, named, objectType, uid, usageMask } from './requests.ts'
import { answersWell, ask, startSession } from './session.ts'

/*
 * Bytes that are no message, over TLS, against the real program (the numbered bad inputs 1 to 16). The stream has lost
 * its place after each: one reply, then the connection closes, and the server goes on serving everybody else.
 */

const VERSIONS = ['1.4', '2.1'] as const

type TestVersion = (typeof VERSIONS)[number]

type Row = {
  readonly title: string
  readonly bytes: (version: TestVersion) => Buffer
  /** The reason in 1.4 and in 2.1; `version` where it is always the same. */
  readonly reasons: Readonly<Record<TestVersion, ResultReason>>
  /** Where the message does not get as far as its version. */
  readonly answeredIn?: '2.1'
}

const CODEC = { '1.4': 'InvalidMessage', '2.1': 'CodecError' } as const
const LIMIT = { '1.4': 'GeneralFailure', '2.1': 'ServerLimitExceeded' } as const
const UNREAD_CODEC = { reasons: { '1.4': 'CodecError', '2.1': 'CodecError' }, answeredIn: '2.1' } as const
const UNREAD_LIMIT = {
  reasons: { '1.4': 'ServerLimitExceeded', '2.1': 'ServerLimitExceeded' },
  answeredIn: '2.1',
} as const

/** A Locate with this in its payload. */
const holding =
  (...items: readonly Buffer[]) =>
  (version: TestVersion): Buffer =>
    request(version, 'Locate', ...items)

const zeros = (length: number): Buffer => Buffer.alloc((length + 7) & ~7)

const wrongLengths = (name: keyof typeof ITEM_TYPE): readonly Row[] =>
  [0, 3, 5, 16].map((length) => ({
    title: `row 7, 1.4 §9.1.1.3 / 2.1 §10.1.3: ${name} of ${length} bytes`,
    bytes: holding(rawItem('MaximumItems', ITEM_TYPE[name], zeros(length), length)),
    reasons: CODEC,
  }))

const nested = (depth: number): Buffer => {
  const headers = Array.from({ length: depth }, (_, level) => {
    const header = rawItem('TemplateAttribute', ITEM_TYPE.Structure, Buffer.alloc(0))
    header.writeUInt32BE((depth - level - 1) * 8, 4)
    return header
  })
  return Buffer.concat(headers)
}

const badText = (title: string, ...octets: readonly number[]): Row => ({
  title: `row 16, 1.4 §9.1.1.4 / 2.1 §10.1.2: text with ${title}`,
  bytes: holding(text('UniqueIdentifier', Buffer.from(octets))),
  reasons: CODEC,
})

const ROWS: readonly Row[] = [
  {
    title: 'row 2, 1.4 §7.1 / 2.1 §8.1: a message that starts with the tag of a response',
    bytes: (version) => struct('ResponseMessage', struct('RequestHeader', versionItem(version))),
    ...UNREAD_CODEC,
  },
  {
    title: 'row 2, 1.4 §7.1 / 2.1 §8.1: a message that is no structure',
    bytes: () => rawItem('RequestMessage', ITEM_TYPE.ByteString, Buffer.alloc(16)),
    ...UNREAD_CODEC,
  },
  {
    title: 'row 2, 1.4 §7.1 / 2.1 §8.1: HTTP',
    bytes: () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    ...UNREAD_CODEC,
  },
  ...[0xffffffff, 0x80000000, 1_048_576 + 1].map((length): Row => ({
    title: `row 3, 1.4 §9.1.1.3 / 2.1 §10.1.3: a message of ${length.toString(16)} bytes, by its header`,
    bytes: () => rawItem('RequestMessage', ITEM_TYPE.Structure, Buffer.alloc(0), length),
    ...UNREAD_LIMIT,
  })),
  {
    title: 'row 5, 1.4 §9.1.1.3 / 2.1 §10.1.3: a structure of 12 bytes',
    bytes: holding(rawItem('TemplateAttribute', ITEM_TYPE.Structure, Buffer.alloc(12))),
    reasons: CODEC,
  },
  {
    title: 'row 5, 1.4 §9.1.1.3 / 2.1 §10.1.3: a child that runs past its parent',
    bytes: holding(rawItem('TemplateAttribute', ITEM_TYPE.Structure, int('MaximumItems', 1), 4096)),
    reasons: CODEC,
  },
  ...[1, 3, 7].map((count): Row => ({
    title: `row 5, 1.4 §9.1.1.3 / 2.1 §10.1.3: ${count} stray bytes in a structure`,
    bytes: holding(int('MaximumItems', 1), Buffer.alloc(count)),
    reasons: CODEC,
  })),
  ...(['Integer', 'Enumeration', 'Interval', 'LongInteger', 'Boolean', 'DateTime'] as const).flatMap(wrongLengths),
  {
    title: 'row 8, 1.4 §9.1.1.4 / 2.1 §10.1.2: Boolean 2',
    bytes: holding(rawItem('BatchOrderOption', ITEM_TYPE.Boolean, Buffer.from('0000000000000002', 'hex'))),
    reasons: CODEC,
  },
  {
    title: 'row 8, 1.4 §9.1.1.4 / 2.1 §10.1.2: Boolean of all ones',
    bytes: holding(rawItem('BatchOrderOption', ITEM_TYPE.Boolean, Buffer.alloc(8, 0xff))),
    reasons: CODEC,
  },
  ...[0, 7, 12].map((length): Row => ({
    title: `row 9, 1.4 §9.1.1.4 / 2.1 §10.1.2: Big Integer of ${length} bytes`,
    bytes: holding(rawItem('Modulus', ITEM_TYPE.BigInteger, zeros(length), length)),
    reasons: CODEC,
  })),
  {
    title: 'row 10, 1.4 §9.1.1.3 / 2.1 §10.1.3: padding missing',
    bytes: holding(rawItem('UniqueIdentifier', ITEM_TYPE.TextString, Buffer.from('abc'))),
    reasons: CODEC,
  },
  {
    title: 'row 10, 1.4 §9.1.1.3 / 2.1 §10.1.3: eight bytes of padding too many',
    bytes: holding(rawItem('UniqueIdentifier', ITEM_TYPE.TextString, Buffer.from('abc\0\0\0\0\0\0\0\0\0\0\0\0\0'), 3)),
    reasons: CODEC,
  },
  {
    title: 'row 10, 1.4 §9.1.1.3 / 2.1 §10.1.3: padding that is not zero',
    bytes: holding(rawItem('UniqueIdentifier', ITEM_TYPE.TextString, Buffer.from('abc\0\0\0\0\x01'), 3)),
    reasons: CODEC,
  },
  ...[0x00, 0x0c, 0xff].map((type): Row => ({
    title: `row 12, 1.4 §9.1.1.2 / 2.1 §10.1.2: item type ${type.toString(16)}`,
    bytes: holding(rawItem('MaximumItems', type, Buffer.alloc(8), 8)),
    reasons: CODEC,
  })),
  ...[33, 1_000, 100_000].map((depth): Row => ({
    title: `row 14, 1.4 §11.1 / 2.1 §11.46: structures nested ${depth} deep`,
    bytes: holding(nested(depth)),
    reasons: CODEC,
  })),
  {
    title: 'row 15, 1.4 §11.1 / 2.1 §11.46: 130,000 empty structures',
    bytes: holding(Buffer.concat(Array.from({ length: 130_000 }, () => struct('TemplateAttribute')))),
    reasons: LIMIT,
  },
  {
    title: 'row 20, 1.4 §11.1 / 2.1 §11.46: 10,001 batch items',
    bytes: (version) =>
      message(
        version,
        Array.from({ length: 10_001 }, (_, index) => batchItem('Query', [], number(index))),
      ),
    reasons: LIMIT,
  },
  badText('an overlong NUL', 0xc0, 0x80),
  badText('half of a surrogate pair', 0xed, 0xa0, 0x80),
  badText('a code point past the last', 0xf5, 0x80, 0x80, 0x80),
  badText('a sequence cut short', 0xe2, 0x82),
]

const number = (value: number): Buffer => {
  const encoded = Buffer.alloc(4)
  encoded.writeUInt32BE(value)
  return encoded
}

void test('bytes that are no message', async (t) => {
  const session = await startSession(t, ['--log-level', 'silent'], SMALL_HEAP)
  const { server } = session

  const refused = async (connection: WireConnection, bytes: Buffer): Promise<Buffer | undefined> => {
    connection.write(bytes)
    const reply = await connection.next()
    await connection.closed
    return reply
  }

  for (const { title, bytes, reasons, answeredIn } of ROWS) {
    for (const version of VERSIONS) {
      void t.test(`${title} (${version})`, async (t) => {
        const connection = await session.connect(t)
        const reply = await refused(connection, bytes(version))
        if (reply === undefined) {
          t.fail('no reply')
          return
        }
        const { first, version: spoken } = readResponse(reply)
        t.equal(spoken, answeredIn ?? version)
        t.match(first, { operation: undefined, id: undefined, status: 'OperationFailed', reason: reasons[version] })
        t.equal(connection.waiting, 0, 'one reply')
        t.ok(await answersWell(await session.connect(t), version), 'the server serves others')
      })
    }
  }

  void t.test('row 12, 1.4 §9.1.1.2: Date Time Extended, which 1.x does not have', async (t) => {
    const connection = await session.connect(t)
    const item = rawItem('MaximumItems', ITEM_TYPE.DateTimeExtended, Buffer.alloc(8))
    const reply = await refused(connection, request('1.4', 'Locate', item))
    t.equal(reply === undefined ? undefined : readResponse(reply).first.reason, 'InvalidMessage')
  })

  for (const sent of [0, 1, 7]) {
    void t.test(`row 1, 1.4 §7.1 / 2.1 §8.1: ${sent} bytes, then the end`, async (t) => {
      const connection = await session.connect(t)
      connection.socket.end(request('1.4', 'DiscoverVersions').subarray(0, sent))
      t.equal(await connection.next(), undefined, 'no reply')
      await connection.closed
      t.ok(await answersWell(await session.connect(t), '1.4'))
    })
  }

  void t.test('row 1, 1.4 §7.1 / 2.1 §8.1: reset in the middle of a message', async (t) => {
    const tcp = connectTcp({ port: server.port, host: '127.0.0.1' })
    const connection = await connectTo(server, session.admin, { socket: tcp })
    connection.write(request('1.4', 'DiscoverVersions').subarray(0, 20))
    tcp.resetAndDestroy()
    await connection.closed
    t.ok(await answersWell(await session.connect(t), '1.4'))
  })

  for (const version of VERSIONS) {
    void t.test(`row 6, 1.4 §7.1 / 2.1 §8.1: bytes after a good message (${version})`, async (t) => {
      const connection = await session.connect(t)
      connection.write(Buffer.concat([request(version, 'DiscoverVersions'), Buffer.alloc(8, 0x20)]))
      const [good, refusal] = [await connection.next(), await connection.next()]
      await connection.closed
      t.match(good === undefined ? undefined : readResponse(good), { version, first: { status: 'Success' } })
      t.equal(refusal === undefined ? undefined : readResponse(refusal).first.reason, 'CodecError')
      t.equal(await connection.next(), undefined, 'no third reply')
    })

    void t.test(`row 9, 1.4 §9.1.1.4 / 2.1 §10.1.2: a modulus of more than 16,384 bits (${version})`, async (t) => {
      const connection = await session.connect(t)
      const modulus = Buffer.alloc(2_056, 0x55)
      const material = struct(
        'KeyMaterial',
        big('Modulus', modulus),
        big('PublicExponent', Buffer.from('0000000000010001', 'hex')),
      )
      const block = keyBlock('TransparentRSAPublicKey', material, { algorithm: 'RSA', length: modulus.length * 8 - 1 })
      const payload = [objectType('PublicKey'), attributes(version, usageMask(1)), struct('PublicKey', block)]
      const item = await ask(connection, request(version, 'Register', ...payload))
      t.equal(item.status, 'OperationFailed')
      t.match(item.reason, /^(InvalidField|CryptographicFailure|InvalidAttributeValue)$/)
      t.ok(await answersWell(connection, version), 'the connection stays')
    })

    void t.test(`row 11, 1.4 §9.1.1.3 / 2.1 §10.1.3: padding counted as part of a text (${version})`, async (t) => {
      const connection = await session.connect(t)
      const item = await ask(connection, request(version, 'Get', uid('00000000-0000-7000-8000-000000000000\0\0\0\0')))
      t.equal(item.reason, version === '1.4' ? 'ItemNotFound' : 'ObjectNotFound')
      t.ok(await answersWell(connection, version), 'the connection stays')
    })

    void t.test(`row 13, 1.4 §9.1.1.1 / 2.1 §10.1.1: an unknown tag (${version})`, async (t) => {
      const connection = await session.connect(t)
      const item = await ask(connection, request(version, 'Locate', int(0x420fff, 1)))
      t.equal(item.reason, version === '1.4' ? 'InvalidField' : 'UnknownTag')
      t.equal(item.operation, 'Locate', 'the item fails, not the message')
      t.ok(await answersWell(connection, version), 'the connection stays')
    })

    void t.test(`row 13, 1.4 §9.1.1.1 / 2.1 §10.1.1: a tag of an extension is passed over (${version})`, async (t) => {
      const connection = await session.connect(t)
      const item = await ask(connection, request(version, 'Locate', int(0x540001, 1)))
      t.equal(item.status, 'Success')
    })

    void t.test(`row 16, 1.4 §9.1.1.4 / 2.1 §10.1.2: NUL, line ends and RTL marks are text (${version})`, async (t) => {
      const connection = await session.connect(t)
      const name = `a\0b\r\n{"level":"fake"}\n\u202e${version}`
      const created = await ask(connection, request(version, 'Create', ...aesPayload(version, named(name))))
      t.equal(created.status, 'Success')
      const missing = await ask(connection, get(version, name))
      t.match(missing.reason, /^(Item|Object)NotFound$/)
    })
  }

  void t.test('1.4 §11.1 / 2.1 §11.46: refusals by the thousand leave the memory as it is', async (t) => {
    const small = ROWS.map(({ bytes }) => bytes('2.1')).filter((bytes) => bytes.length < 4_096)
    const round = async (): Promise<void> => {
      for (const bytes of small) {
        const connection = await session.connect(t)
        await refused(connection, bytes)
        connection.close()
      }
    }
    for (let count = 0; count < 6; count += 1) await round()
    t.ok(await staysFlat(server, 15, round))
    t.ok(server.isRunning)
  })

  void t.test('1.4 §11.1 / 2.1 §11.46: large messages refused leave the memory as it is', async (t) => {
    const large = ROWS.map(({ bytes }) => bytes('2.1')).filter((bytes) => bytes.length > 500_000)
    const round = async (): Promise<void> => {
      for (const bytes of large) {
        const connection = await session.connect(t)
        await refused(connection, bytes)
        connection.close()
      }
    }
    for (let count = 0; count < 5; count += 1) await round()
    t.ok(await staysFlat(server, 10, round))
  })
})

void test('row 16, 1.4 §9.1.1.4 / 2.1 §10.1.2: what a client says cannot forge a line of the log', async (t) => {
  const session = await startSession(t, ['--log-level', 'debug'])
  const connection = await session.connect(t)
  await ask(connection, get('1.4', 'x\n{"level":"error","event":"forged"}\r\n\u202e'))
  connection.close()
  await session.server.stop()
  const lines = session.server.output().split('\n')
  t.notOk(lines.some((line) => line.startsWith('{"level":"error","event":"forged"}')))
  t.notMatch(session.server.output(), /[\0\r\u202e]/)
})

void test('row 4, 1.4 §7.1 / 2.1 §8.1: a message that stops coming is given up, and no memory is set aside', async (t) => {
  const session = await startSession(t, ['--log-level', 'silent', '--limits-request-timeout', '1'], SMALL_HEAP)
  const open = await Promise.all(Array.from({ length: 100 }, () => session.connect(t)))
  const before = await session.server.residentBytes()
  for (const connection of open)
    connection.write(rawItem('RequestMessage', ITEM_TYPE.Structure, Buffer.alloc(100), 1_048_568))
  await Promise.all(open.map(({ closed }) => closed))
  const grown = (await session.server.residentBytes()) - before
  t.comment(`100 messages of a MiB announced: ${Math.round(grown / 1024)} KiB more`)
  t.ok(grown < 16 * 1_048_576, 'a hundred of a MiB each are not held')
  for (const connection of open) t.equal(connection.waiting, 0, 'no reply')
  t.ok(await answersWell(await session.connect(t), '1.4'))
})
