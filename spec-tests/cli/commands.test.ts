import 'reflect-metadata'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { test } from 'tap'
import { authenticate, type PeerCertificate } from '../../src/access/authenticate.ts'
import { isPassword } from '../../src/access/password.ts'
import { runCli } from '../../src/cli/run.ts'
import type { ClientDirectory } from '../../src/domain/principal.ts'
import { memoryProgram, type MemoryProgram } from './memory-program.ts'
import { recordingIo } from './recording-io.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

const NOW = 1_800_000_000

type Ending = { readonly code: number; readonly out: readonly string[]; readonly err: readonly string[] }

type Site = {
  readonly directory: string
  readonly program: MemoryProgram
  readonly run: (...argv: readonly string[]) => Promise<Ending>
}

/** A working directory with a program of its own. */
const newSite = (): Site => {
  const directory = temporaryDirectory('cli')
  const program = memoryProgram(NOW)
  const run = async (...argv: readonly string[]): Promise<Ending> => {
    const io = recordingIo()
    const code = await runCli(argv, { io, loadProgram: () => Promise.resolve(program), environment: {}, directory })
    return { code, ...io.lines }
  }
  return { directory, program, run }
}

const readySite = async (): Promise<Site> => {
  const site = newSite()
  await site.run('init')
  return site
}

const peerOf = (path: string, trusted = true): PeerCertificate => {
  const certificate = new X509Certificate(readFileSync(path))
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    issuer: certificate.issuer,
    subject: certificate.subject,
    trusted,
    problem: trusted ? undefined : 'DEPTH_ZERO_SELF_SIGNED_CERT',
    validFrom: Math.floor(Date.parse(certificate.validFrom) / 1000),
    validTo: Math.floor(Date.parse(certificate.validTo) / 1000),
  }
}

/** Role and name of whoever shows that certificate. */
const shownBy = async (directory: ClientDirectory, path: string, trusted = true): Promise<string | undefined> => {
  const { principal } = await authenticate(peerOf(path, trusted), directory, 'refuse', NOW)
  return principal === undefined ? undefined : `${principal.role} ${principal.name}`
}

const requestFor = async (name: string): Promise<string> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return (await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })).toString('pem')
}

void test('kmipd init: makes data directory, certificates, root key and administrator', async (t) => {
  const { directory, program, run } = newSite()
  const { code, out } = await run('init')
  t.equal(code, 0)
  const data = join(directory, 'data')
  t.same(readdirSync(data).toSorted(), ['pki', 'root.key'])
  t.same(readdirSync(join(data, 'pki/clients')).toSorted(), ['admin.crt', 'admin.key'])
  t.equal(statSync(data).mode & 0o777, 0o700)
  t.equal(await shownBy(program.directory, join(data, 'pki/clients/admin.crt')), 'admin admin')
  for (const file of ['ca.crt', 'server.crt', 'root.key', 'admin.crt']) t.match(out.join('\n'), file)
})

void test('kmipd init: refuses to touch what is there', async (t) => {
  const { directory, run } = await readySite()
  const before = readFileSync(join(directory, 'data/pki/ca.crt'), 'utf8')
  const again = await run('init')
  t.match([again.code, again.err], [1, [/exists already; nothing was changed/]])
  t.equal(readFileSync(join(directory, 'data/pki/ca.crt'), 'utf8'), before)
})

void test('kmipd init: the passphrase file must be there', async (t) => {
  const { directory, run } = newSite()
  const { code, err } = await run('init', '--passphrase-file', 'absent')
  t.match([code, err], [2, [/--root-key-passphrase-file: .*absent cannot be read/]])
  t.same(readdirSync(directory), [])
})

void test('kmipd serve: finishes a first start that was cut short, and takes no lost root key for one', async (t) => {
  const { directory, program, run } = await readySite()
  rmSync(join(directory, 'data/pki/server.crt'))
  const restarted = await run('serve')
  t.match(restarted, { code: 1, out: [/server\.crt/], err: [/no server/] }, 'what was missing is made')
  t.equal((await program.directory.list()).length, 1, 'and no second administrator')
  writeFileSync(join(directory, 'data/kmipd.db'), '')
  rmSync(join(directory, 'data/root.key'))
  t.match(await run('serve'), { code: 1, err: [/kmipd\.db is there, but its root key .*root\.key is missing/] })
})

