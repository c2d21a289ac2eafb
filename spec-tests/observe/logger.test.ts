import { test } from 'tap'
import fc from 'fast-check'
import { LOG_LEVELS } from '../../src/observe/log.ts'
import type { LogFields } from '../../src/observe/log.ts'
import { createLogger } from '../../src/observe/logger.ts'
import type { LoggerOptions } from '../../src/observe/logger.ts'

/** The lines that one call of the log writes. */
const lines = (fields: LogFields, options: Partial<LoggerOptions> = {}): readonly string[] => {
  const written: string[] = []
  createLogger({ level: 'debug', write: (line) => written.push(line), ...options }).info('something happened', fields)
  return written
}

const parsed = (fields: LogFields): unknown => JSON.parse(lines(fields).join(''))

/** Past the types, as a mistake would come. */
const untyped = (fields: object): LogFields => fields

/** A time such as 10:00 would look like the first byte of the secret. */
const withoutTime = (line: string): string => line.replace(/\d\d:\d\d:\d\d/, '')

void test('log: one line of JSON per event', (t) => {
  t.match(parsed({ peer: '10.0.0.7:4711', count: 3, role: undefined }), {
    level: 'info',
    event: 'something happened',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    pid: process.pid,
    peer: '10.0.0.7:4711',
    count: 3,
  })
  t.end()
})

void test('log: only fields of the list go out, and only as text, numbers and truth values', (t) => {
  const secret = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const cases: readonly object[] = [
    { keyMaterial: secret.toString('hex') },
    { uid: secret },
    { uid: { value: secret.toString('hex') } },
    { uid: [secret.toString('hex')] },
    { uid: new Uint8Array(secret) },
    { error: Object.assign(new Error('failed'), { parameters: [secret.toString('hex')] }) },
    { error: new Error('failed', { cause: secret.toString('hex') }) },
    { error: secret.toString('hex') },
    { error: { toString: () => secret.toString('hex') } },
  ]
  for (const fields of cases) {
    for (const readable of [false, true]) {
      const [line, ...more] = lines(untyped(fields), { readable })
      t.same(more, [])
      t.match(line, /something happened/)
      for (const form of [secret.toString('hex'), secret.toString('base64'), '0,1,2,3', '0:0', '[0,1'])
        t.notMatch(withoutTime(line ?? ''), form)
    }
  }
  t.end()
})

void test('log: an error goes out as name, code, message and frames', (t) => {
  const error = Object.assign(new TypeError('no such table'), { code: 'SQLITE_ERROR' })
  t.match(parsed({ error }), {
    error: 'TypeError',
    code: 'SQLITE_ERROR',
    message: 'no such table',
    at: /logger\.test\.ts/,
  })
  t.end()
})

void test('log: levels below the configured one are silent', (t) => {
  for (const level of [...LOG_LEVELS, 'silent'] as const) {
    const written: string[] = []
    const log = createLogger({ level, write: (line) => written.push(line) })
    for (const at of LOG_LEVELS) log[at]('event')
    const shown = level === 'silent' ? 0 : LOG_LEVELS.length - LOG_LEVELS.indexOf(level)
    t.equal(written.length, shown, level)
  }
  t.end()
})

void test('log: text that a client has chosen stays on its line, whatever is in it', (t) => {
  const cases = [
    { text: 'two\r\nlines', shown: 'two\\u{d}\\u{a}lines' },
    { text: '\u001b[2Jclear', shown: '\\u{1b}[2Jclear' },
    { text: 'a\u009bb\u007f', shown: 'a\\u{9b}b\\u{7f}' },
    { text: 'abc\u202ecba', shown: 'abc\\u{202e}cba' },
    { text: 'a\u2028b', shown: 'a\\u{2028}b' },
    { text: 'x'.repeat(5_000), shown: `${'x'.repeat(1_000)}...` },
    { text: 'Schlüssel 鍵', shown: 'Schlüssel 鍵' },
  ]
  for (const { text, shown } of cases) t.match(parsed({ uid: text }), { uid: shown })
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, readable) => {
      const [line = ''] = lines({ uid: text }, { readable })
      return !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line.slice(0, -1)) && line.endsWith('\n')
    }),
    { interruptAfterTimeLimit: 1_000 },
  )
  t.end()
})

void test('log: a terminal gets a readable line', (t) => {
  const [line = ''] = lines({ peer: '10.0.0.7:4711', reason: 'unknown CA', count: 2n }, { readable: true })
  t.match(
    line,
    /^\d\d:\d\d:\d\d INFO {2}something happened peer=10\.0\.0\.7:4711 reason="unknown CA" count=2\n$|count=2/,
  )
  const written: string[] = []
  const log = createLogger({ level: 'debug', readable: true, write: (text) => written.push(text) })
  log.warn('careful')
  log.error('broken')
  t.match(written[0], '\u001b[33mWARN \u001b[0m careful\n')
  t.match(written[1], '\u001b[31mERROR\u001b[0m broken\n')
  t.end()
})
