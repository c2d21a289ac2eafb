import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { Certificate, Extension, Extensions } from '@peculiar/asn1-x509'
import { test } from 'tap'
import { validateChain } from '../../src/keystore/software/certificates/validate-chain.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import { type Made, issuedBy, type Says, selfSigned } from '../helpers/authority.ts'
import {
  active,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  of,
  openServer,
  refusal,
  link,
} from '../helpers/calls.ts'
import type { Payload, TestClient } from '../helpers/harness.ts'

/* Validate (1.4 section 4.24, 2.1 section 6.1.57). */

const { client, harness } = await openServer()

const ecKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const root = selfSigned(ecKey(), { name: 'root', ca: true })
const middle = issuedBy(root, ecKey(), { name: 'middle', ca: true, pathLength: 0 })
const end = issuedBy(middle, ecKey(), { name: 'end' })
const NOW = harness.clock.now()

const ders = (...made: readonly Made[]): readonly Buffer[] => made.map(({ certificate }) => certificate.raw)

const judged = (made: readonly Made[], trusted: readonly Made[] = [root], at = NOW): string =>
  validateChain({ certificates: ders(...made), trusted: ders(...trusted), at }, undefined)

const under = (issuer: Made, says: Says): Made => issuedBy(issuer, ecKey(), { name: 'y', ...says })

void test('RFC 5280 §6.1: chains in any order, with and without their root', (t) => {
  const rows: readonly (readonly [string, readonly Made[], string])[] = [
    ['whole', [end, middle, root], 'Valid'],
    ['upside down', [root, middle, end], 'Valid'],
    ['mixed, one twice', [middle, end, root, end], 'Valid'],
    ['without its root', [end, middle], 'Valid'],
    ['the root alone', [root], 'Valid'],
    ['a link is missing', [end, root], 'Invalid'],
    ['who vouches for it is not known', [end], 'Unknown'],
    ['another certificate beside', [end, middle, root, selfSigned(ecKey(), { name: 'other', ca: true })], 'Invalid'],
  ]
  for (const [what, made, expected] of rows) t.equal(judged(made), expected, what)
  t.equal(judged([end, middle, root], []), 'Unknown', 'nobody is trusted')
  const namesake = selfSigned(ecKey(), { name: 'root', ca: true })
  t.equal(judged([end, middle, root], [namesake]), 'Unknown', 'a namesake of the root')
  t.equal(judged([end, middle, namesake]), 'Invalid', 'a namesake in its place')
  t.equal(judged([end], [end]), 'Unknown', 'an end certificate vouches for nobody')
  t.end()
})

/** A certificate without the identifiers of keys, which tell namesakes apart, and with a number of its own. */
const likeness = (serial: number): Buffer => {
  const parsed = AsnConvert.parse(root.certificate.raw, Certificate)
  const { tbsCertificate } = parsed
  const kept = tbsCertificate.extensions?.filter(({ extnID }) => extnID !== '2.5.29.14' && extnID !== '2.5.29.35') ?? []
  tbsCertificate.extensions = new Extensions(kept)
  tbsCertificate.serialNumber = Uint8Array.of(1, serial).buffer
  return Buffer.from(AsnConvert.serialize(parsed))
}

void test('1.4 §4.24 / 2.1 §6.1.57: many namesakes, each of which may have issued each, are not all checked', (t) => {
  const checks = t.capture(X509Certificate.prototype, 'verify', () => false)
  const certificates = Array.from({ length: 32 }, (_, index) => likeness(index))
  t.equal(validateChain({ certificates, trusted: certificates, at: NOW }, undefined), 'Invalid')
  t.ok(checks().length <= 64)
  t.end()
})

void test('RFC 5280 §4.1.2.5: everything in the chain is valid at the time', (t) => {
  const early = under(root, { ca: true, to: NOW - 1 })
  const late = under(root, { ca: true, from: NOW + 1 })
  for (const issuer of [early, late]) {
    const chain = [under(issuer, {}), issuer, root]
    t.equal(judged(chain), 'Invalid')
    t.equal(judged(chain, [root], issuer === early ? NOW - 1 : NOW + 1), 'Valid', 'at another time')
  }
  t.equal(judged([end, middle, root], [root], 0), 'Invalid', 'in 1970')
  t.end()
})

void test('RFC 5280 §4.2.1: authorities, key usage, path length, critical extensions', (t) => {
  const strange = new Extension({ extnID: '1.2.3.4', critical: true, extnValue: new OctetString(new ArrayBuffer(2)) })
  const constraints = new Extension({
    extnID: '2.5.29.30',
    critical: true,
    extnValue: new OctetString(new ArrayBuffer(2)),
  })
  const rows: readonly (readonly [string, readonly Made[]])[] = [
    ['an issuer that is no authority', [under(root, { ca: false, usage: 0x20 })]],
    ['an issuer that may not sign certificates', [under(root, { ca: true, usage: 1 })]],
    ['below a path length of 0', [under(middle, { ca: true }), middle]],
    ['an extension that is not understood', [under(root, { ca: true, more: [strange] })]],
    ['name constraints', [under(root, { ca: true, more: [constraints] })]],
  ]
  for (const [what, [issuer, ...above]] of rows) {
    if (issuer === undefined) throw new Error('no issuer')
    t.equal(judged([under(issuer, {}), issuer, ...above, root]), 'Invalid', what)
  }
  t.end()
})

