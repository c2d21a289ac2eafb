import 'reflect-metadata'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  X509Certificate as ParsedCertificate,
} from '@peculiar/x509'
import fc from 'fast-check'
import { test } from 'tap'
import { ensureAuthority, readAuthority } from '../../src/pki/authority.ts'
import { readCertificateRequest } from '../../src/pki/certificate-request.ts'
import { checkClientName, pairFiles, writeClientFiles } from '../../src/pki/client-certificate.ts'
import { createFile, makeDirectory, MODE, replaceFile } from '../../src/pki/files.ts'
import { expiryOf, type HostNames, issueClientCertificate, issueServerCertificate } from '../../src/pki/issue.ts'
import { ensureKey, keyPem, makeKey, publicKeyOf } from '../../src/pki/key-pair.ts'
import { localHosts } from '../../src/pki/local-hosts.ts'
import { PkiError } from '../../src/pki/pki-error.ts'
import { type PkiPaths, pairPaths, pkiPaths } from '../../src/pki/pki-paths.ts'
import { ensureServerCertificate } from '../../src/pki/server-certificate.ts'
import { readServerCertificates } from '../../src/pki/server-certificates.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

const NOW = 1_800_000_000
const DAY = 24 * 60 * 60

const HOSTS: HostNames = { names: ['kms.example', 'localhost'], addresses: ['127.0.0.1', '::1', '192.0.2.7'] }

const newPaths = async (): Promise<PkiPaths> => {
  const paths = pkiPaths(join(temporaryDirectory('pki'), 'pki'))
  await makeDirectory(paths.directory)
  return paths
}

const madePaths = async (): Promise<PkiPaths> => {
  const paths = await newPaths()
  await ensureAuthority(paths.authority, NOW)
  await ensureServerCertificate(paths, HOSTS, NOW)
  return paths
}

const certificateIn = (path: string): X509Certificate => new X509Certificate(readFileSync(path))

const modeOf = (path: string): number => statSync(path).mode & 0o777

const requestFor = async (name: string, rsa = 0): Promise<string> => {
  const algorithm =
    rsa === 0
      ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
      : {
          name: 'RSASSA-PKCS1-v1_5',
          hash: 'SHA-256',
          modulusLength: rsa,
          publicExponent: new Uint8Array([1, 0, 1]),
        }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error('no pair')
  return (await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })).toString('pem')
}

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

void test('RFC 5280 §4.2: the authority issues end certificates for ten years', async (t) => {
  const paths = await madePaths()
  const { certificate } = await readAuthority(paths.authority)
  t.ok(certificate.ca)
  t.ok(certificate.verify(certificate.publicKey), 'signed by itself')
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.ok(expiryOf(certificate) >= NOW + 3650 * DAY)
  t.match(certificate.subject, /^CN=kmipd CA [0-9a-f]{16}$/)
  const another = await readAuthority((await madePaths()).authority)
  t.not(another.certificate.subject, certificate.subject, 'no two authorities have one name')
})

void test('RFC 5280 §4.2: the server certificate names everything the server is called', async (t) => {
  const paths = await madePaths()
  const { certificate: authority } = await readAuthority(paths.authority)
  const server = certificateIn(paths.server.certificate)
  t.ok(server.checkIssued(authority) && server.verify(authority.publicKey))
  t.notOk(server.ca)
  for (const name of HOSTS.names) t.equal(server.checkHost(name), name)
  for (const address of HOSTS.addresses) t.equal(server.checkIP(address), address)
  t.equal(server.checkHost('other.example'), undefined)
  t.same(server.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], 'serverAuth, and clientAuth to dial with')
})

void test('RFC 5280 §4.2: a client certificate is for clients only and carries the name', async (t) => {
  const { authority: paths } = await madePaths()
  const authority = await readAuthority(paths)
  for (const name of ['alice', 'Zoë, O=Evil + "quoted" \\', 'a=b\nCN=admin']) {
    const client = await issueClientCertificate(authority, publicKeyOf(makeKey()), name, NOW)
    t.same(client.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'clientAuth')
    const commonName: unknown = client.toLegacyObject().subject.CN
    t.equal(commonName, name)
    t.equal(Object.keys(client.toLegacyObject().subject).length, 1, 'and nothing else')
    t.notOk(client.subject.split('\n').includes('CN=admin'), 'no name within the name')
  }
})

