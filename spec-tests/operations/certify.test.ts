import { createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  Attribute as RequestAttribute,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyUsage,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'
import { test } from 'tap'
import { commonNameOf } from '../../src/keystore/software/certificates/subject.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { CryptographicUsageMask } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  active,
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  usage,
  link,
} from '../helpers/calls.ts'
import { createAuthority } from '../helpers/authority.ts'
import type { Payload, TestClient } from '../helpers/harness.ts'

/* Certify and Re-certify (1.4 sections 4.7 and 4.8, 2.1 sections 6.1.6 and 6.1.45). */

const { client, harness } = await openServer()

const X509: Attribute = { name: 'CertificateType', value: 'X_509' }
const pem = (der: Buffer, label = 'CERTIFICATE REQUEST'): Buffer =>
  Buffer.from(`-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`)

type Asked = { readonly extensions?: readonly Extension[]; readonly signer?: KeyObject; readonly name?: string }

/** A PKCS#10 request for a key, signed by it or by another one. */
const requestFor = (key: KeyObject, { extensions = [], signer = key, name = 'client' }: Asked = {}): Buffer => {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const certificationRequestInfo = new CertificationRequestInfo({
    subject: commonNameOf(name),
    subjectPKInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
  })
  if (extensions.length > 0) {
    const values = [AsnConvert.serialize(new Extensions([...extensions]))]
    certificationRequestInfo.attributes.push(new RequestAttribute({ type: '1.2.840.113549.1.9.14', values }))
  }
  const algorithm = signer.asymmetricKeyType === 'rsa' ? '1.2.840.113549.1.1.11' : '1.2.840.10045.4.3.2'
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(certificationRequestInfo)), signer)
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm }),
    signature: new Uint8Array(signature).buffer,
  })
  return Buffer.from(AsnConvert.serialize(request))
}

const extension = (extnID: string, value: object, critical = false): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

const ecKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const registerPublic = async (
  version: Version,
  key: KeyObject,
  from: TestClient,
  ...attributes: readonly Attribute[]
) =>
  idIn(
    await from.call(version, 'Register', {
      objectType: 'PublicKey',
      attributes: attributesOf(usage('Verify'), ...attributes),
      PublicKey: {
        keyBlock: {
          keyFormatType: 'X_509',
          keyValue: { keyMaterial: createPublicKey(key).export({ format: 'der', type: 'spki' }), attributes: [] },
        },
      },
    }),
  )

const pairOf = async (version: Version, from: TestClient, ...uses: readonly CryptographicUsageMask[]) => {
  const answer = await from.call(version, 'CreateKeyPair', {
    common: attributesOf({ name: 'CryptographicAlgorithm', value: 'EC' }, { name: 'CryptographicLength', value: 256 }),
    private: attributesOf(usage(...uses), active),
    public: attributesOf(usage('Verify'), active),
  })
  return {
    privateKey: idIn(answer, 'privateKeyUniqueIdentifier'),
    publicKey: idIn(answer, 'publicKeyUniqueIdentifier'),
  }
}

const certifying = (id: string | undefined, value?: Buffer, ...attributes: readonly Attribute[]): Payload => ({
  ...(id === undefined ? {} : of(id)),
  certificateRequestType: value === undefined ? undefined : 'PKCS_10',
  certificateRequestValue: value,
  attributes: attributesOf(...attributes),
})

const certificateAt = async (version: Version, id: string, from = client): Promise<X509Certificate> => {
  const { Certificate } = await from.call(version, 'Get', of(id))
  return new X509Certificate((Certificate as { readonly certificateValue: Buffer }).certificateValue)
}

const linksOf = async (id: string): Promise<readonly string[]> => {
  const { attributes } = await client.call('2.1', 'GetAttributes', { ...of(id), attributes: [{ name: 'Link' }] })
  return (attributes as readonly Attribute[]).flatMap((attribute) => {
    if (attribute.name !== 'Link' || attribute.value.linkedObjectIdentifier.by !== 'id') return []
    return [`${String(attribute.value.linkType)} ${attribute.value.linkedObjectIdentifier.id}`]
  })
}

