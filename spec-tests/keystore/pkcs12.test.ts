import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { test } from 'tap'
import { deriveKey, PURPOSE } from '../../src/keystore/software/pkcs12/derive-key.ts'
import { readPkcs12 } from '../../src/keystore/software/pkcs12/read.ts'
import { AuthenticatedSafe, encode, Pfx } from '../../src/keystore/software/pkcs12/structures.ts'
import { writePkcs12 } from '../../src/keystore/software/pkcs12/write.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'

/* PKCS#12 containers (RFC 7292; 1.4 section 3.45, 2.1 section 4.39), against OpenSSL both ways. */

type Fixture = {
  readonly password: string
  readonly publicKey: string
  readonly containers: Readonly<Record<'modern' | 'aes128' | 'des' | 'legacy' | 'nomac' | 'iter', string>>
}

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/pkcs12.json'), 'utf8')) as Fixture
const { password } = fixture

const container = (name: keyof Fixture['containers']): Buffer => Buffer.from(fixture.containers[name], 'base64')

const spki = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')

const outcome = async (bytes: Buffer, tried = password, wanted?: string): Promise<string> => {
  try {
    await readPkcs12(bytes, tried, wanted)
    return 'opened'
  } catch (error) {
    return error instanceof KmipError ? error.reason : String(error)
  }
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const withOpenssl = hasOpenssl ? {} : { skip: 'there is no openssl command on this machine' }

void test('RFC 7292 §4, RFC 8018 §6.2: containers of OpenSSL: PBES2 with AES-256 and AES-128, 3DES of old', async (t) => {
  for (const name of ['modern', 'aes128', 'des'] as const) {
    const opened = await readPkcs12(container(name), password, undefined)
    t.equal(spki(opened.privateKey), fixture.publicKey, name)
    t.equal(opened.friendlyName, 'Alias')
    const [own, issuer, ...more] = opened.certificates.map((der) => new X509Certificate(der))
    t.ok(own?.checkPrivateKey(opened.privateKey), 'the certificate of the key comes first')
    t.ok(issuer !== undefined && own?.checkIssued(issuer), 'and then that of its issuer')
    t.same(more, [])
  }
})

void test('RFC 7292 §5: what does not open, and that a password is not told from damage', async (t) => {
  for (const name of ['modern', 'aes128', 'des', 'legacy'] as const) {
    for (const wrong of ['', 'password', `${password}\0`]) {
      t.equal(await outcome(container(name), wrong), 'BadPassword', `${name} with ${JSON.stringify(wrong)}`)
    }
  }
  t.equal(await outcome(container('legacy')), 'FeatureNotSupported', 'RC2')
  t.equal(await outcome(container('nomac')), 'FeatureNotSupported', 'nothing shows that it is whole')
  t.equal(await outcome(container('modern'), password, 'ALIAS'), 'opened', 'case says nothing (RFC 2985 §5.5.1)')
  t.equal(await outcome(container('modern'), password, 'another'), 'InvalidField')
})

void test('RFC 7292 §4: every octet of a container damaged in turn, and every length', async (t) => {
  const whole = container('aes128')
  const seen = new Set<string>()
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x55, at)
    seen.add(await outcome(damaged))
    t.equal(await outcome(whole.subarray(0, at)), 'InvalidField', `cut at ${String(at)}`)
  }
  t.same([...seen].sort(), ['BadPassword', 'FeatureNotSupported', 'InvalidField'])
  t.equal(await outcome(Buffer.concat([whole, Buffer.from([0])])), 'InvalidField', 'octets behind')
  t.equal(await outcome(Buffer.alloc(0)), 'InvalidField')
  t.equal(
    await outcome(Buffer.concat(Array<Buffer>(20_000).fill(Buffer.from('3080', 'hex')))),
    'InvalidField',
    'nested',
  )
})

/** A container with another number of iterations for its MAC. */
const withIterations = (iterations: number): Buffer => {
  const pfx = AsnConvert.parse(container('modern'), Pfx)
  if (pfx.macData !== undefined) pfx.macData.iterations = iterations
  return encode(pfx)
}

