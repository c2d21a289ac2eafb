import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto'
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import { t as file, test } from 'tap'
import { commonNameOf } from '../../src/keystore/software/certificates/subject.ts'
import { QUANTUM_ALGORITHMS } from '../../src/keystore/quantum-keys.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_ALGORITHM, type CryptographicAlgorithm } from '../../src/protocol/enumerations.ts'
import { DRAFT_VERSION, type Version } from '../../src/schema/version.ts'
import { active, attributeOf, attributesOf, createKey, idIn, of, refusal, usage } from '../helpers/calls.ts'
import { createHarness, type Payload, type TestClient } from '../helpers/harness.ts'

/* Keys that no known quantum computer breaks (FIPS 203, 204 and 205), in the draft and in today's versions. */

const harness = await createHarness({ draft: true })
file.teardown(() => harness.close())
const client = harness.client()

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

type Pair = { readonly privateKey: string; readonly publicKey: string }

const makePair = async (version: Version, algorithm: CryptographicAlgorithm): Promise<Pair> => {
  const kem = algorithm.includes('KEM')
  const answer = await client.call(version, 'CreateKeyPair', {
    common: attributesOf({ name: 'CryptographicAlgorithm', value: algorithm }, active),
    private: attributesOf(usage(kem ? 'UnwrapKey' : 'Sign')),
    public: attributesOf(usage(kem ? 'WrapKey' : 'Verify')),
  })
  return {
    privateKey: idIn(answer, 'privateKeyUniqueIdentifier'),
    publicKey: idIn(answer, 'publicKeyUniqueIdentifier'),
  }
}

const bytesIn = (value: unknown): Buffer => {
  if (!Buffer.isBuffer(value)) throw new Error('no bytes in the answer')
  return value
}

/** The Key Material of a key, in a format. */
const materialOf = async (version: Version, id: string, keyFormatType?: string, who = client): Promise<Buffer> => {
  const answer = await who.call(version, 'Get', { ...of(id), keyFormatType })
  const { keyBlock } = (answer['PrivateKey'] ??
    answer['PublicKey'] ??
    answer['SecretData'] ??
    answer['SymmetricKey']) as {
    readonly keyBlock: { readonly keyValue: { readonly keyMaterial: unknown } }
  }
  return bytesIn(keyBlock.keyValue.keyMaterial)
}

const register = (
  version: Version,
  objectType: 'PrivateKey' | 'PublicKey',
  keyFormatType: string,
  keyMaterial: Buffer,
  algorithm: CryptographicAlgorithm,
) =>
  client.attempt(version, 'Register', {
    objectType,
    attributes: attributesOf(usage('Sign', 'Verify', 'WrapKey', 'UnwrapKey'), active),
    [objectType]: {
      keyBlock: {
        keyFormatType,
        keyValue: { keyMaterial, attributes: [] },
        cryptographicAlgorithm: algorithm,
      },
    },
  })

const registered = async (...given: Parameters<typeof register>): Promise<string> => {
  const { payload, reason, message } = await register(...given)
  if (reason !== undefined) throw new Error(`${reason} ${message ?? ''}`)
  return idIn(payload)
}

/** One of each kind: what all have in common is shown with those that are made at once. */
const QUICK: readonly CryptographicAlgorithm[] = ['ML_KEM_768', 'ML_DSA_65', 'SLH_DSA_SHA2_128f', 'X25519MLKEM768']

for (const version of ['1.4', '2.1', DRAFT_VERSION] as const) {
  for (const algorithm of QUICK) {
    void test(`3.0 §4.15 / 2.1 §11.12: ${version} makes a pair of ${algorithm}, and can hold it`, async (t) => {
      const { privateKey, publicKey } = await makePair(version, algorithm)
      for (const id of [privateKey, publicKey]) {
        t.equal(await attributeOf(client, version, id, 'CryptographicAlgorithm'), algorithm)
        t.ok(Number(await attributeOf(client, version, id, 'CryptographicLength')) > 0)
        t.ok((await materialOf(version, id)).length > 0)
      }
      const category = await attributeOf(client, DRAFT_VERSION, publicKey, 'NISTSecurityCategory')
      t.equal(category, algorithm.startsWith('SLH') ? 1 : 3)
    })
  }
}

