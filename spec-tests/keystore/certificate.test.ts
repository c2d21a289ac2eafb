import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { test } from 'tap'
import type { Deposit, KeyStore } from '../../src/domain/key-store.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import { hex, openKeys, reasonOf, valuesOf } from './software.ts'

/* The attributes of a certificate (1.4 sections 3.8 to 3.17; 2.1 sections 4.6 to 4.8, 4.22, 4.61 to 4.63). */

type Signing = { readonly name: string; readonly hash: string } & Readonly<Record<string, unknown>>

const RSA: Signing = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 1024,
}

const makeCertificate = async (
  name: string,
  signing: Signing,
  extensions: x509.Extension[] = [],
  serialNumber = '3132333435363738',
): Promise<Buffer> => {
  const keys = (await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    serialNumber,
    signingAlgorithm: signing,
    extensions,
  })
  return Buffer.from(certificate.rawData)
}

type CryptoKeyPair = webcrypto.CryptoKeyPair

const certificate = (value: Buffer): ObjectValue => ({
  objectType: 'Certificate',
  value: { certificateType: 'X_509', certificateValue: value },
})

const register = async (keys: KeyStore, value: Buffer): Promise<Deposit> => keys.deposit('a', certificate(value))

void test('TC-CERTATTR-1: names, serial number, lengths and algorithms', async (t) => {
  const keys = await openKeys()
  const value = await makeCertificate('C=AU, O=Kmip Test, CN=EE', RSA)
  const deposit = await register(keys, value)
  const dn = hex('302e310b300906035504061302415531123010060355040a13094b6d69702054657374310b3009060355040313024545')
  const digestValue = createHash('sha256').update(value).digest()
  const expected: readonly (readonly [name: string, values: readonly unknown[]])[] = [
    ['CertificateType', ['X_509']],
    ['CertificateLength', [value.length]],
    ['CryptographicAlgorithm', ['RSA']],
    ['CryptographicLength', [1024]],
    ['DigitalSignatureAlgorithm', ['SHA_256WithRSAEncryption']],
    ['KeyFormatType', ['Raw']],
    ['Digest', [{ hashingAlgorithm: 'SHA_256', digestValue, keyFormatType: 'Raw' }]],
    [
      'X_509CertificateIdentifier',
      [{ issuerDistinguishedName: dn, certificateSerialNumber: hex('02083132333435363738') }],
    ],
    ['X_509CertificateIssuer', [{ issuerDistinguishedName: dn, issuerAlternativeName: [] }]],
    ['X_509CertificateSubject', [{ subjectDistinguishedName: dn, subjectAlternativeName: [] }]],
    ['CertificateIdentifier', [{ issuer: 'CN=EE,O=Kmip Test,C=AU', serialNumber: '3132333435363738' }]],
    [
      'CertificateSubject',
      [{ certificateSubjectDistinguishedName: 'CN=EE,O=Kmip Test,C=AU', certificateSubjectAlternativeName: [] }],
    ],
    [
      'CertificateIssuer',
      [{ certificateIssuerDistinguishedName: 'CN=EE,O=Kmip Test,C=AU', certificateIssuerAlternativeName: [] }],
    ],
    ['CertificateSubjectC', ['AU']],
    ['CertificateSubjectO', ['Kmip Test']],
    ['CertificateSubjectCN', ['EE']],
    ['CertificateIssuerC', ['AU']],
    ['CertificateIssuerO', ['Kmip Test']],
    ['CertificateIssuerCN', ['EE']],
  ]
  for (const [name, values] of expected) t.same(valuesOf(deposit, name), values, name)
  t.equal(deposit.attributes.length, expected.length, 'and nothing else')
  t.same(await keys.retrieve(deposit.key), certificate(value))
})

void test('2.1 §4.6: each part of a name has its attribute, as often as it occurs', async (t) => {
  const keys = await openKeys()
  const parts = [
    ['CN', '2.5.4.3', 'common'],
    ['O', '2.5.4.10', 'organization'],
    ['OU', '2.5.4.11', 'unit'],
    ['Email', '1.2.840.113549.1.9.1', 'a@example.org'],
    ['C', '2.5.4.6', 'DE'],
    ['ST', '2.5.4.8', 'state'],
    ['L', '2.5.4.7', 'place'],
    ['UID', '0.9.2342.19200300.100.1.1', 'user'],
    ['SerialNumber', '2.5.4.5', '42'],
    ['Title', '2.5.4.12', 'title'],
    ['DC', '0.9.2342.19200300.100.1.25', 'example'],
    ['DNQualifier', '2.5.4.46', 'qualifier'],
  ] as const
  const deposit = await register(
    keys,
    await makeCertificate(parts.map(([, oid, text]) => `${oid}=${text}`).join(', '), RSA),
  )
  for (const [part, , text] of parts) {
    t.same(valuesOf(deposit, `CertificateSubject${part}`), [text], part)
    t.same(valuesOf(deposit, `CertificateIssuer${part}`), [text], part)
  }
  const units = await register(keys, await makeCertificate('OU=one, OU=two', RSA))
  t.same(valuesOf(units, 'CertificateSubjectOU'), ['one', 'two'])
})

