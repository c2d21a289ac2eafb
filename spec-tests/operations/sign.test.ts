import { constants, createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'tap'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import { attributesOf, FAMILIES, idIn, inFamily, of, openServer, refusal, usage } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const DATA = Buffer.from('01020304050607080910111213141516', 'hex')
const OTHER = Buffer.from('ff020304050607080910111213141516', 'hex')
const PSS: CryptographicParameters = {
  paddingMethod: 'PSS',
  hashingAlgorithm: 'SHA_256',
  cryptographicAlgorithm: 'RSA',
}

/** Key and signature of CS-AC-M-2. */
const PSS_KEY = Buffer.from(
  [
    '3082010a0282010100ab7f161c0042496ccd6c6d4dadb919973435357776003acf54b7af1e440afb80b64a8755f8002cfeba6b184540',
    'a2d66086d74648346d75b8d71812b205387c0f6583bc4d7dc7ec114f3b176b7957c422e7d03fc6267fa2a6f89b9bee9e60a1d7c2d833',
    'e5a5f4bb0b1434f4e795a41100f8aa214900df8b65089f98135b1c67b701675abdbc7d5721aac9d14a7f081fcec80b64e8a0ecc82953',
    '53c795328abf70e1b42e7bb8b7f4e8ac8c810cdb66e3d21126eba8da7d0ca34142cb76f91f013da809e9c1b7ae64c54130fbc21d80e9',
    'c2cb06c5c8d7cce8946a9ac99b1c2815c3612a29a82d73a1f99374fe30e54951662a6eda29c6fc411335d5dc7426b0f6050203010001',
  ].join(''),
  'hex',
)

const PSS_SIGNATURE = Buffer.from(
  [
    '2925ebf8c6c9d0585c36a44491dd28f8ffd1098d2275a505a0eba7af452e9496472fd5c4a515d1c0db16c7c59ef76863b571cbf498fb',
    '8178ffeb75667e6e51b9b9bbf09d55bba54b42acb947aa5a81dc62751727d7cad4616c0c0bf1dd666f8266f24262c5fa9cbbdc424ef5',
    'f5e345e633d111e66eb4afc4001bb02e158b2d5d4573c614655f21a688bee0e9dbde6a58324c08f42ae69697e0c51803f9de6b3df242',
    'd2915d9b1a8110ad28143ab7855ef92ede48971b484172de3b0b8957f493a74b3372ee2200f2233607735f90d0b180968ab20d74841f',
    'd3dba4fb1f225ea5c6c87f99c2a238db72a536e68be202a092cd032337d451477e568f9a48b638cb',
  ].join(''),
  'hex',
)

const register = async (
  version: Version,
  objectType: 'PublicKey' | 'PrivateKey',
  keyFormatType: string,
  keyMaterial: Buffer,
): Promise<string> => {
  const keyBlock = { keyFormatType, keyValue: { keyMaterial, attributes: [] } }
  const attributes = attributesOf(usage(objectType === 'PublicKey' ? 'Verify' : 'Sign'), {
    name: 'ActivationDate',
    value: harness.clock.now() - 3600,
  })
  return idIn(await client.call(version, 'Register', { objectType, attributes, [objectType]: { keyBlock } }))
}

type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

const registerPair = async (version: Version, { privateKey, publicKey }: Pair) => ({
  signer: await register(version, 'PrivateKey', 'PKCS_8', privateKey.export({ format: 'der', type: 'pkcs8' })),
  verifier: await register(version, 'PublicKey', 'X_509', publicKey.export({ format: 'der', type: 'spki' })),
})

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ED = generateKeyPairSync('ed25519')
const DSA = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })

const signatureIn = (value: unknown): Buffer => {
  if (!Buffer.isBuffer(value)) throw new Error('no signature in the answer')
  return value
}

const signed = async (version: Version, id: string, request: object): Promise<Buffer> =>
  signatureIn((await client.call(version, 'Sign', { ...of(id), ...request }))['signatureData'])

const verdict = async (version: Version, id: string, request: object): Promise<unknown> =>
  (await client.call(version, 'SignatureVerify', { ...of(id), ...request }))['validityIndicator']

