import { t as file, test } from 'tap'
import { playTranscript } from '../../conformance/products/play.ts'
import { readTranscript } from '../../conformance/products/transcript.ts'
import { startSession } from '../wire/session.ts'

/*
 * The player of the products' transcripts: what it lets pass, and what it does not.
 */

const session = await startSession(file, ['--log-level', 'silent'])

const play = (...lines: readonly string[]) =>
  playTranscript(
    readTranscript(['product test', 'title a test', 'version 1.4', ...lines].join('\n')),
    session.server,
    () => Promise.resolve(session.admin),
  )

const CREATE = `
connect
> Create
  ObjectType: SymmetricKey
  TemplateAttribute
    [Cryptographic Algorithm] AES
    [Cryptographic Length] 256
    [x-Note] "made of \${word}"
< Success
  UniqueIdentifier -> key`

const WORD = 'set word = "iron"'

const GET = `
> Get #01
  UniqueIdentifier: $key
> GetAttributes #02
  UniqueIdentifier: $key
< Success
  fields ObjectType UniqueIdentifier SymmetricKey
  SymmetricKey/KeyBlock/KeyValue/KeyMaterial: 32 bytes
< Success
  [x-Note]: "made of iron"
  [State]: PreActive
  no [Link]`

void test('1.4 §7: a transcript that is as it should be', async (t) => {
  t.strictSame(await play(WORD, CREATE, GET), [])
  t.strictSame(await play('tls 1.2', 'probe', WORD, CREATE, 'close', 'connect b', GET), [])
})

void test('1.4 §7: everything that is otherwise than expected is told, with its line', async (t) => {
  const cases: readonly (readonly [line: string, problem: RegExp])[] = [
    ['< OperationFailed', /is Success/],
    ['< Success\n  fields UniqueIdentifier', /are ObjectType UniqueIdentifier SymmetricKey/],
    ['< Success\n  SymmetricKey/KeyBlock/KeyValue/KeyMaterial: 16 bytes', /is 32 bytes/],
    ['< Success\n  SymmetricKey/KeyBlock/CryptographicAlgorithm: DES', /is 3/],
    ['< Success\n  no ObjectType', /is there/],
    ['< Success\n  Name: "x"', /is not there/],
    ['< Success\n  [Name]: "x"', /is not there/],
    ['< Success\n  count UniqueIdentifier 2', /are 1/],
    ['< Success\n  lists ObjectType SecretData', /are without SecretData/],
    ['< Success\n  UniqueIdentifier: $word', /is [0-9a-f-]{36}/],
    ['< Success\n< Success', /1 items, not 2/],
  ]
  for (const [line, problem] of cases) {
    const [told, ...more] = await play(WORD, CREATE, '> Get', '  UniqueIdentifier: $key', line)
    t.match(told, problem, line)
    t.strictSame(more, [])
  }
  t.match(await play(WORD, CREATE, '> Get', '  UniqueIdentifier: "none"', '< OperationFailed InvalidField'), [
    /NotFound/,
  ])
})

void test('a transcript that cannot be read is told, with its line', async (t) => {
  const lines = [
    'dance',
    '> Dance\n< Success',
    '> Get\n  Nothing: 1\n< Success',
    '> Get\n  UniqueIdentifier: AES\n< Success',
  ]
  for (const line of [...lines, '> Get\n< Perhaps', '> Get\n  UniqueIdentifier: $none\n< Success'])
    t.match(await play('connect', line), [/^line \d+: /], line)
  t.match(await play('> Query\n  QueryFunction: e:1\n< Success'), [/no connection/])
  t.throws(() => readTranscript('product x\n    one\n  two\n'), /line 3/)
  t.throws(() => readTranscript('title x'), /no product/)
})