const certify = async (version: Version, request: Payload, from = client): Promise<string> =>
  idIn(await from.call(version, 'Certify', request))

const told = async (version: Version, request: Payload, from = client): Promise<string> =>
  refusal(await from.attempt(version, 'Certify', request))

/** A certificate authority of the client's own: a key pair with a certificate that says so. */
const ownAuthority = async (version: Version) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const certificate = createAuthority(key)
  const block = {
    keyFormatType: 'PKCS_8',
    keyValue: { keyMaterial: key.export({ format: 'der', type: 'pkcs8' }), attributes: [] },
  }
  const privateKey = idIn(
    await client.call(version, 'Register', {
      objectType: 'PrivateKey',
      attributes: attributesOf(usage('CertificateSign'), active),
      PrivateKey: { keyBlock: block },
    }),
  )
  const id = idIn(
    await client.call(version, 'Register', {
      objectType: 'Certificate',
      attributes: attributesOf(link('PrivateKeyLink', privateKey), active),
      Certificate: { certificateType: 'X_509', certificateValue: certificate.raw },
    }),
  )
  return { id, privateKey, certificate }
}

for (const version of FAMILIES) {
  const name = (what: string): string => `1.4 §4.7 / 2.1 §6.1.6: ${version}: ${what}`
  const bad = inFamily(version, 'InvalidField', 'InvalidCSR')
  const unfit = inFamily(version, 'PermissionDenied', 'InvalidObjectType')

  void test(name('a request in PKCS#10 and in PEM; links, attributes, and what the certificate says'), async (t) => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const publicKey = await registerPublic(version, key, client)
    const given = [usage('Sign', 'Verify'), named(`certificate ${version}`)]
    const id = await certify(version, certifying(publicKey, requestFor(key), ...given))
    const certificate = await certificateAt(version, id)
    t.ok(certificate.checkPrivateKey(key))
    t.equal(certificate.subject, 'CN=client')
    t.match(certificate.issuer, /^CN=kmipd issuing CA [0-9a-f]{16}$/)
    t.equal(certificate.ca, false)
    t.same(await linksOf(publicKey), [`CertificateLink ${id}`])
    t.same(await linksOf(id), [`PublicKeyLink ${publicKey}`])
    t.match(await attributeOf(client, version, id, 'Name'), { nameValue: `certificate ${version}` })
    t.equal(await attributeOf(client, version, id, 'State'), 'PreActive')
    t.equal(await attributeOf(client, version, id, 'DigitalSignatureAlgorithm'), 'SHA_256WithRSAEncryption')
    t.equal(await attributeOf(client, '2.1', id, 'CertificateSubjectCN'), 'client')
    for (const label of ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']) {
      const request = { ...certifying(publicKey, pem(requestFor(key), label)), certificateRequestType: 'PEM' }
      t.equal(await told(version, request), 'Success', label)
    }
  })

  void test(name('a public key without a request: what names it, and that its private key is here'), async (t) => {
    const { publicKey } = await pairOf(version, client, 'Sign')
    const id = await certify(version, certifying(publicKey, undefined, X509))
    t.equal((await certificateAt(version, id)).subject, `CN=${publicKey}`, 'its identifier')
    const subject: Attribute = {
      name: 'X_509CertificateSubject',
      value: {
        subjectDistinguishedName: Buffer.from(AsnConvert.serialize(commonNameOf('bytes'))),
        subjectAlternativeName: [],
      },
    }
    const byBytes = await certify(version, certifying(publicKey, undefined, X509, subject))
    t.equal((await certificateAt(version, byBytes)).subject, 'CN=bytes')
    const text: Attribute = {
      name: 'CertificateSubject',
      value: {
        certificateSubjectDistinguishedName: 'CN=unit\\, one,O=Example,C=DE',
        certificateSubjectAlternativeName: ['unit.example', 'me@unit.example', '192.0.2.1', 'https://unit.example/x'],
      },
    }
    if (version === '1.4') {
      const byText = await certificateAt(version, await certify(version, certifying(publicKey, undefined, X509, text)))
      t.equal(byText.subject, 'C=DE\nO=Example\nCN=unit\\, one')
      t.match(byText.subjectAltName, /DNS:unit.example.*email:me@unit.example.*IP Address:192.0.2.1.*URI:https:/)
    } else {
      const parts: readonly Attribute[] = [
        { name: 'CertificateSubjectCN', value: 'unit' },
        { name: 'CertificateSubjectC', value: 'DE' },
        { name: 'CertificateSubjectOU', value: 'A' },
        { name: 'CertificateSubjectOU', value: 'B' },
      ]
      const byParts = await certify(version, certifying(publicKey, undefined, X509, ...parts))
      t.equal((await certificateAt(version, byParts)).subject, 'C=DE\nOU=A\nOU=B\nCN=unit')
    }
    t.equal(await told(version, certifying(publicKey)), 'InvalidMessage', 'no Certificate Type')
    const pgp: Attribute = { name: 'CertificateType', value: 'PGP' }
    t.equal(await told(version, certifying(publicKey, undefined, pgp)), 'FeatureNotSupported')
    const alone = await registerPublic(version, ecKey(), client)
    t.equal(
      await told(version, certifying(alone, undefined, X509)),
      'PermissionDenied',
      'nobody has shown its private key',
    )
  })

  void test(name('what a request must not bring'), async (t) => {
    const key = ecKey()
    const publicKey = await registerPublic(version, key, client)
    const other = ecKey()
    const request = (value: Buffer, type = 'PKCS_10'): Payload => ({
      ...certifying(publicKey, value),
      certificateRequestType: type,
    })
    const good = requestFor(key)
    const damaged = Buffer.from(good)
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 5) ^ 1, damaged.length - 5)
    const rows: readonly (readonly [string, Payload, string])[] = [
      ['signed by another key', request(requestFor(key, { signer: other })), bad],
      ['of another key', request(requestFor(other)), bad],
      ['damaged', request(damaged), bad],
      ['cut', request(good.subarray(0, -1)), bad],
      ['with more behind', request(Buffer.concat([good, Buffer.from([0])])), bad],
      ['empty', request(Buffer.alloc(0)), bad],
      ['no DER', request(Buffer.from('hello')), bad],
      ['too long', request(Buffer.alloc(70_000, 0x30)), bad],
      ['PEM that is none', request(good, 'PEM'), bad],
      ['PEM of something else', request(pem(good, 'CERTIFICATE'), 'PEM'), bad],
      ['PKCS#10 that is PEM', request(pem(good)), bad],
      ['CRMF', request(good, 'CRMF'), 'FeatureNotSupported'],
      ['a type without a value', { ...of(publicKey), certificateRequestType: 'PKCS_10' }, 'InvalidMessage'],
      ['a value without a type', { ...of(publicKey), certificateRequestValue: good }, 'InvalidMessage'],
      [
        'a weak key',
        certifying(undefined, requestFor(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)),
        bad,
      ],
    ]
    for (const [what, payload, expected] of rows) {
      const needsNoKey = what === 'a weak key'
      if (needsNoKey && version === '1.4') continue
      t.equal(await told(version, payload), expected, what)
    }
    t.same(await linksOf(publicKey), [], 'nothing was certified')
  })

  void test(name('extensions: what is allowed, left out, refused'), async (t) => {
    const key = ecKey()
    const publicKey = await registerPublic(version, key, client)
    const names = new SubjectAlternativeName([
      new GeneralName({ dNSName: 'a.example' }),
      new GeneralName({ registeredID: '1.2.3' }),
    ])
    const purposes = new ExtendedKeyUsage(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.9'])
    const asked = [
      extension('2.5.29.17', names),
      extension('2.5.29.37', purposes),
      extension('2.5.29.15', new KeyUsage(5)),
      extension('2.5.29.19', new BasicConstraints({ cA: false })),
      extension('1.2.3.4', new OctetString(new ArrayBuffer(4))),
    ]
    const id = await certify(version, certifying(publicKey, requestFor(key, { extensions: asked })))
    const certificate = await certificateAt(version, id)
    t.equal(certificate.subjectAltName, 'DNS:a.example')
    t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'no answers about revocation in the name of the issuer')
    const refused: readonly (readonly [string, Extension])[] = [
      ['CA:TRUE', extension('2.5.29.19', new BasicConstraints({ cA: true }))],
      ['keyCertSign', extension('2.5.29.15', new KeyUsage(0x20))],
      ['cRLSign', extension('2.5.29.15', new KeyUsage(0x41))],
      ['critical and not understood', extension('1.2.3.4', new OctetString(new ArrayBuffer(4)), true)],
      ['malformed', new Extension({ extnID: '2.5.29.17', extnValue: new OctetString(new ArrayBuffer(3)) })],
    ]
    for (const [what, one] of refused) {
      t.equal(await told(version, certifying(publicKey, requestFor(key, { extensions: [one] }))), bad, what)
    }
  })

  void test(name('the object: missing, foreign, of another type, archived, destroyed, out of service'), async (t) => {
    const key = ecKey()
    const request = requestFor(key)
    const publicKey = await registerPublic(version, key, client)
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await told(version, certifying('nothing', request)), missing)
    t.equal(await told(version, certifying(publicKey, request), harness.client('mallory')), missing)
    t.equal(await told(version, certifying(await createKey(client, version), request)), unfit)
    const { privateKey } = await pairOf(version, client, 'Sign')
    t.equal(await told(version, certifying(privateKey, undefined, X509)), unfit)
    await client.call(version, 'Archive', of(publicKey))
    t.equal(await told(version, certifying(publicKey, request)), 'ObjectArchived')
    await client.call(version, 'Recover', of(publicKey))
    await client.call(version, 'Activate', of(publicKey))
    await client.call(version, 'Revoke', {
      ...of(publicKey),
      revocationReason: { revocationReasonCode: 'CessationOfOperation' },
    })
    t.equal(await told(version, certifying(publicKey, request)), 'PermissionDenied')
    await client.call(version, 'Destroy', of(publicKey))
    t.equal(
      await told(version, certifying(publicKey, request)),
      inFamily(version, 'PermissionDenied', 'ObjectDestroyed'),
    )
  })

  void test(name('dates of the certificate are those that are asked for'), async (t) => {
    const { publicKey } = await pairOf(version, client, 'Sign')
    const from = harness.clock.now() + 1000
    const dates: readonly Attribute[] = [
      { name: 'ActivationDate', value: from },
      { name: 'DeactivationDate', value: from + 5000 },
    ]
    const id = await certify(version, certifying(publicKey, undefined, X509, ...dates))
    const certificate = await certificateAt(version, id)
    t.equal(Date.parse(certificate.validFrom) / 1000, from)
    t.equal(Date.parse(certificate.validTo) / 1000, from + 5000)
    const late: Attribute = { name: 'ActivationDate', value: from + 100 * 365 * 86_400 }
    t.equal(await told(version, certifying(publicKey, undefined, X509, late)), 'InvalidField', 'after its issuer')
  })

  void test(name('an authority of the client itself, by a Certificate Link'), async (t) => {
    const authority = await ownAuthority(version)
    const key = ecKey()
    const publicKey = await registerPublic(version, key, client)
    const parent = link('CertificateLink', authority.id)
    const id = await certify(version, certifying(publicKey, requestFor(key), parent))
    const certificate = await certificateAt(version, id)
    t.ok(certificate.checkIssued(authority.certificate) && certificate.verify(authority.certificate.publicKey))
    t.same([...(await linksOf(id))].sort(), [`CertificateLink ${authority.id}`, `PublicKeyLink ${publicKey}`])
    t.equal(await told(version, certifying(publicKey, undefined, X509, parent)), 'Success', 'it answers for itself')
    const ask = (to: string, from = client) =>
      told(version, certifying(publicKey, requestFor(key), link('CertificateLink', to)), from)
    t.equal(await ask('nothing'), 'PermissionDenied')
    t.equal(await ask(publicKey), 'PermissionDenied', 'no certificate')
    t.equal(await ask(id), 'PermissionDenied', 'without its private key')
    const two = [parent, link('CertificateLink', id)]
    t.equal(await told(version, certifying(publicKey, requestFor(key), ...two)), 'InvalidField')
    const mallory = harness.client('mallory')
    const own = await registerPublic(version, key, mallory)
    t.equal(
      await told(version, certifying(own, requestFor(key), parent), mallory),
      'PermissionDenied',
      'of somebody else',
    )
    await client.call(version, 'Revoke', {
      ...of(authority.privateKey),
      revocationReason: { revocationReasonCode: 'CessationOfOperation' },
    })
    t.equal(await ask(authority.id), inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'), 'out of service')
  })

  void test(name('keys that are not for issuing, and certificates that are no authority'), async (t) => {
    const { publicKey } = await pairOf(version, client, 'Sign')
    const id = await certify(version, certifying(publicKey, undefined, X509))
    const parent = link('CertificateLink', id)
    const key = ecKey()
    const request = requestFor(key)
    const applicant = await registerPublic(version, key, client)
    const mask = inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask')
    t.equal(await told(version, certifying(applicant, request, parent)), mask)
    const signer = await pairOf(version, client, 'CertificateSign')
    const end = await certify(version, certifying(signer.publicKey, undefined, X509))
    t.equal(
      await told(version, certifying(applicant, request, link('CertificateLink', end))),
      'PermissionDenied',
      'CA:FALSE',
    )
  })

  void test(`1.4 §4.8 / 2.1 §6.1.45: ${version}: Re-certify`, async (t) => {
    const key = ecKey()
    const publicKey = await registerPublic(version, key, client)
    const first = await certify(
      version,
      certifying(publicKey, requestFor(key), named(`first ${version}`), usage('Verify')),
    )
    const request = (id: string, more: Payload = {}): Payload => ({ ...of(id), attributes: attributesOf(), ...more })
    const second = idIn(
      await client.call(version, 'ReCertify', request(first, { attributes: attributesOf(named(`second ${version}`)) })),
    )
    const [before, after] = [await certificateAt(version, first), await certificateAt(version, second)]
    t.not(before.serialNumber, after.serialNumber)
    t.equal(before.subject, after.subject)
    t.ok(after.checkPrivateKey(key))
    t.same(await linksOf(first), [`PublicKeyLink ${publicKey}`, `ReplacementObjectLink ${second}`])
    t.same(await linksOf(second), [`ReplacedObjectLink ${first}`, `PublicKeyLink ${publicKey}`])
    t.same(await linksOf(publicKey), [`CertificateLink ${second}`])
    t.equal(await attributeOf(client, version, first, 'Name'), undefined, 'its Names have moved')
    t.match(await attributeOf(client, version, second, 'Name'), { nameValue: `first ${version}` })
    t.match(
      await attributeOf(client, version, second, 'CryptographicUsageMask'),
      await attributeOf(client, version, first, 'CryptographicUsageMask'),
    )
    const refused = async (payload: Payload, from = client) =>
      refusal(await from.attempt(version, 'ReCertify', payload))
    const offset = { offset: 100, attributes: attributesOf(active) }
    t.equal(await refused(request(second, offset)), 'InvalidMessage', 'an Offset and the date that it would set')
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await refused(request('nothing')), missing)
    t.equal(await refused(request(second), harness.client('mallory')), missing)
    t.equal(await refused(request(publicKey)), unfit)
    const other = { certificateRequestType: 'PKCS_10', certificateRequestValue: requestFor(ecKey()) }
    t.equal(await refused(request(second, other)), bad, 'another key')
    const again = { certificateRequestType: 'PKCS_10', certificateRequestValue: requestFor(key, { name: 'renamed' }) }
    const third = idIn(await client.call(version, 'ReCertify', request(second, again)))
    t.equal((await certificateAt(version, third)).subject, 'CN=renamed', 'a request says who it is')
    await client.call(version, 'Archive', of(third))
    t.equal(await refused(request(third)), 'ObjectArchived')
  })

  void test(`1.4 §4.8 Table 186 / 2.1 §6.1.45 Table 298: ${version}: dates of a new certificate`, async (t) => {
    const { publicKey } = await pairOf(version, client, 'Sign')
    const from = harness.clock.now() + 1000
    const dates: readonly Attribute[] = [
      { name: 'ActivationDate', value: from },
      { name: 'DeactivationDate', value: from + 5000 },
    ]
    const id = await certify(version, certifying(publicKey, undefined, X509, ...dates))
    const copy = idIn(await client.call(version, 'ReCertify', { ...of(id) }))
    t.equal(await attributeOf(client, version, copy, 'ActivationDate'), from)
    t.equal(await attributeOf(client, version, copy, 'DeactivationDate'), from + 5000)
    const moved = idIn(await client.call(version, 'ReCertify', { ...of(copy), offset: 300 }))
    const now = harness.clock.now()
    t.equal(await attributeOf(client, version, moved, 'ActivationDate'), now + 300)
    t.equal(await attributeOf(client, version, moved, 'DeactivationDate'), now + 300 + 5000)
    t.equal(Date.parse((await certificateAt(version, moved)).validFrom) / 1000, now + 300)
  })
}