void test('kmipd serve: finishes a first start that was cut short before the certificate of the administrator', async (t) => {
  const before = await readySite()
  const { directory, program, run } = newSite()
  cpSync(join(before.directory, 'data'), join(directory, 'data'), { recursive: true })
  const pair = (suffix: string): string => join(directory, `data/pki/clients/admin.${suffix}`)
  const key = readFileSync(pair('key'), 'utf8')
  rmSync(pair('crt'))
  t.match(await run('serve'), { code: 1, out: [/made admin .*admin\.crt/], err: [/no server/] })
  t.equal(readFileSync(pair('key'), 'utf8'), key)
  t.ok(new X509Certificate(readFileSync(pair('crt'))).checkPrivateKey(createPrivateKey(key)))
  t.equal(await shownBy(program.directory, pair('crt')), 'admin admin')
})

void test('kmipd client: waits for the first start to have made the root key', async (t) => {
  const { directory, run } = await readySite()
  rmSync(join(directory, 'data/root.key'))
  for (const words of [['list'], ['add', 'alice']] as const) {
    t.match(await run('client', ...words), { code: 1, out: [], err: [/is not set up/] }, words[0])
  }
  t.match((await run('serve')).out, [/root\.key/])
})

void test('kmipd serve: a certificate of the operator takes the place of the own one', async (t) => {
  const other = await readySite()
  const { directory, run } = newSite()
  const pki = join(other.directory, 'data/pki')
  const own = ['--tls-certificate', join(pki, 'server.crt'), '--tls-key', join(pki, 'server.key')]
  t.match(await run('serve', ...own), { code: 1, err: [/no server/] })
  t.notOk(readdirSync(join(directory, 'data/pki')).includes('server.crt'))
  const mixed = ['--tls-certificate', join(pki, 'server.crt'), '--tls-key', join(pki, 'ca.key')]
  t.match(await run('serve', ...mixed), { code: 1, err: [/ca\.key is not the key of .*server\.crt/] })
})

void test('kmipd client add: makes key and certificate of a client', async (t) => {
  const { directory, program, run } = await readySite()
  const added = await run('client', 'add', 'alice', '--out', 'handout')
  t.match(added, { code: 0, out: ['added client alice', /alice\.crt/, /alice\.key/] })
  t.equal(statSync(join(directory, 'handout/alice.key')).mode & 0o777, 0o600)
  t.equal(await shownBy(program.directory, join(directory, 'handout/alice.crt')), 'client alice')
  t.equal((await run('client', 'add', 'root', '--admin')).code, 0)
  t.equal(await shownBy(program.directory, join(directory, 'data/pki/clients/root.crt')), 'admin root')
})

void test('kmipd client add: no name twice, and no file overwritten', async (t) => {
  const { directory, program, run } = await readySite()
  await run('client', 'add', 'alice')
  const before = readFileSync(join(directory, 'data/pki/clients/alice.key'), 'utf8')
  t.match(await run('client', 'add', 'alice'), { code: 1, err: [/alice\.crt exists already/] })
  t.match(await run('client', 'add', 'alice', '--out', 'elsewhere'), { code: 1, err: [/client alice exists already/] })
  t.equal(readFileSync(join(directory, 'data/pki/clients/alice.key'), 'utf8'), before)
  t.same(readdirSync(join(directory, 'elsewhere')), [], 'and no certificate came to exist')
  t.equal((await run('client', 'add', 'bob', '--out', 'data/root.key')).code, 1)
  t.equal((await run('client', 'add', 'bob')).code, 0, 'a name that was not given is free')
  t.equal((await program.directory.list()).length, 3)
})

void test('kmipd client add --csr: signs the key of the client, and no name of another', async (t) => {
  const { directory, program, run } = await readySite()
  writeFileSync(join(directory, 'alice.csr'), await requestFor('CN=alice-device, O=Evil'))
  const added = await run('client', 'add', 'alice', '--csr', 'alice.csr')
  t.match(added, { code: 0, out: ['added client alice', /alice\.crt/] })
  const issued = join(directory, 'data/pki/clients/alice.crt')
  t.equal(new X509Certificate(readFileSync(issued)).subject, 'CN=alice-device')
  t.equal(await shownBy(program.directory, issued), 'client alice')
  writeFileSync(join(directory, 'evil.csr'), await requestFor('CN=admin'))
  t.match(await run('client', 'add', 'evil', '--csr', 'evil.csr'), { code: 1, err: [/belongs to another client/] })
  t.notOk(readdirSync(join(directory, 'data/pki/clients')).includes('evil.crt'))
  t.match(await run('client', 'add', 'bob', '--csr', 'absent'), { code: 1, err: [/absent cannot be read/] })
  t.match(await run('client', 'add', 'bob', '--csr', 'data/pki/ca.crt'), { code: 1, err: [/no certificate signing/] })
})