void test('3.0 §4.15: other versions know the algorithms by extension values', (t) => {
  for (const algorithm of [...QUANTUM_ALGORITHMS.keys(), 'X25519MLKEM768' as const]) {
    const draft = CRYPTOGRAPHIC_ALGORITHM.codesIn(DRAFT_VERSION)[algorithm]
    const extension = (0x80000000 | draft) >>> 0
    for (const target of ['1.0', '2.1', 'storage'] as const) {
      t.equal(CRYPTOGRAPHIC_ALGORITHM.codesIn(target)[algorithm], extension, algorithm)
      t.equal(CRYPTOGRAPHIC_ALGORITHM.namesIn(target)(extension), algorithm)
    }
    t.equal(CRYPTOGRAPHIC_ALGORITHM.namesIn('2.1')(draft), undefined, 'and not by those of the draft')
  }
  t.equal(QUANTUM_ALGORITHMS.size, 18)
  t.end()
})

for (const [algorithm, { use, publicBytes, privateBytes, seedBytes }] of QUANTUM_ALGORITHMS) {
  // The small variants of SLH-DSA sign in seconds: their keys are taken in here, and the fast ones show how they sign.
  const isSlow = algorithm.endsWith('s')
  void test(`FIPS 203, 204, 205: keys of ${algorithm} in all of their formats`, async (t) => {
    const pair = await makePair('2.1', algorithm)
    const raw = await materialOf('2.1', pair.publicKey, 'Raw')
    t.equal(raw.length, publicBytes)
    const spki = await materialOf('2.1', pair.publicKey, 'X_509')
    t.ok(createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'raw-public' }).equals(raw))
    const secret = await materialOf('2.1', pair.privateKey, 'Raw')
    t.equal(secret.length, privateBytes)
    const pkcs8 = await materialOf('2.1', pair.privateKey, 'PKCS_8')
    const again = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
    t.ok(again.export({ format: 'raw-public' }).equals(raw))
    if (seedBytes === undefined) {
      const seed = await client.attempt('2.1', 'Get', { ...of(pair.privateKey), keyFormatType: 'SeedPrivateKey' })
      t.equal(refusal(seed), 'KeyFormatTypeNotSupported')
    } else t.equal((await materialOf('2.1', pair.privateKey, 'SeedPrivateKey')).length, seedBytes)

    const taken = await registered('2.1', 'PrivateKey', 'Raw', secret, algorithm)
    t.ok((await materialOf('2.1', taken, 'Raw')).equals(secret), 'it comes back as it came')
    const half = await registered('2.1', 'PublicKey', 'Raw', raw, algorithm)
    t.ok((await materialOf('2.1', half, 'X_509')).equals(spki))
    if (use === 'signature' && !isSlow) {
      const data = Buffer.from('to be signed')
      const signed = await client.call('2.1', 'Sign', { ...of(taken), data })
      const signature = bytesIn(signed['signatureData'])
      t.ok(verify(null, data, again, signature), 'by the library alone')
      const check = async (what: Buffer) =>
        (await client.call('2.1', 'SignatureVerify', { ...of(half), data: what, signatureData: signature }))[
          'validityIndicator'
        ]
      t.equal(await check(data), 'Valid')
      t.equal(await check(Buffer.from('something else')), 'Invalid')
    }
  })

  void test(`FIPS 203, 204, 205: what is no key of ${algorithm} is refused`, async (t) => {
    const attempts: readonly (readonly ['PrivateKey' | 'PublicKey', string, Buffer])[] = [
      ['PublicKey', 'Raw', Buffer.alloc(publicBytes - 1)],
      ['PublicKey', 'Raw', Buffer.alloc(publicBytes + 1)],
      ['PrivateKey', 'Raw', Buffer.alloc(privateBytes - 1)],
      ['PrivateKey', 'Raw', Buffer.alloc(privateBytes + 1)],
      ['PrivateKey', 'SeedPrivateKey', Buffer.alloc((seedBytes ?? 32) + 1)],
      ['PrivateKey', 'PKCS_8', Buffer.from('300a020100', 'hex')],
      ['PublicKey', 'X_509', Buffer.from('3003020100', 'hex')],
      ...(seedBytes === undefined ? [] : [['PrivateKey', 'Raw', Buffer.alloc(privateBytes, 0xff)] as const]),
      ...(use === 'kem' ? [['PublicKey', 'Raw', Buffer.alloc(publicBytes, 0xff)] as const] : []),
    ]
    for (const [objectType, format, bytes] of attempts)
      t.equal(refusal(await register('2.1', objectType, format, bytes, algorithm)), 'InvalidField', format)
  })
}

// Published values ------------------------------------------------------------------------------------------------------