void test('RFC 5280 §4.1.1.3: signatures, and what is no certificate', (t) => {
  const damaged = Buffer.from(end.certificate.raw)
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 3) ^ 1, damaged.length - 3)
  const other = ders(middle, root)
  const judge = (der: Buffer) =>
    validateChain({ certificates: [der, ...other], trusted: ders(root), at: NOW }, undefined)
  t.equal(judge(damaged), 'Invalid', 'a signature that is wrong')
  for (const der of [Buffer.alloc(0), Buffer.from('x'), end.certificate.raw.subarray(1), Buffer.alloc(70_000, 0x30)]) {
    t.equal(judge(der), 'Invalid')
  }
  t.end()
})

const register = async (version: Version, { certificate }: Made, ...attributes: readonly Attribute[]) =>
  idIn(
    await client.call(version, 'Register', {
      objectType: 'Certificate',
      attributes: attributesOf(...attributes),
      Certificate: { certificateType: 'X_509', certificateValue: certificate.raw },
    }),
  )

const validating = (made: readonly Made[], ids: readonly string[] = [], validityDate?: number): Payload => ({
  certificates: made.map(({ certificate }) => ({ certificateType: 'X_509', certificateValue: certificate.raw })),
  uniqueIdentifiers: ids.map(byId),
  validityDate,
})

for (const version of FAMILIES) {
  const name = (what: string): string => `1.4 §4.24, §11.25 / 2.1 §6.1.57: ${version}: ${what}`
  const indicator = async (payload: Payload, from: TestClient = client) =>
    (await from.call(version, 'Validate', payload))['validityIndicator']
  const told = async (payload: Payload, from: TestClient = client) =>
    refusal(await from.attempt(version, 'Validate', payload))

  void test(name('certificates and objects together, and who is trusted'), async (t) => {
    const top = selfSigned(ecKey(), { name: `top ${version}`, ca: true })
    const inner = under(top, { ca: true })
    const leaf = under(inner, {})
    t.equal(await indicator(validating([leaf, inner, top])), 'Unknown', 'nobody knows the root')
    const topId = await register(version, top)
    t.equal(await indicator(validating([leaf, inner], [topId])), 'Unknown', 'it is not in service')
    await client.call(version, 'Activate', of(topId))
    t.equal(await indicator(validating([leaf, inner], [topId])), 'Valid')
    t.equal(await indicator(validating([leaf, inner, top])), 'Valid', 'it is known without being named')
    t.equal(await indicator(validating([leaf, inner, top]), harness.client('mallory')), 'Unknown', 'not to others')
    t.equal(await indicator(validating([leaf, inner, top], [], 0)), 'Invalid', 'in 1970')
    const innerId = await register(version, inner, link('CertificateLink', topId), active)
    const leafId = await register(version, leaf, link('CertificateLink', innerId))
    t.equal(await indicator(validating([], [leafId])), 'Valid', 'links lead upwards')
    await client.call(version, 'Revoke', {
      ...of(innerId),
      revocationReason: { revocationReasonCode: 'CACompromise' },
    })
    t.equal(await indicator(validating([], [leafId])), 'Invalid', 'an authority that is compromised')
    t.equal(await indicator(validating([leaf, inner, top])), 'Invalid', 'however it is named')
  })

  void test(name('a certificate that the server has issued'), async (t) => {
    const answer = await client.call(version, 'CreateKeyPair', {
      common: attributesOf(
        { name: 'CryptographicAlgorithm', value: 'EC' },
        { name: 'CryptographicLength', value: 256 },
      ),
    })
    const certified = await client.call(version, 'Certify', {
      ...of(idIn(answer, 'publicKeyUniqueIdentifier')),
      attributes: attributesOf({ name: 'CertificateType', value: 'X_509' }),
    })
    const id = idIn(certified)
    t.equal(await indicator(validating([], [id])), 'Valid')
    t.equal(await indicator(validating([], [id], harness.clock.now() + 20 * 365 * 86_400)), 'Invalid', 'in 20 years')
    await client.call(version, 'Activate', of(id))
    await client.call(version, 'Revoke', {
      ...of(id),
      revocationReason: { revocationReasonCode: 'CessationOfOperation' },
    })
    t.equal(await indicator(validating([], [id])), 'Invalid', 'out of service')
    t.equal(await indicator(validating([], [id], harness.clock.now() - 100)), 'Valid', 'it was not yet')
  })

  void test(name('what cannot be validated'), async (t) => {
    t.equal(await told(validating([])), 'InvalidMessage', 'no certificate')
    t.equal(await told(validating(Array<Made>(17).fill(end))), 'InvalidField', 'too many')
    const ids: string[] = []
    for (let chain = 0; chain < 3; chain += 1) {
      let above: string | undefined
      for (let at = 0; at < 12; at += 1) {
        above = await register(
          version,
          under(root, { name: `link ${String(at)}` }),
          ...(above === undefined ? [] : [link('CertificateLink', above)]),
        )
      }
      if (above !== undefined) ids.push(above)
    }
    t.equal(await told(validating([], ids)), 'InvalidField', 'links to too many')
    t.equal(await told(validating([], ['nothing'])), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    const type = inFamily(version, 'InvalidField', 'InvalidObjectType')
    t.equal(await told(validating([], [await createKey(client, version)])), type)
    const id = await register(version, end)
    const foreign = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await told(validating([], [id]), harness.client('mallory')), foreign)
    await client.call(version, 'Archive', of(id))
    t.equal(await told(validating([], [id])), 'ObjectArchived')
    await client.call(version, 'Recover', of(id))
    await client.call(version, 'Destroy', of(id))
    t.equal(await told(validating([], [id])), inFamily(version, 'PermissionDenied', 'ObjectDestroyed'))
    const pgp = { certificates: [{ certificateType: 'PGP', certificateValue: Buffer.alloc(8) }], uniqueIdentifiers: [] }
    t.equal(await told(pgp), 'FeatureNotSupported')
  })
}
