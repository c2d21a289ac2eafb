import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import { ConfigError, type Problem } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

type Given = {
  readonly toml?: string
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: Readonly<Record<string, string>>
  readonly file?: string
}

const newDirectory = (): string => temporaryDirectory('config')

/** Loads in `directory`; `toml` is written to the file that is named, or to data/kmipd.toml of KMIPD_DATA. */
const load = (given: Given, directory = newDirectory()): Config => {
  const file = given.toml === undefined ? given.file : join(directory, 'some.toml')
  if (given.toml !== undefined) writeFileSync(join(directory, 'some.toml'), given.toml)
  return loadConfig({ flags: given.flags ?? {}, environment: given.env ?? {}, directory, file })
}

const problemsOf = (given: Given, directory?: string): readonly Problem[] => {
  try {
    load(given, directory)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

void test('configuration: every setting has a default', (t) => {
  const directory = newDirectory()
  t.match(load({}, directory), {
    data: join(directory, 'data'),
    host: undefined,
    port: 5696,
    logLevel: 'info',
    limits: { handshakeTimeout: 5, requestTimeout: 30, idleTimeout: 600, messageSize: 1024 * 1024 },
    tls: {
      certificate: undefined,
      key: undefined,
      furtherCertificates: [],
      furtherKeys: [],
      clientCas: [],
      legacySuites: false,
    },
    access: { unregistered: 'refuse', credentials: 'known', ticketLifetime: 86_400 },
  })
  t.end()
})

void test('configuration: defaults < kmipd.toml < environment < flags', (t) => {
  const toml = 'port = 1001\n[limits]\nidle-timeout = 11\n'
  const env = { KMIPD_PORT: '1002', KMIPD_LIMITS_IDLE_TIMEOUT: '12' }
  const cases: readonly (readonly [string, Given, number, number])[] = [
    ['nothing', {}, 5696, 600],
    ['file', { toml }, 1001, 11],
    ['file and environment', { toml, env }, 1002, 12],
    ['file and flags', { toml, flags: { port: '1003' } }, 1003, 11],
    ['all three', { toml, env, flags: { port: '1003', 'limits.idle-timeout': '13' } }, 1003, 13],
    ['an empty variable is absent', { toml, env: { KMIPD_PORT: '' } }, 1001, 11],
  ]
  for (const [title, given, port, idleTimeout] of cases) {
    const config = load(given)
    t.same([config.port, config.limits.idleTimeout], [port, idleTimeout], title)
  }
  t.end()
})

void test('configuration: text sources become numbers, truth values and lists', (t) => {
  const directory = newDirectory()
  const env = { KMIPD_PORT: '0', KMIPD_TLS_LEGACY_SUITES: 'true', KMIPD_TLS_CLIENT_CAS: 'a.pem, /b.pem' }
  const config = load({ env }, directory)
  t.same([config.port, config.tls.legacySuites, config.tls.clientCas], [0, true, [join(directory, 'a.pem'), '/b.pem']])
  t.end()
})

void test('configuration: kmipd.toml in the data directory is found, and KMIPD_CONFIG names another', (t) => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'kmipd.toml'), 'port = 7001\n[tls]\nclient-cas = ["ca.pem"]\n')
  writeFileSync(join(directory, 'other.toml'), 'port = 7002\ndata = "here"\n')
  const found = load({ env: { KMIPD_DATA: directory } })
  t.same([found.port, found.tls.clientCas], [7001, [join(directory, 'ca.pem')]], 'paths start at the file')
  const named = load({ env: { KMIPD_DATA: directory, KMIPD_CONFIG: join(directory, 'other.toml') } })
  t.same([named.port, named.data], [7002, directory], 'the variable for data is stronger than the file')
  t.equal(load({ file: join(directory, 'other.toml') }).data, join(directory, 'here'))
  t.end()
})

void test('configuration: a file in the data directory cannot move the data directory', (t) => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'kmipd.toml'), 'data = "elsewhere"\n')
  const [problem] = problemsOf({ env: { KMIPD_DATA: directory } })
  t.equal(problem?.origin, `${join(directory, 'kmipd.toml')}: data`)
  t.end()
})

void test('configuration: all problems at once, each with its place', (t) => {
  const directory = newDirectory()
  const file = join(directory, 'some.toml')
  const problems = problemsOf(
    {
      toml: 'prot = 1\nlog-level = "loud"\nlimits = 3\n[tls]\nlegacy-suites = "yes"\n[tsl]\nkey = "x"\n',
      env: { KMIPD_PROT: '1', KMIPD_LIMITS_MESSAGE_SIZE: '7', KMIPD_ROOT_KEY_PASSPHRASE_FILE: 'absent' },
      flags: { port: '70000', nonsense: '1' },
    },
    directory,
  )
  t.same(
    problems.map(({ origin }) => origin).toSorted(),
    [
      '--port',
      'KMIPD_LIMITS_MESSAGE_SIZE',
      'KMIPD_PROT',
      'KMIPD_ROOT_KEY_PASSPHRASE_FILE',
      `${file}: limits`,
      `${file}: log-level`,
      `${file}: prot`,
      `${file}: tls.legacy-suites`,
      `${file}: tsl`,
      'nonsense',
    ].toSorted(),
  )
  t.ok(problems.every(({ message }) => message.length > 0))
  t.end()
})

