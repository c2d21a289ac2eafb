import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { test } from 'tap'
import { selfSign } from '../../certs/test-pki.ts'
import { readTranscript } from '../../conformance/products/transcript.ts'
import { PRODUCTS } from '../../src/cli/products/catalog.ts'
import { stepsOf, type Way } from '../../src/cli/products/steps.ts'
import { runCli } from '../../src/cli/run.ts'
import { memoryProgram } from './memory-program.ts'
import { recordingIo } from './recording-io.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

const TRANSCRIPTS = join(import.meta.dirname, '../../conformance/products/transcripts')

type Terminal = (question: string) => string

/** A set-up data directory, with somebody at the terminal or nobody. */
const newSite = async (terminal?: Terminal) => {
  const directory = temporaryDirectory('products')
  const program = memoryProgram(1_800_000_000)
  const run = async (...argv: readonly string[]) => {
    const recording = recordingIo()
    const io = {
      ...recording,
      ...(terminal === undefined ? {} : { secret: (question: string) => Promise.resolve(terminal(question)) }),
    }
    const code = await runCli(argv, { io, loadProgram: () => Promise.resolve(program), environment: {}, directory })
    return { code, out: recording.lines.out, err: recording.lines.err }
  }
  await run('init')
  const made = (name: string): string => join(directory, 'data/pki/clients', name)
  return { directory, program, run, made }
}

void test('kmipd client add --for: every product gets what it asks for, and at most ten steps', async (t) => {
  const { program, run, made } = await newSite()
  const endings = {
    pair: ['crt', 'key'],
    single: ['pem'],
    pkcs12: ['crt', 'p12', 'password'],
    java: ['crt', 'jks', 'password'],
  }
  for (const [name, product] of PRODUCTS) {
    const { code, out, err } = await run('client', 'add', `c-${name}`, '--for', name)
    t.strictSame([code, err], [0, []], name)
    t.strictSame(
      readdirSync(made('.'))
        .filter((file) => file.startsWith(`c-${name}.`))
        .toSorted(),
      endings[product.form].map((ending) => `c-${name}.${ending}`),
    )
    const client = (await program.directory.list()).find((known) => known.name === `c-${name}`)
    t.strictSame([client?.role, client?.profiles], ['client', product.profiles ?? []], name)
    const steps = out.slice(out.indexOf(`then, ${product.place}:`) + 1)
    t.ok(steps.length > 0 && steps.length <= 10, `${steps.length} steps`)
    t.notMatch(steps.join('\n'), /\{(host|port|ca|certificate|key|file|password|name)\}/)
  }
})

void test('kmipd client add --for: a container opens with its password, which is shown nowhere', async (t) => {
  const { run, made } = await newSite()
  const { out } = await run('client', 'add', 'array', '--for', 'dell-sc')
  const passphrase = readFileSync(made('array.password'), 'utf8').trim()
  t.ok(passphrase.length >= 20)
  t.notMatch(out.join('\n'), passphrase)
  for (const file of ['array.p12', 'array.password']) t.equal(statSync(made(file)).mode & 0o777, 0o600)
  const pfx = readFileSync(made('array.p12'))
  t.doesNotThrow(() => createSecureContext({ pfx, passphrase }))
  t.throws(() => createSecureContext({ pfx, passphrase: 'another' }))
  t.notMatch(pfx.toString('latin1'), /PRIVATE KEY/)
})

void test('kmipd client add --for: a password of the operator, from a file or from the terminal', async (t) => {
  const given = await newSite()
  writeFileSync(join(given.directory, 'secret'), 'correct horse\n')
  t.equal((await given.run('client', 'add', 'array', '--for', 'dell-sc', '--password-file', 'secret')).code, 0)
  const [asked, differing] = [await newSite(() => 'correct horse'), await newSite((question) => question)]
  t.equal((await asked.run('client', 'add', 'array', '--for', 'dell-sc')).code, 0)
  for (const { made } of [given, asked]) {
    t.doesNotThrow(() => createSecureContext({ pfx: readFileSync(made('array.p12')), passphrase: 'correct horse' }))
    t.notOk(existsSync(made('array.password')), 'what somebody knows is written nowhere')
  }
  t.match(await differing.run('client', 'add', 'array', '--for', 'dell-sc'), { code: 1, err: [/differ/] })
  t.equal(
    (await (await newSite(() => '')).run('client', 'add', 'array', '--for', 'dell-sc')).code,
    0,
    'none: one is made',
  )
  t.match(await given.run('client', 'add', 'other', '--for', 'dell-sc', '--password-file', 'absent'), { code: 1 })
})

void test('kmipd client add --for: one file with both, a request, and a certificate of the device', async (t) => {
  const { directory, run, made } = await newSite()
  await run('client', 'add', 'app', '--for', 'mongodb-drivers')
  const pem = readFileSync(made('app.pem'), 'utf8')
  t.equal(statSync(made('app.pem')).mode & 0o777, 0o600)
  t.doesNotThrow(() => createSecureContext({ cert: pem, key: pem }))
  t.equal(new X509Certificate(pem).subject, 'CN=app')
  writeFileSync(join(directory, 'vcenter.pem'), (await selfSign({ name: 'vcenter' })).cert)
  const pinned = await run('client', 'add', 'vcenter', '--for', 'vmware-vsphere', '--cert', 'vcenter.pem')
  t.match(pinned, { code: 0, out: [/added client vcenter for VMware/, /fingerprint/, /then, in the vSphere Client/] })
  t.match(pinned.out.join('\n'), /certificate that vCenter made/)
  t.notOk(existsSync(made('vcenter.crt')))
})

void test('kmipd client add --for: a form of one’s own, more profiles, and what there is not', async (t) => {
  const { program, run, made } = await newSite()
  await run('client', 'add', 'tape', '--for', 'tape-library', '--form', 'pkcs12', '--profile', 'db2-padding')
  t.ok(existsSync(made('tape.p12')))
  t.strictSame((await program.directory.list()).at(-1)?.profiles, ['db2-padding'])
  t.match(await run('client', 'add', 'x', '--for', 'nothing'), { code: 2, err: [/--for is one of .*vmware-vsphere/] })
  t.match(await run('client', 'add', 'x', '--form', 'nothing'), { code: 2, err: [/--form is one of/] })
  t.match(await run('client', 'add', 'tape', '--form', 'pkcs12'), { code: 1, err: [/exists already/] })
})

void test('products: every one with a transcript is in the catalogue, and what transcripts are called is what they play', (t) => {
  const files = readdirSync(TRANSCRIPTS)
  t.equal(files.length, 22)
  for (const file of files) {
    const { product, title } = readTranscript(readFileSync(join(TRANSCRIPTS, file), 'utf8'))
    t.equal(`${product}.kmip`, file)
    t.equal(PRODUCTS.get(product)?.title, title)
  }
  for (const product of PRODUCTS.values()) {
    for (const way of ['made', 'csr', 'pin'] satisfies Way[])
      for (const step of stepsOf(product, way, {})) t.ok(step.length <= 140, step)
  }
  t.end()
})