void test('1.4 §4.3 / 2.1 §6.1.43: what a container may cost is bounded', async (t) => {
  t.equal(await outcome(container('iter')), 'FeatureNotSupported', '1,500,000 iterations')
  for (const iterations of [2 ** 31, 2 ** 31 - 1, 0, -1, 2 ** 52]) {
    t.equal(await outcome(withIterations(iterations)), 'FeatureNotSupported', String(iterations))
  }
  const salted = AsnConvert.parse(container('modern'), Pfx)
  if (salted.macData !== undefined) salted.macData.macSalt = new OctetString(new ArrayBuffer(2000))
  t.equal(await outcome(encode(salted)), 'FeatureNotSupported', 'a long salt')
  const large = AsnConvert.parse(container('modern'), Pfx)
  large.authSafe.content = new Uint8Array(encode(new OctetString(new ArrayBuffer(300_000)))).buffer
  t.equal(await outcome(encode(large)), 'InvalidField', 'a container of 300 KB')
  const hollow = AsnConvert.parse(container('modern'), Pfx)
  hollow.authSafe.content = new Uint8Array(encode(new OctetString(encode(new AuthenticatedSafe([]))))).buffer
  t.equal(await outcome(encode(hollow)), 'BadPassword', 'other contents than those under the MAC')
})

void test('RFC 7292 appendix B: key derivation with SHA-1, values of two other implementations', async (t) => {
  // The values that Bouncy Castle and OpenSSL test their derivation with: password "smeg", one and many iterations.
  const rows = [
    [PURPOSE.key, '0a58cf64530d823f', 1, 24, '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
    [PURPOSE.iv, '0a58cf64530d823f', 1, 8, '79993dfe048d3b76'],
    [PURPOSE.key, '642b99ab44fb4b1f', 1, 24, 'f3a95fec48d7711e985cfe67908c5ab79fa3d7c5caa5d966'],
    [PURPOSE.mac, '3d83c0e4546ac140', 1, 20, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
  ] as const
  for (const [purpose, salt, iterations, length, expected] of rows) {
    const kdf = { hash: 'sha1', password: 'smeg', salt: Buffer.from(salt, 'hex'), iterations }
    t.equal((await deriveKey(kdf, purpose, length))?.toString('hex'), expected)
  }
})

const KEYS: readonly (readonly [string, () => KeyObject])[] = [
  ['RSA-2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ['EC P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
]

void test('RFC 7292 §5: what we make is read by us', async (t) => {
  for (const [name, make] of KEYS) {
    const privateKey = make()
    const made = await writePkcs12({ privateKey, certificates: [], friendlyName: 'Schlüssel' }, 'geheim')
    const opened = await readPkcs12(made, 'geheim', undefined)
    t.equal(spki(opened.privateKey), spki(privateKey), name)
    t.equal(opened.friendlyName, 'Schlüssel')
    t.equal(await outcome(made, 'wrong'), 'BadPassword')
  }
  const empty = await writePkcs12({ privateKey: undefined, certificates: [], friendlyName: 'x' }, 'geheim')
  t.equal(await outcome(empty, 'geheim'), 'InvalidField', 'no key in it')
})

void test('RFC 7292 §5: what we make is read by the openssl command', withOpenssl, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-pkcs12-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'made.p12')
  const { privateKey, certificates } = await readPkcs12(container('modern'), password, undefined)
  await writeFile(file, await writePkcs12({ privateKey, certificates, friendlyName: 'alias' }, 'geheim'))
  const read = (...words: readonly string[]): string =>
    execFileSync('openssl', ['pkcs12', '-in', file, '-passin', 'pass:geheim', ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const all = read('-nodes')
  t.equal(spki(createPrivateKey(all)), fixture.publicKey)
  t.equal(all.match(/BEGIN CERTIFICATE/g)?.length, 2)
  t.match(all, /friendlyName: alias/)
  t.match(all, /localKeyID/)
  t.throws(() => read('-nodes', '-passin', 'pass:wrong'), 'under no other password')
})

void test('RFC 7292 §5: what the openssl command makes is read by us', withOpenssl, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-pkcs12-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = (name: string): string => join(directory, name)
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { stdio: 'ignore' })
  }
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=x',
    '-keyout',
    path('key'),
    '-out',
    path('crt'),
  )
  const ways = [
    ['-name', 'one'],
    ['-name', 'two', '-macalg', 'sha384', '-iter', '10000'],
    ['-keypbe', 'AES-192-CBC', '-certpbe', 'NONE'],
    ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    ['-keypbe', 'NONE', '-certpbe', 'AES-256-CBC'],
  ]
  for (const way of ways) {
    const files = ['-inkey', path('key'), '-in', path('crt'), '-out', path('p12')]
    openssl('pkcs12', '-export', ...files, '-passout', 'pass:geheim', ...way)
    const opened = await readPkcs12(await readFile(path('p12')), 'geheim', undefined)
    t.ok(new X509Certificate(opened.certificates[0] ?? '').checkPrivateKey(opened.privateKey), way.join(' '))
  }
})
