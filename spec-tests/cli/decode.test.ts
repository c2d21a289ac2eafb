import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'tap'
import { runCli } from '../../src/cli/run.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { recordingIo } from './recording-io.ts'

/* `kmipd decode`: there is no program behind it, so a server it cannot need. */

const REQUEST =
  '4200780100000078420077010000003842006901000000204200' +
  '6a0200000004000000010000000042006b0200000004000000040000000042000d0200000004000000010000000042000f01000000' +
  '3042005c05000000040000000a0000000042007901000000184200940700000009736f6d652d6b65792100000000000000'

const WITH_KEY = '42004001000000104200430800000008736563726574210a'

const decode = async (input: Buffer | string | readonly Buffer[], ...words: readonly string[]) => {
  const io = recordingIo(Array.isArray(input) ? (input as Buffer[]) : [Buffer.from(input as string)])
  const code = await runCli(['decode', ...words], {
    io,
    loadProgram: () => Promise.reject(new Error('no program')),
    environment: {},
    directory: temporaryDirectory('decode'),
  })
  return { code, out: io.lines.out.join('\n'), err: io.lines.err.join('\n'), bytes: Buffer.concat(io.written) }
}

const message = Buffer.from(REQUEST, 'hex')

void test('AME §4, §6: each form is recognised and turned into each other', async (t) => {
  const forms: Record<string, Buffer | string> = { binary: message }
  for (const form of ['hex', 'base64', 'json', 'xml']) forms[form] = (await decode([message], '--to', form)).out
  for (const [from, input] of Object.entries(forms)) {
    for (const words of [[], ['--from', from]]) {
      const text = await decode([Buffer.from(input)], ...words)
      t.match(text, { code: 0, err: '' }, from)
      t.match(text.out, /^RequestMessage\n {2}RequestHeader\n/)
      t.match(text.out, 'Operation (Enumeration): Get')
      t.same((await decode([Buffer.from(input)], '--to', 'binary', ...words)).bytes, message)
      for (const to of ['hex', 'base64', 'json', 'xml'])
        t.equal((await decode([Buffer.from(input)], '--to', to, ...words)).out, forms[to], `${from} to ${to}`)
    }
  }
})

void test('kmipd decode: hex as people keep it: lines, blanks, colons, prefixes, comments, directions', async (t) => {
  const pairs = REQUEST.match(/../g) ?? []
  for (const input of [
    REQUEST.toUpperCase(),
    `0x${REQUEST}`,
    pairs.join(' '),
    pairs.join(':'),
    pairs.map((pair) => `0x${pair}`).join(', '),
    `# a comment\n\n${REQUEST.slice(0, 40)}\n  ${REQUEST.slice(40)}\r\n`,
    `21 > ${REQUEST}\n`,
  ])
    t.equal((await decode(input, '--to', 'hex')).out, REQUEST, input.slice(0, 60))
})

void test('kmipd decode: several messages one after the other, from a file or from a pipe', async (t) => {
  const json = (await decode([message], '--to', 'json')).out
  const xml = (await decode([message], '--to', 'xml')).out
  for (const input of [
    Buffer.concat([message, message]),
    `${REQUEST}\n${REQUEST}`,
    `21 > ${REQUEST}\n21 < ${REQUEST}`,
    `${json}\n${json}`,
    `${xml}${xml}`,
    `<?xml version="1.0"?>${xml}<!-- and -->${xml}`,
    `<KMIP>${xml}${xml}</KMIP>`,
  ]) {
    const { code, out } = await decode([Buffer.from(input)], '--to', 'hex')
    t.same([code, out], [0, `${REQUEST}\n${REQUEST}`], input.toString('latin1').slice(0, 30))
  }
  t.match((await decode([message, message])).out, /\n\nRequestMessage/)
  const path = join(temporaryDirectory('decode-file'), 'message.bin')
  writeFileSync(path, message)
  t.equal((await decode('', path, '--to', 'hex')).out, REQUEST)
  t.equal((await decode([message.subarray(0, 5), message.subarray(5)], '-', '--to', 'hex')).out, REQUEST)
})