void test('kmipd client add --cert: pins a certificate, whoever issued it', async (t) => {
  const other = await readySite()
  const { directory, program, run } = await readySite()
  const foreign = join(other.directory, 'data/pki/clients/admin.crt')
  t.equal(await shownBy(program.directory, foreign, false), undefined)
  const added = await run('client', 'add', 'vcenter', '--cert', foreign)
  t.match(added, { code: 0, out: ['added client vcenter', /fingerprint {2}[0-9a-f]{64}/] })
  t.equal(await shownBy(program.directory, foreign, false), 'client vcenter')
  t.match(await run('client', 'add', 'again', '--cert', foreign), { code: 1, err: [/belongs to another client/] })
  t.match(await run('client', 'add', 'x', '--cert', 'data/root.key'), { code: 1, err: [/holds no certificate/] })
  t.same(readdirSync(join(directory, 'data/pki/clients')).toSorted(), ['admin.crt', 'admin.key'])
})

void test('kmipd client set: compatibility profiles, none by default', async (t) => {
  const { program, run } = await readySite()
  const profilesOf = async (name: string) =>
    (await program.directory.list()).find((client) => client.name === name)?.profiles
  await run('client', 'add', 'plain')
  t.strictSame(await profilesOf('plain'), [])
  t.equal((await run('client', 'add', 'gate', '--profile', 'fortigate', '--profile', 'db2-padding')).code, 0)
  t.strictSame(await profilesOf('gate'), ['fortigate', 'db2-padding'])
  t.match(await run('client', 'set', 'gate', '--profile', 'pykmip'), { code: 0, out: [/gate: pykmip, from its next/] })
  t.strictSame(await profilesOf('gate'), ['pykmip'])
  t.match(await run('client', 'set', 'gate', '--profile', 'none'), { code: 0, out: [/no profile/] })
  t.strictSame(await profilesOf('gate'), [])
  for (const words of [['--profile', 'nonsense'], ['--profile', 'none', '--profile', 'pykmip'], []]) {
    t.match(await run('client', 'set', 'gate', ...words), { code: 2, err: [/--profile is/] })
  }
  t.match(await run('client', 'set', 'nobody', '--profile', 'pykmip'), { code: 1, err: [/no client nobody/] })
  t.equal((await run('client', 'add', 'other', '--profile', 'nonsense')).code, 2)
  t.equal(await profilesOf('other'), undefined)
})

void test('kmipd client list: names, roles, and who is revoked', async (t) => {
  const { program, run } = await readySite()
  await run('client', 'add', 'alice')
  await program.directory.revoke('alice', NOW)
  const { code, out } = await run('client', 'list')
  t.equal(code, 0)
  t.match(out, [
    /^NAME {3}ROLE/,
    /^admin {2}admin {3}2027-01-15 {2}valid {14}.*CN=admin/,
    /^alice {2}client {2}2027-01-15 {2}revoked 2027-01-15 {2}- {9}CN=alice/,
  ])
})

void test('kmipd selftest: says so where no server is', async (t) => {
  const { run } = await readySite()
  t.match(await run('selftest', '--port', '1'), { code: 1, out: [], err: [/no server at 127\.0\.0\.1 port 1: /] })
})