/*
 * Key generation from a seed (d and z of ML-KEM): usnistgov/ACVP-Server, gen-val/json-files/ML-KEM-keyGen-FIPS203 and
 * ML-DSA-keyGen-FIPS204. The public key of each stands here as its SHA-256.
 */
const VECTORS = [
  [
    'ML_KEM_768',
    'e34a701c4c87582f42264ee422d3c684d97611f2523efe0c998af05056d693dca85768f3486bd32a01bf9a8f21ea938e648eae4e5448c34c3eb88820b159eedd',
    '7799c9d8eef172aa78c073514f2f039c240de8c5cb61bca82ba0bc46041ce279',
  ],
  [
    'ML_DSA_44',
    '93ef2e6ef1fb08999d142abe0295482370d3f43bdb254a78e2b0d5168eca065f',
    '6995b20ecd5cde41719035028a712ccf35b1adf53b913030423d9d6fa188d673',
  ],
  [
    'ML_DSA_65',
    '70cefb9aed5b68e018b079da8284b9d5cad5499ed9c265ff73588005d85c225c',
    '646b26b8d09dbc9e865b6a006c693a3127b065e62fab5fbe8b159c416462feb6',
  ],
  [
    'ML_DSA_87',
    '38359fbcd79582cffe609e137ee2efe8a8dbcbad18ba92bb433ab4f09b49299d',
    'ea374a09356e5f89be784f28f4ef938e8976cb5c4db00fbacb257663491748d4',
  ],
] as const

for (const [algorithm, seed, digest] of VECTORS) {
  void test(`FIPS 203 §7.1, FIPS 204 §5.1: the seed of NIST makes its key of ${algorithm}`, async (t) => {
    for (const version of ['1.4', '2.1', DRAFT_VERSION] as const) {
      const id = await registered(version, 'PrivateKey', 'SeedPrivateKey', hex(seed), algorithm)
      const pkcs8 = await materialOf(version, id, 'PKCS_8')
      const publicKey = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
      const bytes = publicKey.export({ format: 'raw-public' })
      t.equal(createHash('sha256').update(bytes).digest('hex'), digest, version)
      t.ok((await materialOf(version, id, 'SeedPrivateKey')).equals(hex(seed)))
    }
  })
}

// Signatures ------------------------------------------------------------------------------------------------------------

void test('FIPS 204 §5.2: a Context String is part of what is signed, and has 255 bytes at most', async (t) => {
  const { privateKey, publicKey } = await makePair(DRAFT_VERSION, 'ML_DSA_44')
  const data = Buffer.from('data')
  const sign = (cryptographicParameters: Payload) =>
    client.attempt(DRAFT_VERSION, 'Sign', { ...of(privateKey), data, cryptographicParameters })
  const contextString = Buffer.alloc(255, 1)
  const signatureData = bytesIn((await sign({ contextString })).payload['signatureData'])
  const check = async (parameters: Payload) =>
    (
      await client.call(DRAFT_VERSION, 'SignatureVerify', {
        ...of(publicKey),
        data,
        signatureData,
        cryptographicParameters: parameters,
      })
    )['validityIndicator']
  t.equal(await check({ contextString }), 'Valid')
  t.equal(await check({ contextString: Buffer.alloc(255, 2) }), 'Invalid')
  t.equal(await check({}), 'Invalid')
  t.equal(refusal(await sign({ contextString: Buffer.alloc(256) })), 'BadCryptographicParameters')
  t.equal(refusal(await sign({ deterministic: true })), 'UnsupportedCryptographicParameters')
  t.equal(refusal(await sign({ cryptographicAlgorithm: 'ML_DSA_65' })), 'BadCryptographicParameters')
  const digested = await client.attempt(DRAFT_VERSION, 'Sign', { ...of(privateKey), digestedData: Buffer.alloc(32) })
  t.equal(refusal(digested), 'UnsupportedCryptographicParameters')
})

void test('FIPS 203: keys for encapsulation do not sign', async (t) => {
  const id = await registered('2.1', 'PrivateKey', 'SeedPrivateKey', Buffer.alloc(64, 7), 'ML_KEM_768')
  t.equal(
    refusal(await client.attempt('2.1', 'Sign', { ...of(id), data: Buffer.from('x') })),
    'UnsupportedCryptographicParameters',
  )
})

// Encapsulation -----------------------------------------------------------------------------------------------------------

const encapsulate = async (publicKey: string, more: Payload = {}, who: TestClient = client) => {
  const answer = await who.call(DRAFT_VERSION, 'Encapsulate', { ...of(publicKey), ...more })
  return { id: idIn(answer), ciphertext: bytesIn(answer['data']) }
}