void test('1.4 §4.7: a foreign certificate is renewed for nobody who does not show its key', async (t) => {
  const key = ecKey()
  const Certificate = { certificateType: 'X_509', certificateValue: createAuthority(key).raw }
  const id = idIn(
    await client.call('2.1', 'Register', { objectType: 'Certificate', attributes: attributesOf(), Certificate }),
  )
  const refused = async (more: Payload) => refusal(await client.attempt('2.1', 'ReCertify', { ...of(id), ...more }))
  t.equal(await refused({}), 'PermissionDenied')
  const request = { certificateRequestType: 'PKCS_10', certificateRequestValue: requestFor(key) }
  t.equal(await refused(request), 'Success')
})

void test('2.1 §6.1.6: a request is enough, in the payload or as an object', async (t) => {
  const key = ecKey()
  const id = await certify('2.1', certifying(undefined, requestFor(key)))
  t.same(await linksOf(id), [], 'there is no public key to link to')
  const object = idIn(
    await client.call('2.1', 'Register', {
      objectType: 'CertificateRequest',
      attributes: attributesOf(),
      CertificateRequest: { certificateRequestType: 'PKCS_10', certificateRequestValue: requestFor(key) },
    }),
  )
  const byObject = await certify('2.1', certifying(object))
  t.ok((await certificateAt('2.1', byObject)).checkPrivateKey(key))
  t.equal(await told('2.1', certifying(object, requestFor(key))), 'InvalidMessage', 'two requests')
  const answer = await client.call('2.1', 'ReCertify', {
    ...of(byObject),
    certificateRequestUniqueIdentifier: byId(object),
  })
  t.ok((await certificateAt('2.1', idIn(answer))).checkPrivateKey(key))
})

void test('1.4 §4.7: the certificate is the ID Placeholder of its batch', async (t) => {
  const key = ecKey()
  const publicKey = await registerPublic('1.4', key, client)
  const [, got] = await client.batch('1.4', [
    { operation: 'Certify', request: certifying(publicKey, requestFor(key)) },
    { operation: 'Get', request: {} },
  ])
  t.match(got?.payload, { objectType: 'Certificate' })
})
