import 'reflect-metadata'
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { t as file, test } from 'tap'
import type { PeerCertificate } from '../../src/domain/principal.ts'
import { ensureAuthority } from '../../src/pki/authority.ts'
import { pkiPaths } from '../../src/pki/pki-paths.ts'
import { attributeOf, idIn, of, refusal } from '../helpers/calls.ts'
import { createHarness, type Harness, type Payload, randomKey, type TestClient } from '../helpers/harness.ts'

const { subtle } = webcrypto

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

type Pair = Awaited<ReturnType<typeof makePair>>

const makePair = () => subtle.generateKey(SIGNING, true, ['sign', 'verify'])

const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000)

/** A certificate as the listener sees it: chained to an authority, or not. */
const peerOf = (certificate: X509Certificate, trusted = true): PeerCertificate => ({
  fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  issuer: certificate.issuer,
  subject: certificate.subject,
  validFrom: seconds(certificate.validFrom),
  validTo: seconds(certificate.validTo),
  trusted,
  problem: trusted ? undefined : 'DEPTH_ZERO_SELF_SIGNED_CERT',
})

const certificateOf = async (
  harness: Harness,
  name: string,
  { issuer = name, days = 30, keys }: { readonly issuer?: string; readonly days?: number; readonly keys?: Pair } = {},
): Promise<X509Certificate> => {
  const now = harness.clock.now() * 1000
  const pair = keys ?? (await makePair())
  const made = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${issuer}`,
    publicKey: pair.publicKey,
    signingKey: pair.privateKey,
    signingAlgorithm: SIGNING,
    notBefore: new Date(now - 1000),
    notAfter: new Date(now + days * 86_400_000),
  })
  return new X509Certificate(Buffer.from(made.rawData))
}

const requestOf = async (name = 'whatever', keys?: Pair): Promise<Buffer> => {
  const pair = keys ?? (await makePair())
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys: pair,
    signingAlgorithm: SIGNING,
  })
  return Buffer.from(made.rawData)
}

const csr = (certificateRequestValue: Buffer, certificateRequestType = 'PKCS_10'): Payload => ({
  certificateRequest: { certificateRequestType, certificateRequestValue },
})

const bring = (certificate: X509Certificate): Payload => ({
  certificate: { certificateType: 'X_509', certificateValue: certificate.raw },
})

type World = { readonly harness: Harness; readonly peer: PeerCertificate; readonly client: TestClient }

const open = async (options: Parameters<typeof createHarness>[0] = {}): Promise<Harness> => {
  const harness = await createHarness(options)
  file.teardown(() => harness.close())
  return harness
}

/** A server with one client that is registered by the names in its certificate. */
const world = async (name = 'device'): Promise<World> => {
  const harness = await open()
  const paths = pkiPaths(join(harness.directory, 'pki'))
  await mkdir(paths.directory, { recursive: true })
  await ensureAuthority(paths.authority, harness.clock.now())
  const peer = peerOf(await certificateOf(harness, name, { issuer: 'some authority' }))
  await harness.clients.add({
    id: `id of ${name}`,
    name,
    tenant: 'default',
    role: 'client',
    fingerprint: undefined,
    issuer: peer.issuer,
    subject: peer.subject,
    createdAt: harness.clock.now(),
    revokedAt: undefined,
    profiles: [],
  })
  return { harness, peer, client: await connected(harness, peer) }
}

const connected = async (harness: Harness, peer: PeerCertificate): Promise<TestClient> => {
  const client = await harness.connect(peer)
  if (client === undefined) throw new Error('refused')
  return client
}

const certificateIn = async (client: TestClient, id: string): Promise<X509Certificate> => {
  const { Certificate } = await client.call('2.1', 'Get', of(id))
  return new X509Certificate((Certificate as { certificateValue: Buffer }).certificateValue)
}

const again = (client: TestClient, request: Payload = {}) => client.attempt('2.1', 'ReProvision', request)

/** The new certificate is that of the client, and the one before is nobody's. */
const isReplaced = async ({ harness, peer, client }: World, next: PeerCertificate): Promise<boolean> => {
  harness.settled()
  const other = await harness.connect(next)
  const sameClient = other?.session.principal.id === client.session.principal.id
  return sameClient && (await harness.connect({ ...peer })) === undefined
}

void test('2.1 §6.1.48: a certificate request is signed; the certificate of before is good for nothing else', async (t) => {
  const { harness, peer, client } = await world()
  const open = await connected(harness, { ...peer })
  const key = idIn(
    await client.call('2.1', 'Create', {
      objectType: 'SymmetricKey',
      attributes: {
        templates: [],
        attributes: [
          { name: 'CryptographicAlgorithm', value: 'AES' },
          { name: 'CryptographicLength', value: 256 },
        ],
      },
    }),
  )
  const keys = await makePair()
  const id = idIn(await client.call('2.1', 'ReProvision', csr(await requestOf('somebody else', keys))))
  const certificate = await certificateIn(client, id)
  t.equal(certificate.subject, 'CN=device', 'the name of the client, whatever the request says')
  t.same(
    certificate.publicKey.export({ type: 'spki', format: 'der' }),
    Buffer.from(await subtle.exportKey('spki', keys.publicKey)),
  )
  t.equal(await attributeOf(client, '2.1', id, 'State'), 'Active')
  t.ok(await isReplaced({ harness, peer, client }, peerOf(certificate)))
  const next = await connected(harness, peerOf(certificate))
  t.equal(refusal(await next.attempt('2.1', 'Get', of(key))), 'Success', 'its objects are still its own')
  t.equal(refusal(await open.attempt('2.1', 'Get', of(key))), 'AuthenticationNotSuccessful', 'on another connection')
  t.equal(refusal(await client.attempt('2.1', 'Get', of(key))), 'Success', 'the connection itself lasts')
  t.equal(refusal(await again(client)), 'PermissionDenied', 'but asks for no other one')
  await harness.restart()
  t.ok(await isReplaced({ harness, peer, client }, peerOf(certificate)), 'after a restart')
})

void test('2.1 §6.1.48: PEM, and requests that are none', async (t) => {
  const { client } = await world()
  const der = await requestOf()
  const told = async (payload: Payload): Promise<string> => refusal(await again(client, payload))
  const forged = Buffer.from(der)
  forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
  t.equal(await told(csr(forged)), 'InvalidField', 'a signature that is wrong')
  t.equal(await told(csr(randomKey(40))), 'InvalidField')
  t.equal(await told(csr(Buffer.alloc(0))), 'InvalidField')
  t.equal(await told(csr(der, 'CRMF')), 'InvalidField')
  t.equal(await told({ ...csr(der), ...bring(await certificateOf((await world()).harness, 'x')) }), 'InvalidMessage')
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  t.equal(await told(csr(Buffer.from(pem), 'PEM')), 'Success')
})

void test('2.1 §6.1.48: a certificate that the client brings', async (t) => {
  const { harness, peer, client } = await world()
  const certificate = await certificateOf(harness, 'self-signed')
  const id = idIn(await client.call('2.1', 'ReProvision', bring(certificate)))
  t.equal((await certificateIn(client, id)).fingerprint256, certificate.fingerprint256)
  t.ok(await isReplaced({ harness, peer, client }, peerOf(certificate, false)), 'nobody has to vouch for it')
  const next = await connected(harness, peerOf(certificate, false))
  t.equal(refusal(await again(next, bring(certificate))), 'InvalidField', 'the one it has')
  const third = await certificateOf(harness, 'third')
  t.equal(refusal(await again(next, bring(third))), 'Success', 'and so on')
  t.equal(await harness.connect(peerOf(certificate, false)), undefined)
})

void test('2.1 §6.1.48: certificates that are not for the client to bring', async (t) => {
  const { harness, client } = await world()
  const told = async (payload: Payload): Promise<string> => refusal(await again(client, payload))
  const pinned = await certificateOf(harness, 'pinned')
  const facts = {
    tenant: 'default',
    role: 'client',
    createdAt: harness.clock.now(),
    revokedAt: undefined,
    profiles: [],
  } as const
  const { fingerprint } = peerOf(pinned)
  await harness.clients.add({
    ...facts,
    id: 'pinned',
    name: 'pinned',
    fingerprint,
    issuer: undefined,
    subject: undefined,
  })
  t.equal(await told(bring(pinned)), 'InvalidField', 'of another client')
  const named = await certificateOf(harness, 'named', { issuer: 'some authority' })
  await harness.clients.add({
    ...facts,
    id: 'named',
    name: 'named',
    fingerprint: undefined,
    issuer: named.issuer,
    subject: named.subject,
  })
  t.equal(
    await told(bring(await certificateOf(harness, 'named', { issuer: 'some authority' }))),
    'InvalidField',
    'by its names',
  )
  t.equal(await told(bring(await certificateOf(harness, 'old', { days: -1 }))), 'InvalidField', 'out of its dates')
  t.equal(await told({ certificate: { certificateType: 'X_509', certificateValue: randomKey(30) } }), 'InvalidField')
  t.equal(await told({ certificate: { certificateType: 'PGP', certificateValue: pinned.raw } }), 'InvalidField')

  const accepting = await open({ unregistered: 'accept' })
  const peer = peerOf(await certificateOf(accepting, 'one', { issuer: 'ca' }))
  const one = await connected(accepting, peer)
  const other = await certificateOf(accepting, 'other', { issuer: 'ca' })
  t.equal(refusal(await again(one, bring(other))), 'InvalidField', 'of somebody who would be let in with it')
  t.equal(
    refusal(await again(one, bring(await certificateOf(accepting, 'one', { issuer: 'ca' })))),
    'Success',
    'its own, renewed',
  )
  t.equal(await accepting.connect({ ...peer }), undefined, 'though any certificate of the authority is accepted')
})

void test('2.1 §6.1.48: without parameters the server makes a key pair, whose private key the client gets', async (t) => {
  const { harness, peer, client } = await world()
  const [made, got] = await client.batch('2.1', [
    { operation: 'ReProvision', request: {} },
    { operation: 'Get', request: { keyFormatType: 'PKCS_8' } },
  ])
  const id = idIn(made?.payload ?? {})
  t.equal(got?.payload['objectType'], 'PrivateKey')
  const { keyBlock } = got?.payload['PrivateKey'] as { keyBlock: { keyValue: { keyMaterial: Buffer } } }
  const privateKey = createPrivateKey({ key: keyBlock.keyValue.keyMaterial, format: 'der', type: 'pkcs8' })
  const { attributes } = await client.call('2.1', 'GetAttributes', { ...of(id), attributes: [{ name: 'Link' }] })
  const links = (attributes as readonly { value: { linkType: string; linkedObjectIdentifier: { id: string } } }[]).map(
    ({ value }) => value,
  )
  const linked = links.find(({ linkType }) => linkType === 'CertificateLink')?.linkedObjectIdentifier.id ?? ''
  const certificate = await certificateIn(client, linked)
  t.ok(certificate.checkPrivateKey(privateKey))
  t.ok(links.some(({ linkType }) => linkType === 'PublicKeyLink'))
  t.ok(await isReplaced({ harness, peer, client }, peerOf(certificate)))
})

void test('2.1 §6.1.48: who has nothing that could be replaced', async (t) => {
  const { harness, peer, client } = await world()
  t.equal(refusal(await again(harness.client('alice'))), 'PermissionDenied', 'no certificate')
  const late = await connected(harness, { ...peer, validTo: harness.clock.now() })
  harness.clock.advance(1)
  t.equal(refusal(await again(late)), 'PermissionDenied', 'an expired one')
  await harness.clients.revoke('device', harness.clock.now())
  harness.settled()
  t.equal(refusal(await again(client)), 'AuthenticationNotSuccessful', 'a revoked client')
})

void test('2.1 §6.1.48: a certificate that has been revoked, or compromised, is not replaced', async (t) => {
  for (const revocationReasonCode of ['Superseded', 'KeyCompromise']) {
    const { harness, client } = await world(`revoked for ${revocationReasonCode.toLowerCase()}`.replaceAll(' ', '-'))
    const certificate = await certificateOf(harness, 'next')
    const id = idIn(await client.call('2.1', 'ReProvision', bring(certificate)))
    const next = await connected(harness, peerOf(certificate, false))
    await next.call('2.1', 'Revoke', { ...of(id), revocationReason: { revocationReasonCode } })
    t.equal(refusal(await again(next)), 'PermissionDenied', revocationReasonCode)
  }
})

void test('2.1 §6.1.48: a client cannot fill the server with certificates', async (t) => {
  const { harness, client } = await world()
  let current = client
  let reason = 'Success'
  for (let count = 0; count < 120 && reason === 'Success'; count += 1) {
    const certificate = await certificateOf(harness, `number ${count}`)
    reason = refusal(await again(current, bring(certificate)))
    if (reason === 'Success') current = await connected(harness, peerOf(certificate, false))
  }
  t.equal(reason, 'ServerLimitExceeded')
  t.equal(
    refusal(await current.attempt('2.1', 'Query', { functions: ['QueryOperations'] })),
    'Success',
    'and keeps the one it has',
  )
})

void test('2.1 §6.1.48: a server whose authority is kept elsewhere', async (t) => {
  const harness = await open({ unregistered: 'accept' })
  const client = await connected(harness, peerOf(await certificateOf(harness, 'device', { issuer: 'ca' })))
  t.equal(refusal(await again(client, csr(await requestOf()))), 'FeatureNotSupported')
  t.equal(refusal(await again(client)), 'FeatureNotSupported')
})