void test('kmipd user: a password comes from a file or the environment, and is nowhere to be seen', async (t) => {
  const { directory, program, run } = await readySite()
  writeFileSync(join(directory, 'password'), 'from a file\n')
  const added = await run('user', 'add', 'fred', '--password-file', 'password')
  t.match(added, { code: 0, out: ['added user fred'], err: [] })
  const fred = await program.users.find('fred')
  t.match(fred, { name: 'fred', role: 'client', version: 1, oneTime: false, device: undefined, secrets: undefined })
  t.equal(await isPassword('from a file', fred?.verifier ?? ''), true)
  t.notMatch(JSON.stringify(fred), 'from a file')
  t.match(await run('user', 'add', 'wilma', '--admin', '--password', 'x'), { code: 2 }, 'never an argument')
  t.match(await run('user', 'add', 'wilma', '--admin'), { code: 2, err: [/a password is needed/] })
  t.match(await run('user', 'add', 'wilma', '--password-file', 'absent'), { code: 1 })
  writeFileSync(join(directory, 'empty'), '\n')
  t.match(await run('user', 'add', 'wilma', '--password-file', 'empty'), { code: 1, err: [/empty/] })
  t.match(await run('user', 'add', 'fred', '--password-file', 'password'), { code: 1, err: [/exists already/] })
  t.match(await run('user', 'add', 'a', '--otp', '--media-identifier', 'M', '--password-file', 'password'), { code: 2 })
  t.match(await run('user', 'add', 'array', '--media-identifier', 'M', '--password-file', 'password'), { code: 0 })
  t.match((await run('user', 'list')).out, [/NAME/, /fred .*client .*valid .*password/, /array .*identifiers/])
})

void test('kmipd user: password, revoke, remove', async (t) => {
  const { directory, program, run } = await readySite()
  writeFileSync(join(directory, 'first'), 'first')
  writeFileSync(join(directory, 'second'), 'second')
  await run('user', 'add', 'fred', '--password-file', 'first')
  t.match(await run('user', 'password', 'fred', '--password-file', 'second'), { code: 0 })
  const fred = await program.users.find('fred')
  t.equal(fred?.version, 2)
  t.equal(await isPassword('second', fred?.verifier ?? ''), true)
  t.equal(await isPassword('first', fred?.verifier ?? ''), false)
  t.match(await run('user', 'revoke', 'fred'), { code: 0, out: ['revoked user fred'] })
  t.equal((await program.users.find('fred'))?.revokedAt, NOW)
  t.match(await run('user', 'remove', 'fred'), { code: 0 })
  t.equal(await program.users.find('fred'), undefined)
  for (const words of [['revoke'], ['remove'], ['password', '--password-file', 'first']]) {
    const [command = '', ...flags] = words
    t.match(await run('user', command, 'fred', ...flags), { code: 1, err: ['kmipd: there is no user fred'] }, command)
  }
})

void test('kmipd client: revoke and remove', async (t) => {
  const { directory, program, run } = await readySite()
  const certificate = join(directory, 'data/pki/clients/array.crt')
  await run('client', 'add', 'array')
  t.match(await run('client', 'revoke', 'array'), { code: 0, out: ['revoked client array'] })
  t.equal(await shownBy(program.directory, certificate), undefined)
  t.match(await run('client', 'remove', 'array'), { code: 0, out: ['removed client array'] })
  t.match(await run('client', 'remove', 'array'), { code: 1, err: ['kmipd: there is no client array'] })
  t.match(await run('client', 'revoke', 'array'), { code: 1 })
  t.match(await run('client', 'remove', 'admin'), { code: 1, err: [/only administrator/] })
  await run('client', 'add', 'boss', '--admin')
  t.match(await run('client', 'remove', 'admin'), { code: 0 })
})

void test('kmipd client add --principal: several certificates, one owner', async (t) => {
  const { directory, program, run } = await readySite()
  writeFileSync(join(directory, 'password'), 'secret')
  await run('client', 'add', 'array')
  await run('user', 'add', 'fred', '--admin', '--password-file', 'password')
  t.match(await run('client', 'add', 'second', '--principal', 'array'), { code: 0, out: [/^added client second/] })
  t.match(await run('client', 'add', 'fred-laptop', '--principal', 'fred'), {
    code: 0,
    out: [/^added admin fred-laptop/],
  })
  const clients = await program.directory.list()
  const idOf = (name: string) => clients.find((client) => client.name === name)?.id
  t.equal(idOf('second'), idOf('array'))
  t.equal(idOf('fred-laptop'), (await program.users.find('fred'))?.id)
  t.match(await run('client', 'add', 'third', '--principal', 'nobody'), { code: 1, err: [/no client or user nobody/] })
  t.match(await run('client', 'add', 'third', '--principal', 'array', '--admin'), { code: 2 })
})