void test('RFC 5280 §4.1.2.2: serial numbers are positive, 128 bits long, and never the same', async (t) => {
  const { authority: paths } = await madePaths()
  const authority = await readAuthority(paths)
  const publicKey = publicKeyOf(makeKey())
  const serials = new Set<string>()
  for (let i = 0; i < 50; i += 1) {
    const { serialNumber } = await issueClientCertificate(authority, publicKey, 'alice', NOW)
    t.match(serialNumber, /^[4-7][0-9A-F]{31}$/)
    serials.add(serialNumber)
  }
  t.equal(serials.size, 50)
})

const withoutOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'

void test('RFC 5280 §6: OpenSSL verifies the chain', { skip: withoutOpenssl }, async (t) => {
  const paths = await madePaths()
  const authority = await readAuthority(paths.authority)
  const client = join(paths.directory, 'client.crt')
  writeFileSync(client, (await issueClientCertificate(authority, publicKeyOf(makeKey()), 'alice', NOW)).toString())
  const verify = (purpose: string, file: string, ...more: readonly string[]) =>
    spawnSync('openssl', [
      ...['verify', '-x509_strict', '-attime', String(NOW), '-CAfile', paths.authority.certificate],
      ...['-purpose', purpose, ...more, file],
    ]).status
  t.equal(verify('sslserver', paths.server.certificate, '-verify_hostname', 'localhost'), 0)
  t.equal(verify('sslclient', client), 0)
  t.not(verify('sslserver', client), 0, 'a client certificate is none of a server')
})

void test('certificates: nothing outlives its authority', async (t) => {
  const { authority: paths } = await madePaths()
  const authority = await readAuthority(paths)
  const late = NOW + 3649 * DAY
  const client = await issueClientCertificate(authority, publicKeyOf(makeKey()), 'alice', late)
  const server = await issueServerCertificate(authority, publicKeyOf(makeKey()), HOSTS, late)
  t.equal(expiryOf(client), expiryOf(authority.certificate))
  t.equal(expiryOf(server), expiryOf(authority.certificate))
})

void test('files: keys are 0600, directories 0700, and no temporary file stays', async (t) => {
  const paths = await madePaths()
  const issued = { certificate: certificateIn(paths.server.certificate), keyPem: keyPem(makeKey()) }
  const files = await writeClientFiles(paths.clients, 'alice', pairFiles(issued))
  for (const key of [paths.authority.key, paths.server.key, files.get('key') ?? '']) t.equal(modeOf(key), 0o600, key)
  for (const directory of [paths.directory, paths.clients]) t.equal(modeOf(directory), 0o700, directory)
  t.same(readdirSync(paths.directory).toSorted(), ['ca.crt', 'ca.key', 'clients', 'server.crt', 'server.key'])
  t.same(readdirSync(paths.clients).toSorted(), ['alice.crt', 'alice.key'])
})

void test('files: what is there is never overwritten, and only what is renewed is replaced', async (t) => {
  const paths = await newPaths()
  const file = join(paths.directory, 'file')
  t.equal(await createFile(file, 'first', MODE.secret), true)
  t.equal(await createFile(file, 'second', MODE.secret), false)
  t.equal(readFileSync(file, 'utf8'), 'first')
  await replaceFile(file, 'third', MODE.secret)
  t.equal(readFileSync(file, 'utf8'), 'third')
  t.same(readdirSync(paths.directory), ['file'])
  const keys = await Promise.all(Array.from({ length: 4 }, () => ensureKey(join(paths.directory, 'raced.key'))))
  t.equal(new Set(keys.map(keyPem)).size, 1, 'of several that come at once, all get the same key')
})

void test('files: a client that is there already keeps its files', async (t) => {
  const paths = await madePaths()
  const issued = { certificate: certificateIn(paths.server.certificate), keyPem: keyPem(makeKey()) }
  await makeDirectory(paths.clients)
  const alice = pairPaths(paths.clients, 'alice')
  writeFileSync(alice.certificate, 'precious')
  await t.rejects(writeClientFiles(paths.clients, 'alice', pairFiles(issued)), PkiError)
  t.same(readdirSync(paths.clients), ['alice.crt'], 'and no key is left beside them')
  t.equal(readFileSync(alice.certificate, 'utf8'), 'precious')
})