void test('configuration: values that are refused', (t) => {
  const cases: readonly (readonly [string, Given, string])[] = [
    ['a number that is none', { env: { KMIPD_PORT: '12x' } }, 'KMIPD_PORT'],
    ['a fraction', { env: { KMIPD_PORT: '1.5' } }, 'KMIPD_PORT'],
    ['a truth value that is none', { env: { KMIPD_TLS_LEGACY_SUITES: '1' } }, 'KMIPD_TLS_LEGACY_SUITES'],
    ['a choice that is none', { flags: { 'access.unregistered': 'maybe' } }, '--access-unregistered'],
    ['a weak value that is overruled', { env: { KMIPD_PORT: '-1' }, flags: { port: '1' } }, 'KMIPD_PORT'],
    ['a time longer than a timer runs', { env: { KMIPD_LIMITS_IDLE_TIMEOUT: '2147484' } }, 'KMIPD_LIMITS_IDLE_TIMEOUT'],
    ['a certificate without its key', { env: { KMIPD_TLS_CERTIFICATE: 'a' } }, 'tls.key'],
    ['a key without its certificate', { env: { KMIPD_TLS_KEY: 'a' } }, 'tls.certificate'],
    [
      'a further certificate without its key',
      { env: { KMIPD_TLS_CERTIFICATE: 'a', KMIPD_TLS_KEY: 'a', KMIPD_TLS_FURTHER_CERTIFICATES: 'b' } },
      'tls.further-keys',
    ],
    ['more per address than in all', { env: { KMIPD_LIMITS_CONNECTIONS: '5' } }, 'limits.connections-per-address'],
    ['a database that is none', { env: { KMIPD_DATABASE_URL: 'mysql://h/d' } }, 'database.url'],
  ]
  for (const [title, given, origin] of cases)
    t.same(
      problemsOf(given).map((problem) => problem.origin),
      [origin],
      title,
    )
  t.end()
})

void test('configuration: a file that is no TOML, and one that is not there', (t) => {
  const directory = newDirectory()
  const [broken] = problemsOf({ toml: 'port = \n' }, directory)
  t.ok(broken?.origin.startsWith(`${join(directory, 'some.toml')}:1:`), 'with line and column')
  t.same(
    problemsOf({ file: '/nowhere/kmipd.toml' }).map(({ origin }) => origin),
    ['/nowhere/kmipd.toml'],
  )
  t.end()
})

void test('configuration: slips are pointed out', (t) => {
  t.match(problemsOf({ env: { KMIPD_LOGLEVEL: 'info' } }), [{ message: /KMIPD_LOG_LEVEL/ }])
  t.match(problemsOf({ toml: '[limits]\nidle-timout = 1\n' }), [{ message: /limits\.idle-timeout/ }])
  t.end()
})

void test('configuration: secrets come from the environment or a file only, and do not show', (t) => {
  const directory = newDirectory()
  const secret = 'correct horse'
  writeFileSync(join(directory, 'passphrase'), `${secret}\n`)
  const fromFile = load({ flags: { 'root-key.passphrase-file': 'passphrase' } }, directory)
  t.equal(fromFile.rootKey.passphrase?.reveal(), secret, 'without the line break at the end')
  const fromVariable = load({ env: { KMIPD_ROOT_KEY_PASSPHRASE: secret } })
  t.equal(fromVariable.rootKey.passphrase?.reveal(), secret)
  for (const shown of [JSON.stringify(fromFile), inspect(fromFile, { depth: 9 }), String(fromFile.rootKey.passphrase)])
    t.notMatch(shown, secret)
  const [inToml] = problemsOf({ toml: `[root-key]\npassphrase = "${secret}"\n` })
  t.match(inToml?.message, 'KMIPD_ROOT_KEY_PASSPHRASE')
  t.notMatch(inToml?.message, secret)
  t.match(problemsOf({ flags: { 'root-key.passphrase': secret } }), [{ origin: '--root-key-passphrase' }])
  t.end()
})

void test('configuration: a secret given twice in one source is refused; the stronger of two sources wins', (t) => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'passphrase'), 'from the file')
  const env = { KMIPD_ROOT_KEY_PASSPHRASE: 'from the variable' }
  t.equal(problemsOf({ env: { ...env, KMIPD_ROOT_KEY_PASSPHRASE_FILE: 'passphrase' } }, directory).length, 1)
  const config = load({ env, flags: { 'root-key.passphrase-file': 'passphrase' } }, directory)
  t.equal(config.rootKey.passphrase?.reveal(), 'from the file')
  writeFileSync(join(directory, 'passphrase'), '\n')
  t.match(problemsOf({ flags: { 'root-key.passphrase-file': 'passphrase' } }, directory), [{ message: /is empty/ }])
  t.end()
})

void test('configuration: frozen to the bottom', (t) => {
  const config = load({})
  for (const part of [config, config.limits, config.tls, config.tls.clientCas]) t.ok(Object.isFrozen(part))
  t.end()
})