const decapsulated = async (privateKey: string, data: Buffer, more: Payload = {}): Promise<Buffer> => {
  const id = idIn(await client.call(DRAFT_VERSION, 'Decapsulate', { ...of(privateKey), data, ...more }))
  return materialOf(DRAFT_VERSION, id)
}

for (const algorithm of ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024', 'X25519MLKEM768'] as const) {
  void test(`3.0 wd19 / FIPS 203 §7: what is encapsulated with ${algorithm} is decapsulated`, async (t) => {
    const { privateKey, publicKey } = await makePair(DRAFT_VERSION, algorithm)
    const { id, ciphertext } = await encapsulate(publicKey)
    const secret = await materialOf(DRAFT_VERSION, id)
    t.equal(secret.length, algorithm === 'X25519MLKEM768' ? 64 : 32)
    t.ok((await decapsulated(privateKey, ciphertext)).equals(secret))
    t.equal(await attributeOf(client, '2.1', id, 'ObjectType'), 'SecretData')

    const changed = Buffer.from(ciphertext)
    changed[0] = (changed[0] ?? 0) ^ 1
    const other = await decapsulated(privateKey, changed)
    t.equal(other.length, secret.length, 'implicit rejection: no error tells that it is none')
    t.notOk(other.equals(secret))
    t.ok((await decapsulated(privateKey, changed)).equals(other), 'and always the same')

    for (const wrong of [ciphertext.subarray(1), Buffer.concat([ciphertext, Buffer.alloc(1)]), Buffer.alloc(0)]) {
      const request = { ...of(privateKey), data: wrong }
      t.equal(refusal(await client.attempt(DRAFT_VERSION, 'Decapsulate', request)), 'CryptographicFailure')
    }
  })
}

void test('3.0 wd19: a shared secret can be a symmetric key of its length', async (t) => {
  const { privateKey, publicKey } = await makePair(DRAFT_VERSION, 'ML_KEM_768')
  const aes = (length: number) => ({
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: length },
      usage('Encrypt'),
    ),
  })
  const { id, ciphertext } = await encapsulate(publicKey, aes(256))
  t.equal(await attributeOf(client, '2.1', id, 'CryptographicLength'), 256)
  t.ok((await decapsulated(privateKey, ciphertext, aes(256))).equals(await materialOf('2.1', id)))
  const attempt = (more: Payload) => client.attempt(DRAFT_VERSION, 'Encapsulate', { ...of(publicKey), ...more })
  t.equal(refusal(await attempt(aes(128))), 'InvalidField')
  t.equal(refusal(await attempt({ objectType: 'SymmetricKey' })), 'InvalidField')
  t.equal(refusal(await attempt({ objectType: 'Certificate' })), 'InvalidObjectType')
})

void test('3.0 wd19: who may encapsulate and decapsulate, and with what', async (t) => {
  const { privateKey, publicKey } = await makePair(DRAFT_VERSION, 'ML_KEM_512')
  const signing = await makePair(DRAFT_VERSION, 'ML_DSA_44')
  const { ciphertext: data } = await encapsulate(publicKey)
  const tell = async (operation: 'Encapsulate' | 'Decapsulate', id: string, more: Payload = {}, who = client) => {
    const given = operation === 'Decapsulate' ? { data } : {}
    return refusal(await who.attempt(DRAFT_VERSION, operation, { ...of(id), ...given, ...more }))
  }
  t.equal(await tell('Encapsulate', 'nowhere'), 'ItemNotFound')
  t.equal(await tell('Encapsulate', publicKey, {}, harness.client('mallory')), 'ItemNotFound')
  t.equal(await tell('Decapsulate', privateKey, {}, harness.client('mallory')), 'ItemNotFound')
  t.equal(await tell('Encapsulate', privateKey), 'InvalidObjectType')
  t.equal(await tell('Decapsulate', publicKey), 'InvalidObjectType')
  t.equal(await tell('Encapsulate', await createKey(client, '2.1', active)), 'InvalidObjectType')
  t.equal(await tell('Encapsulate', signing.publicKey), 'IncompatibleCryptographicUsageMask')
  const kem = (kemAlgorithm: string) => ({ cryptographicParameters: { kemAlgorithm } })
  t.equal(await tell('Encapsulate', publicKey, kem('RSASVE')), 'UnsupportedCryptographicParameters')
  t.equal(await tell('Encapsulate', publicKey, kem('MLKEM')), 'Success')
  await client.call(DRAFT_VERSION, 'Revoke', {
    ...of(publicKey),
    revocationReason: { revocationReasonCode: 'CessationOfOperation' },
  })
  t.equal(await tell('Encapsulate', publicKey), 'WrongKeyLifecycleState')
  await client.call(DRAFT_VERSION, 'Archive', of(privateKey))
  t.equal(await tell('Decapsulate', privateKey), 'ObjectArchived')
})