void test('RFC 4514: names as text, with what has to be escaped', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [name: string, text: string])[] = [
    ['CN="a, b"', String.raw`CN=a\, b`],
    ['CN=a\\+b', String.raw`CN=a\+b`],
    ['CN=\\#x', String.raw`CN=\#x`],
    ['C=US, O=TEST, OU=OASIS, CN=KMIP', 'CN=KMIP,OU=OASIS,O=TEST,C=US'],
    ['CN=é', 'CN=é'],
    ['2.5.4.5=1', '2.5.4.5=#130131'],
  ]
  for (const [name, text] of cases) {
    const deposit = await register(keys, await makeCertificate(name, RSA))
    t.match(valuesOf(deposit, 'CertificateSubject'), [{ certificateSubjectDistinguishedName: text }], name)
  }
})

void test('2.1 §4.22: the algorithm of the signature', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [Signing, signature: string, algorithm: string, length: number])[] = [
    [{ ...RSA, hash: 'SHA-1' }, 'SHA_1WithRSAEncryption', 'RSA', 1024],
    [{ ...RSA, hash: 'SHA-384' }, 'SHA_384WithRSAEncryption', 'RSA', 1024],
    [{ ...RSA, hash: 'SHA-512' }, 'SHA_512WithRSAEncryption', 'RSA', 1024],
    [{ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, 'ECDSAWithSHA256', 'EC', 256],
    [{ name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, 'ECDSAWithSHA384', 'EC', 384],
  ]
  for (const [signing, signature, algorithm, length] of cases) {
    const deposit = await register(keys, await makeCertificate('CN=x', signing))
    t.same(valuesOf(deposit, 'DigitalSignatureAlgorithm'), [signature])
    t.same(valuesOf(deposit, 'CryptographicAlgorithm'), [algorithm], signature)
    t.same(valuesOf(deposit, 'CryptographicLength'), [length], signature)
  }
})

void test('1.4 §3.11, §3.14: alternative names', async (t) => {
  const keys = await openKeys()
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'dns', value: 'kms.example.org' },
    { type: 'email', value: 'a@example.org' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'url', value: 'https://example.org/' },
  ])
  const deposit = await register(keys, await makeCertificate('CN=x', RSA, [names]))
  t.match(valuesOf(deposit, 'CertificateSubject'), [
    { certificateSubjectAlternativeName: ['kms.example.org', 'a@example.org', '192.0.2.1', 'https://example.org/'] },
  ])
  const dns = Buffer.concat([Buffer.from([0x82, 15]), Buffer.from('kms.example.org')])
  const [subject] = valuesOf(deposit, 'X_509CertificateSubject') as { subjectAlternativeName: Buffer[] }[]
  t.same(subject?.subjectAlternativeName[0], dns)
  t.equal(subject?.subjectAlternativeName.length, 4)
})

void test('1.4 §3.10: a serial number whose top bit is set', async (t) => {
  const keys = await openKeys()
  const deposit = await register(keys, await makeCertificate('CN=x', RSA, [], '9bba23d1b6a48f97'))
  t.match(valuesOf(deposit, 'X_509CertificateIdentifier'), [{ certificateSerialNumber: hex('0209009bba23d1b6a48f97') }])
  t.match(valuesOf(deposit, 'CertificateIdentifier'), [{ serialNumber: '9BBA23D1B6A48F97' }])
})

void test('2.1 §11.46: what is no certificate is an Invalid Field, cheaply', async (t) => {
  const keys = await openKeys()
  const good = await makeCertificate('CN=x', RSA)
  const cases: readonly (readonly [string, Buffer])[] = [
    ['empty', Buffer.alloc(0)],
    ['cut short', good.subarray(0, good.length - 1)],
    ['bytes after it', Buffer.concat([good, Buffer.alloc(1)])],
    ['text', Buffer.from('-----BEGIN CERTIFICATE-----')],
    ['another structure', hex('3003020101')],
    ['ten mebibytes', Buffer.alloc(10 * 1024 * 1024, 0x30)],
    ['deep nesting', Buffer.concat([hex('3082ea60'), Buffer.alloc(60_000, hex('3080'))])],
  ]
  for (const [what, value] of cases) t.equal(await reasonOf(() => register(keys, value)), 'InvalidField', what)
})