void test('authority: made once, and never made anew beside what is there', async (t) => {
  const paths = await madePaths()
  const before = readFileSync(paths.authority.certificate, 'utf8')
  t.equal(await ensureAuthority(paths.authority, NOW), false)
  unlinkSync(paths.authority.key)
  t.equal(await ensureAuthority(paths.authority, NOW), false, 'the operator may keep the key elsewhere')
  t.equal(readFileSync(paths.authority.certificate, 'utf8'), before)
  await t.rejects(readAuthority(paths.authority), { message: /ca\.key is missing/ })
})

void test('authority: a start that was cut short is finished with the key that is there', async (t) => {
  const paths = await newPaths()
  const key = await ensureKey(paths.authority.key)
  t.equal(await ensureAuthority(paths.authority, NOW), true)
  t.ok(certificateIn(paths.authority.certificate).checkPrivateKey(key))
})

void test('authority: files that do not belong together, or are something else, are refused', async (t) => {
  const paths = await madePaths()
  writeFileSync(paths.authority.key, keyPem(makeKey()))
  await t.rejects(readAuthority(paths.authority), { message: /is not the key of/ })
  writeFileSync(paths.authority.key, 'nonsense')
  await t.rejects(readAuthority(paths.authority), { message: /no private key/ })
  writeFileSync(paths.authority.certificate, 'nonsense')
  await t.rejects(readAuthority(paths.authority), { message: /no certificate/ })
})

void test('server certificate: renewed in its last 30 days, when an address is new, and when it lost its key', async (t) => {
  const paths = await madePaths()
  const expiry = expiryOf(certificateIn(paths.server.certificate))
  t.equal(await ensureServerCertificate(paths, HOSTS, expiry - 31 * DAY), 'kept')
  t.equal(await ensureServerCertificate(paths, HOSTS, expiry - 29 * DAY), 'renewed')
  t.ok(expiryOf(certificateIn(paths.server.certificate)) > expiry)
  const fewer = { names: ['localhost'], addresses: ['127.0.0.1'] }
  t.equal(await ensureServerCertificate(paths, fewer, NOW), 'kept', 'more names than needed do no harm')
  const moved = { ...HOSTS, addresses: [...HOSTS.addresses, '192.0.2.8'] }
  t.equal(await ensureServerCertificate(paths, moved, NOW), 'renewed')
  const key = readFileSync(paths.server.key, 'utf8')
  t.ok(certificateIn(paths.server.certificate).checkPrivateKey(createPrivateKey(key)), 'with the key it had')
  unlinkSync(paths.server.key)
  t.equal(await ensureServerCertificate(paths, moved, NOW), 'renewed')
})

void test('RFC 5280 §4.2.1.3: the RSA certificate of the server may transport keys, the other one may not', async (t) => {
  const paths = await madePaths()
  t.equal(await ensureServerCertificate(paths, HOSTS, NOW, 'rsa'), 'made')
  t.equal(await ensureServerCertificate(paths, HOSTS, NOW, 'rsa'), 'kept')
  const usageOf = (path: string) => new ParsedCertificate(readFileSync(path)).getExtension(KeyUsagesExtension)?.usages
  t.equal(usageOf(paths.serverRsa.certificate), KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment)
  t.equal(usageOf(paths.server.certificate), KeyUsageFlags.digitalSignature)
  const { further } = await readServerCertificates(paths, undefined, [], [paths.serverRsa])
  t.same(
    further.map(({ key }) => key),
    [readFileSync(paths.serverRsa.key, 'utf8')],
  )
  const twice = readServerCertificates(paths, undefined, [], [paths.serverRsa, paths.serverRsa])
  await t.rejects(twice, { message: /same kind/ })
})

void test('server certificate: names of this machine', async (t) => {
  const paths = await newPaths()
  await ensureAuthority(paths.authority, NOW)
  t.equal(await ensureServerCertificate(paths, localHosts(), NOW), 'made')
  t.equal(await ensureServerCertificate(paths, localHosts(), NOW), 'kept')
  t.equal(certificateIn(paths.server.certificate).checkHost('localhost'), 'localhost')
})