void test('kmipd decode: secrets are hidden unless they are asked for', async (t) => {
  for (const to of ['text', 'xml', 'json', 'hex', 'base64', 'binary']) {
    const { code, out, err, bytes } = await decode(WITH_KEY, '--to', to)
    const shown = out + bytes.toString('latin1')
    t.equal(code, 0)
    t.notMatch(shown, /736563726574|secret|c2VjcmV0/, to)
    t.match(err, '1 secret value is hidden; --secrets shows them')
    const open = await decode(WITH_KEY, '--to', to, '--secrets')
    t.equal(open.err, '')
    t.match(open.out + open.bytes.toString('latin1'), /736563726574|secret|[A-Za-z0-9+/=]{30}/, to)
  }
})

void test('kmipd decode: damage is told with its place, and what came before it is shown', async (t) => {
  const cut = await decode([message.subarray(0, 100)])
  t.equal(cut.code, 1)
  t.match(cut.out, 'ProtocolVersionMinor (Integer): 4')
  t.match(cut.out, 'Operation (Enumeration): Get')
  t.match(cut.err, 'message 1: a structure of 120 bytes, of which 92 are there at offset 0, in RequestMessage')
  t.match(cut.err, /at offset 96, in RequestMessage \/ BatchItem/)
  t.match(cut.err, '1 of 1 message damaged')
  t.match(await decode(REQUEST.slice(0, 201)), { code: 1, err: /no hexadecimal digits after 100 bytes/ })

  const changed = Buffer.from(message)
  changed[83] = 0x0f
  const next = await decode([changed, message])
  t.equal(next.code, 1)
  t.match(next.err, 'message 1: unknown item type 15 at offset 80, in RequestMessage / BatchItem / Operation')
  t.match(next.out, 'UniqueIdentifier', 'the next message is whole')

  const json = (await decode([message], '--to', 'json')).out
  const broken = await decode(json.slice(0, json.indexOf('Operation') + 3))
  t.equal(broken.code, 1)
  t.match(broken.out, 'ProtocolVersionMinor (Integer): 4')
  t.match(broken.err, /a string without an end at offset \d+, in RequestMessage \/ BatchItem/)
  const unknown = await decode(json.replace('"Get"', '"Fly"'))
  t.match(unknown.out, 'BatchCount (Integer): 1')
  t.match(unknown.err, /not a value of type Enumeration at offset \d+, in RequestMessage \/ BatchItem \/ Operation/)
  const xml = (await decode([message], '--to', 'xml')).out
  const open = await decode(xml.slice(0, xml.indexOf('<Operation') + 15))
  t.match(open.out, 'BatchCount (Integer): 1')
  t.match(open.err, /not well-formed at offset \d+, in RequestMessage \/ BatchItem/)
})

void test('kmipd decode: what XML cannot hold is said, and the other messages are shown', async (t) => {
  const odd = Buffer.from('42000a070000000100'.padEnd(32, '0'), 'hex')
  const { code, out, err } = await decode([odd, message], '--to', 'xml')
  t.equal(code, 1)
  t.match(err, 'message 1: a value that has no form in this encoding')
  t.match(out, /^<RequestMessage>/)
})

void test('kmipd decode: wrong use is told as such', async (t) => {
  for (const [input, ...words] of [
    [''],
    ['what is this?'],
    ['', '/no/such/file'],
    [REQUEST, '--to', 'yaml'],
    [REQUEST, '--from', 'yaml'],
    [REQUEST, '-', 'more'],
  ] as const)
    t.match(await decode(input, ...words), { code: 2, err: /^kmipd: / }, words.join(' ') || input)
})

void test('kmipd decode: whatever the input is, it is decoded, refused or called damaged', async (t) => {
  const cut = fc
    .tuple(
      fc.constantFrom(REQUEST, message.toString('latin1'), '{"tag":"BatchItem","value":[', '<BatchItem>'),
      fc.nat(300),
    )
    .map(([text, at]) => Buffer.from(text.slice(0, at), 'latin1'))
  const input = fc.oneof(
    cut,
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  )
  await fc.assert(
    fc.asyncProperty(input, fc.constantFrom('text', 'json', 'xml', 'hex'), async (bytes, to) => {
      const { code, err } = await decode([bytes], '--to', to)
      return [0, 1, 2].includes(code) && (code === 0 || err.startsWith('kmipd: '))
    }),
    { numRuns: 500, interruptAfterTimeLimit: 5_000 },
  )
  t.pass('and nothing else happens')
})
