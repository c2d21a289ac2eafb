import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto'
import { test } from 'tap'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import type { Version } from '../../src/schema/version.ts'
import { attributesOf, FAMILIES, idIn, of, openServer, refusal, usage } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const DATA = Buffer.from('6628194e12073db03ba94cda9ef9532397d50dba79b987004afefe34', 'hex')
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const OAEP: CryptographicParameters = {
  paddingMethod: 'OAEP',
  hashingAlgorithm: 'SHA_256',
  maskGeneratorHashingAlgorithm: 'SHA_256',
}

const register = async (version: Version, objectType: 'PublicKey' | 'PrivateKey'): Promise<string> => {
  const isPublic = objectType === 'PublicKey'
  const keyMaterial = isPublic
    ? publicKey.export({ format: 'der', type: 'spki' })
    : privateKey.export({ format: 'der', type: 'pkcs8' })
  const keyBlock = { keyFormatType: isPublic ? 'X_509' : 'PKCS_8', keyValue: { keyMaterial, attributes: [] } }
  const attributes = attributesOf(usage(isPublic ? 'Encrypt' : 'Decrypt'), {
    name: 'ActivationDate',
    value: harness.clock.now() - 3600,
  })
  return idIn(await client.call(version, 'Register', { objectType, attributes, [objectType]: { keyBlock } }))
}

for (const version of FAMILIES) {
  void test(`1.4 §4.29, §4.30 / 2.1 §6.1.17, §6.1.11: ${version}: RSA as others encrypt and decrypt`, async (t) => {
    const [locker, opener] = [await register(version, 'PublicKey'), await register(version, 'PrivateKey')]
    const pSource = Buffer.from('label')
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const cases = [
      { parameters: OAEP, options: oaep },
      { parameters: { ...OAEP, pSource }, options: { ...oaep, oaepLabel: pSource } },
      { parameters: { paddingMethod: 'OAEP', hashingAlgorithm: 'SHA_1' }, options: { ...oaep, oaepHash: 'sha1' } },
      { parameters: { paddingMethod: 'PKCS1V1_5' }, options: { padding: constants.RSA_PKCS1_PADDING } },
    ]
    for (const { parameters: cryptographicParameters, options } of cases) {
      const answer = await client.call(version, 'Encrypt', { ...of(locker), cryptographicParameters, data: DATA })
      const ciphertext: unknown = answer['ciphertext']
      if (typeof ciphertext !== 'object' || ciphertext === null || !('data' in ciphertext)) throw new Error('no data')
      if (!Buffer.isBuffer(ciphertext.data)) throw new Error('no bytes')
      t.same(privateDecrypt({ key: privateKey, ...options }, ciphertext.data), DATA)
      const data = publicEncrypt({ key: publicKey, ...options }, DATA)
      t.same((await client.call(version, 'Decrypt', { ...of(opener), cryptographicParameters, data }))['data'], DATA)
    }
  })

  void test(`1.4 §3.6 / 2.1 §4.16: ${version}: a mask of another hash, and one answer to all that is wrong`, async (t) => {
    const [locker, opener] = [await register(version, 'PublicKey'), await register(version, 'PrivateKey')]
    const cryptographicParameters = { ...OAEP, maskGeneratorHashingAlgorithm: 'SHA_384' }
    const answer = await client.call(version, 'Encrypt', { ...of(locker), cryptographicParameters, data: DATA })
    const ciphertext: unknown = answer['ciphertext']
    if (typeof ciphertext !== 'object' || ciphertext === null || !('data' in ciphertext)) throw new Error('no data')
    const request = { ...of(opener), cryptographicParameters, data: ciphertext.data }
    t.same((await client.call(version, 'Decrypt', request))['data'], DATA)
    const wrong = [{ cryptographicParameters: OAEP }, { data: Buffer.alloc(256, 1) }, { data: Buffer.alloc(3) }]
    for (const change of wrong) {
      t.equal(refusal(await client.attempt(version, 'Decrypt', { ...request, ...change })), 'CryptographicFailure')
    }
    const long = { ...of(locker), cryptographicParameters, data: Buffer.alloc(200) }
    t.equal(refusal(await client.attempt(version, 'Encrypt', long)), 'InvalidField')
  })
}