void test('server certificates: own files and further authorities are read and checked', async (t) => {
  const paths = await madePaths()
  const other = await madePaths()
  const read = (own = paths.server, cas: readonly string[] = []) => readServerCertificates(paths, own, cas)
  t.same((await read(other.server, [other.authority.certificate])).ca, [
    readFileSync(paths.authority.certificate, 'utf8'),
    readFileSync(other.authority.certificate, 'utf8'),
  ])
  await t.rejects(read({ certificate: paths.server.certificate, key: other.server.key }), { message: /not the key of/ })
  await t.rejects(read(paths.server, [join(paths.directory, 'absent')]), { message: /cannot be read/ })
  await t.rejects(read(paths.server, [paths.server.key]), { message: /holds no certificate/ })
})

void test('RFC 2986: of a certificate request only the key and the Common Name are taken', async (t) => {
  const request = await readCertificateRequest(await requestFor('CN=alice, O=Evil, OU=Admins'))
  t.equal(request.commonName, 'alice')
  t.equal((await readCertificateRequest(await requestFor('O=Nobody'))).commonName, undefined)
  await t.rejects(readCertificateRequest(await requestFor('CN=a, CN=b')), { message: /several Common Names/ })
  await t.rejects(readCertificateRequest(await requestFor(`CN=${'a'.repeat(65)}`)), { message: /longer than 64/ })
  await t.rejects(readCertificateRequest(await requestFor('CN=alice', 1024)), { message: /less than 2048/ })
  t.equal((await readCertificateRequest(await requestFor('CN=alice', 2048))).commonName, 'alice')
})

void test('RFC 2986 §4.2: a certificate request whose signature is wrong is refused', async (t) => {
  const pem = await requestFor('CN=alice')
  const der = derOf(pem)
  const at = der.indexOf('alice')
  der.write('admin', at)
  await t.rejects(readCertificateRequest(der.toString('base64')), { message: /signature/ })
})

void test('RFC 2986: what is no certificate request is refused', async (t) => {
  for (const text of ['', 'nonsense', keyPem(makeKey())]) await t.rejects(readCertificateRequest(text), PkiError)
})

void test('RFC 2986 §4.2: a damaged certificate request is refused, or says what it said before', async (t) => {
  const pem = await requestFor('CN=alice')
  const intact = await readCertificateRequest(pem)
  const der = derOf(pem)
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(der)
      damaged[at] = (damaged[at] ?? 0) ^ change
      try {
        const { publicKey, commonName } = await readCertificateRequest(damaged.toString('base64'))
        return publicKey.equals(intact.publicKey) && commonName === intact.commonName
      } catch (error) {
        return error instanceof PkiError
      }
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  )
  t.end()
})

void test('RFC 2986: a Common Name with control characters is refused', async (t) => {
  await t.rejects(readCertificateRequest(await requestFor('CN=a\\0ab')), { message: /control characters/ })
})

void test('client names: fit for files and certificates', (t) => {
  for (const name of ['a', 'db-1.example', 'A_b', '0'.repeat(64)]) t.doesNotThrow(() => checkClientName(name), name)
  for (const name of [
    '',
    '.',
    '..',
    '../x',
    '-x',
    'a b',
    'a/b',
    'ä',
    '0'.repeat(65),
    `a\n${randomBytes(1).toString('hex')}`,
  ])
    t.throws(() => checkClientName(name), PkiError, JSON.stringify(name))
  t.end()
})

void test('a directory is made with those above it, or the reason is told', async (t) => {
  const folder = temporaryDirectory('directories')
  const path = join(folder, 'a', 'b', 'c')
  await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(folder, 'a'))])
  t.equal(statSync(path).mode & 0o777, MODE.directory)
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(makeDirectory(join(folder, 'file')), { code: 'EEXIST' })
  await t.rejects(makeDirectory(join(folder, 'file', 'under')), { code: /^(EEXIST|ENOTDIR)$/ })
  await t.rejects(makeDirectory('/proc/no-such-directory/data'), { code: /^(ENOENT|EACCES|EPERM|EROFS)$/ })
})