for (const version of VERSIONS.filter((each) => inRange(each, { since: '1.2' }))) {
  void test(`1.4 §4.32 / 2.1 §6.1.56: ${version}: the published case of PSS (CS-AC-M-2)`, async (t) => {
    const id = await register(version, 'PublicKey', 'PKCS_1', PSS_KEY)
    const request = { cryptographicParameters: PSS, data: DATA, signatureData: PSS_SIGNATURE }
    t.equal(await verdict(version, id, request), 'Valid')
    t.equal(await verdict(version, id, { ...request, data: OTHER }), 'Invalid')
    const damaged = Buffer.concat([Buffer.of(0xff), PSS_SIGNATURE.subarray(1)])
    t.equal(await verdict(version, id, { ...request, signatureData: damaged }), 'Invalid')
    t.equal(await verdict(version, id, { ...request, signatureData: Buffer.alloc(3) }), 'Invalid')
    const sha1 = { ...PSS, hashingAlgorithm: 'SHA_1' }
    t.equal(await verdict(version, id, { ...request, cryptographicParameters: sha1 }), 'Invalid')
  })

  void test(`1.4 §4.31 / 2.1 §6.1.55: ${version}: signatures are those that others make and check`, async (t) => {
    const cases = [
      { pair: RSA, parameters: { digitalSignatureAlgorithm: 'SHA_384WithRSAEncryption' }, hash: 'sha384' },
      { pair: RSA, parameters: PSS, hash: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING },
      { pair: EC, parameters: { cryptographicAlgorithm: 'ECDSA', hashingAlgorithm: 'SHA_256' }, hash: 'sha256' },
      { pair: DSA, parameters: { digitalSignatureAlgorithm: 'DSAWithSHA256' }, hash: 'sha256' },
      { pair: ED, parameters: {}, hash: null },
    ] as const
    for (const { pair, parameters: cryptographicParameters, hash, ...options } of cases) {
      const { signer, verifier } = await registerPair(version, pair)
      const request = { cryptographicParameters, data: DATA }
      const signatureData = await signed(version, signer, request)
      t.ok(verify(hash, DATA, { key: pair.publicKey, ...options }, signatureData))
      t.equal(await verdict(version, verifier, { ...request, signatureData }), 'Valid')
      t.equal(await verdict(version, verifier, { ...request, signatureData, data: OTHER }), 'Invalid')
      const theirs = sign(hash, DATA, { key: pair.privateKey, ...options })
      t.equal(await verdict(version, verifier, { ...request, signatureData: theirs }), 'Valid')
    }
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.31, §4.32 / 2.1 §6.1.55, §6.1.56: ${version}: digested data`, async (t) => {
    const { signer, verifier } = await registerPair(version, RSA)
    const digestedData = createHash('sha256').update(DATA).digest()
    for (const cryptographicParameters of [PSS, { ...PSS, paddingMethod: 'PKCS1V1_5' }] as const) {
      const signatureData = await signed(version, signer, { cryptographicParameters, digestedData })
      t.equal(await verdict(version, verifier, { cryptographicParameters, data: DATA, signatureData }), 'Valid')
      t.equal(await verdict(version, verifier, { cryptographicParameters, digestedData, signatureData }), 'Valid')
      const changed = Buffer.alloc(32)
      const request = { cryptographicParameters, digestedData: changed, signatureData }
      t.equal(await verdict(version, verifier, request), 'Invalid')
    }
    const bare = { cryptographicParameters: { cryptographicAlgorithm: 'RSA' } }
    const signatureData = await signed(version, signer, { ...bare, digestedData: DATA })
    t.equal(await verdict(version, verifier, { ...bare, digestedData: DATA, signatureData }), 'Valid')
    const answer = await client.call(version, 'SignatureVerify', { ...of(verifier), ...bare, signatureData })
    t.equal(answer['validityIndicator'], 'Unknown', 'recovered, and compared with nothing')
    t.same(answer['data'], DATA)
  })

  void test(`1.4 §3.6 / 2.1 §4.16: ${version}: salt length and mask of PSS`, async (t) => {
    const { signer, verifier } = await registerPair(version, RSA)
    const cryptographicParameters = { ...PSS, saltLength: 11, maskGeneratorHashingAlgorithm: 'SHA_1', trailerField: 1 }
    const request = { cryptographicParameters, data: DATA }
    const signatureData = await signed(version, signer, request)
    t.equal(await verdict(version, verifier, { ...request, signatureData }), 'Valid')
    for (const change of [{ saltLength: 12 }, { maskGeneratorHashingAlgorithm: 'SHA_384' }]) {
      const other = { ...cryptographicParameters, ...change }
      t.equal(
        await verdict(version, verifier, { ...request, cryptographicParameters: other, signatureData }),
        'Invalid',
      )
    }
  })

  void test(`1.4 §11.32, §11.33 / 2.1 §6.1.55.1, §6.1.56.1: ${version}: what is refused`, async (t) => {
    const { signer, verifier } = await registerPair(version, RSA)
    const request = { cryptographicParameters: PSS, data: DATA }
    const told = async (id: string, more: object = {}) =>
      refusal(await client.attempt(version, 'Sign', { ...request, ...of(id), ...more }))
    t.equal(await told(signer, { data: undefined }), 'InvalidMessage')
    t.equal(await told(signer, { digestedData: Buffer.alloc(32) }), 'InvalidMessage', 'both')
    t.equal(await told(verifier), inFamily(version, 'PermissionDenied', 'InvalidObjectType'))
    t.equal(await told('nobody'), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    const wrong = { cryptographicParameters: { cryptographicAlgorithm: 'ECDSA', hashingAlgorithm: 'SHA_256' } }
    t.not(await told(signer, wrong), 'Success')
    t.equal(await verdict(version, verifier, { ...wrong, data: DATA, signatureData: DATA }), 'Invalid')
    await client.call(version, 'Revoke', { ...of(signer), revocationReason: { revocationReasonCode: 'Superseded' } })
    t.equal(await told(signer), inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'))
  })
}
