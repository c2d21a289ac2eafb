import { copyFile, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { test } from 'tap'
import { ensureAuthority, readAuthority } from '../../src/pki/authority.ts'
import { ensureIssuingAuthority } from '../../src/pki/issuing-authority.ts'
import { keyPem, makeKey } from '../../src/pki/key-pair.ts'
import { PkiError } from '../../src/pki/pki-error.ts'
import { pairPaths } from '../../src/pki/pki-paths.ts'
import { issuedBy } from '../helpers/authority.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/* The authority that issues certificates over KMIP (docs/decisions/017). */

const NOW = 1_800_000_000

const refused = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
    return 'nothing'
  } catch (error) {
    if (error instanceof PkiError) return error.message
    throw error
  }
}

void test('2.1 §6.1.6: the issuing authority is made once, by whoever comes first', async (t) => {
  const paths = pairPaths(temporaryDirectory('issuing'), 'issuing')
  const [one, two] = await Promise.all([ensureIssuingAuthority(paths, [], NOW), ensureIssuingAuthority(paths, [], NOW)])
  const later = await ensureIssuingAuthority(paths, [], NOW + 1000)
  for (const { certificate, key } of [one, two, later]) {
    t.equal(certificate.fingerprint256, later.certificate.fingerprint256)
    t.ok(certificate.checkPrivateKey(key))
    t.ok(certificate.ca)
  }
  t.equal(later.key.asymmetricKeyType, 'rsa')
  t.equal(later.key.asymmetricKeyDetails?.modulusLength, 3072)
  t.equal((await stat(paths.key)).mode & 0o777, 0o600, 'nobody else reads the key')
})

void test('2.1 §6.1.6: no authority issues that lets clients in', async (t) => {
  const directory = temporaryDirectory('issuing')
  const clients = pairPaths(directory, 'ca')
  await ensureAuthority(clients, NOW)
  const pem = await readFile(clients.certificate, 'utf8')
  const issuing = pairPaths(directory, 'issuing')
  await copyFile(clients.certificate, issuing.certificate)
  await copyFile(clients.key, issuing.key)
  t.match(await refused(() => ensureIssuingAuthority(issuing, [pem], NOW)), /clients are let in/, 'the same')
  const below = issuedBy(await readAuthority(clients), makeKey(), { name: 'below', ca: true })
  await writeFile(issuing.certificate, below.certificate.toString())
  await writeFile(issuing.key, keyPem(below.key))
  t.match(await refused(() => ensureIssuingAuthority(issuing, [pem], NOW)), /clients are let in/, 'one below it')
  t.equal(await refused(() => ensureIssuingAuthority(issuing, [], NOW)), 'nothing', 'where it lets nobody in')
})

void test('2.1 §6.1.6: an issuing authority without its key', async (t) => {
  const paths = pairPaths(temporaryDirectory('issuing'), 'issuing')
  await ensureIssuingAuthority(paths, [], NOW)
  await writeFile(paths.key, keyPem(makeKey()))
  t.match(await refused(() => ensureIssuingAuthority(paths, [], NOW)), /is not the key of/)
  await writeFile(paths.key, 'no key')
  t.match(await refused(() => ensureIssuingAuthority(paths, [], NOW)), /no private key/)
  await unlink(paths.key)
  t.match(await refused(() => ensureIssuingAuthority(paths, [], NOW)), /is missing/)
  await writeFile(paths.certificate, 'no certificate')
  t.match(await refused(() => ensureIssuingAuthority(paths, [], NOW)), /no certificate/)
})