void test('3.0 §4.39 / 2.1 §4.45: the category is stated, and such keys are Quantum Safe', async (t) => {
  const make = (...attributes: readonly Attribute[]) =>
    client.attempt(DRAFT_VERSION, 'CreateKeyPair', {
      common: attributesOf({ name: 'CryptographicAlgorithm', value: 'ML_KEM_512' }, ...attributes),
    })
  t.equal(refusal(await make({ name: 'NISTSecurityCategory', value: 1 })), 'Success')
  t.equal(refusal(await make({ name: 'NISTSecurityCategory', value: 5 })), 'InvalidAttributeValue')
  t.equal(refusal(await make({ name: 'NISTSecurityCategory', value: 6 })), 'InvalidAttributeValue')
  t.equal(refusal(await make({ name: 'QuantumSafe', value: true })), 'Success')
  t.equal(refusal(await make({ name: 'CryptographicLength', value: 6400 })), 'Success')
  t.equal(refusal(await make({ name: 'CryptographicLength', value: 512 })), 'InvalidField')
})

// Certificates ------------------------------------------------------------------------------------------------------------

void test('2.1 §6.1.6 / RFC 9881, RFC 9909, RFC 9935: keys are certified, but not two that are one', async (t) => {
  const certified = async (publicKey: string): Promise<X509Certificate> => {
    const attributes = attributesOf(
      { name: 'CertificateType', value: 'X_509' },
      { name: 'CertificateSubjectCN', value: 'quantum' },
    )
    const id = idIn(await client.call('2.1', 'Certify', { ...of(publicKey), attributes }))
    const { Certificate } = await client.call('2.1', 'Get', of(id))
    return new X509Certificate(bytesIn((Certificate as { readonly certificateValue: unknown }).certificateValue))
  }
  for (const algorithm of ['ML_KEM_768', 'ML_DSA_65', 'SLH_DSA_SHA2_128f'] as const) {
    const { publicKey } = await makePair('2.1', algorithm)
    const spki = await materialOf('2.1', publicKey, 'X_509')
    t.ok((await certified(publicKey)).publicKey.equals(createPublicKey({ key: spki, format: 'der', type: 'spki' })))
  }
  const hybrid = await makePair('2.1', 'X25519MLKEM768')
  const refused = await client.attempt('2.1', 'Certify', {
    ...of(hybrid.publicKey),
    attributes: attributesOf(
      { name: 'CertificateType', value: 'X_509' },
      { name: 'CertificateSubjectCN', value: 'hybrid' },
    ),
  })
  t.equal(refusal(refused), 'InvalidObjectType')
})

void test('RFC 9881, RFC 9909: a certificate request is signed with the key that it is about', async (t) => {
  for (const [type, oid] of [
    ['ml-dsa-44', '2.16.840.1.101.3.4.3.17'],
    ['slh-dsa-shake-128f', '2.16.840.1.101.3.4.3.27'],
  ] as const) {
    const { publicKey, privateKey } = type === 'ml-dsa-44' ? generateKeyPairSync(type) : generateKeyPairSync(type)
    const certificationRequestInfo = new CertificationRequestInfo({
      subject: commonNameOf('request'),
      subjectPKInfo: AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo),
    })
    const signature = sign(null, Buffer.from(AsnConvert.serialize(certificationRequestInfo)), privateKey)
    const requestWith = (bytes: Buffer): Payload => ({
      certificateRequestType: 'PKCS_10',
      certificateRequestValue: Buffer.from(
        AsnConvert.serialize(
          new CertificationRequest({
            certificationRequestInfo,
            signatureAlgorithm: new AlgorithmIdentifier({ algorithm: oid }),
            signature: new Uint8Array(bytes).buffer,
          }),
        ),
      ),
    })
    t.equal(refusal(await client.attempt('2.1', 'Certify', requestWith(signature))), 'Success', type)
    const wrong = Buffer.from(signature)
    wrong[100] = (wrong[100] ?? 0) ^ 1
    t.equal(refusal(await client.attempt('2.1', 'Certify', requestWith(wrong))), 'InvalidCSR', type)
  }
})
