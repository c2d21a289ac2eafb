import { createHmac } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import { createKey, FAMILIES, inFamily, of, openServer, refusal, registerKey, usage } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const KEY = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
const DATA = Buffer.from('01020304050607080910111213141516', 'hex')
const HMAC = { cryptographicAlgorithm: 'HMAC_SHA256' } as const
const CMAC = { blockCipherMode: 'CMAC' } as const

const register = (version: Version, key: Buffer, ...attributes: readonly Attribute[]): Promise<string> =>
  registerKey(
    client,
    version,
    key,
    usage('MACGenerate', 'MACVerify'),
    { name: 'ActivationDate', value: harness.clock.now() - 3600 },
    ...attributes,
  )

for (const version of VERSIONS.filter((each) => inRange(each, { since: '1.2' }))) {
  void test(`1.4 §4.33, §4.34 / 2.1 §6.1.32, §6.1.33: ${version}: the published case (CS-AC-M-4, CS-AC-M-5)`, async (t) => {
    const id = await register(version, KEY, { name: 'CryptographicParameters', value: HMAC })
    const { macData, uniqueIdentifier } = await client.call(version, 'MAC', { ...of(id), data: DATA })
    t.equal(uniqueIdentifier, id)
    t.same(macData, createHmac('sha256', KEY).update(DATA).digest())
    const check = async (data: Buffer, given: unknown) =>
      (await client.call(version, 'MACVerify', { ...of(id), data, macData: given }))['validityIndicator']
    t.equal(await check(DATA, macData), 'Valid')
    t.equal(await check(KEY, macData), 'Invalid')
    t.equal(await check(DATA, Buffer.alloc(32)), 'Invalid')
    t.equal(await check(DATA, Buffer.isBuffer(macData) ? macData.subarray(0, 31) : undefined), 'Invalid')
  })
}

/** SP 800-38B appendix D, the message of up to 64 bytes; and the 192 and 256 bit keys. */
const MESSAGE = Buffer.from(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  'hex',
)
const CMAC_VECTORS = [
  { key: '2b7e151628aed2a6abf7158809cf4f3c', length: 0, mac: 'bb1d6929e95937287fa37d129b756746' },
  { key: '2b7e151628aed2a6abf7158809cf4f3c', length: 16, mac: '070a16b46b4d4144f79bdd9dd04a287c' },
  { key: '2b7e151628aed2a6abf7158809cf4f3c', length: 40, mac: 'dfa66747de9ae63030ca32611497c827' },
  { key: '2b7e151628aed2a6abf7158809cf4f3c', length: 64, mac: '51f0bebf7e3b9d92fc49741779363cfe' },
  { key: '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b', length: 16, mac: '9e99a7bf31e710900662f65e617c5184' },
  {
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    length: 64,
    mac: 'e1992190549f6ed5696a2c056c315410',
  },
] as const

for (const version of FAMILIES) {
  void test(`1.4 §4.33 / 2.1 §6.1.32: ${version}: CMAC of SP 800-38B appendix D`, async (t) => {
    for (const { key, length, mac } of CMAC_VECTORS) {
      const id = await register(version, Buffer.from(key, 'hex'))
      const data = MESSAGE.subarray(0, length)
      const answer = await client.call(version, 'MAC', { ...of(id), cryptographicParameters: CMAC, data })
      t.equal(Buffer.isBuffer(answer['macData']) && answer['macData'].toString('hex'), mac)
    }
  })

  void test(`1.4 §11.34, §11.35 / 2.1 §6.1.32.1, §6.1.33.1: ${version}: what is refused`, async (t) => {
    const request = { cryptographicParameters: HMAC, data: DATA }
    const id = await register(version, KEY)
    const told = async (more: object, operation: 'MAC' | 'MACVerify' = 'MAC') =>
      refusal(await client.attempt(version, operation, { ...request, ...of(id), ...more }))
    t.equal(await told({ data: undefined }), 'InvalidMessage')
    t.not(await told({ cryptographicParameters: { cryptographicAlgorithm: 'RSA' } }), 'Success')
    const ciphering = await createKey(client, version, { name: 'ActivationDate', value: harness.clock.now() - 1 })
    t.equal(
      await told(of(ciphering)),
      inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask'),
      'a key for something else',
    )
    t.equal(await told(of('nobody')), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    const foreign = await harness.client('mallory').attempt(version, 'MAC', { ...request, ...of(id) })
    t.equal(refusal(foreign), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    const { macData } = await client.call(version, 'MAC', { ...request, ...of(id) })
    await client.call(version, 'Revoke', { ...of(id), revocationReason: { revocationReasonCode: 'Superseded' } })
    t.equal(await told({}), inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'))
    const late = await client.call(version, 'MACVerify', { ...request, ...of(id), macData })
    t.equal(late['validityIndicator'], 'Valid', 'what an old key made is still checked')
  })

  void test(`1.4 §3.21 / 2.1 §4.59: ${version}: a MAC counts against the Usage Limits, a check does not`, async (t) => {
    const limit: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 1n, usageLimitsUnit: 'Object' } }
    const request = { ...of(await register(version, KEY, limit)), cryptographicParameters: HMAC, data: DATA }
    const { macData } = await client.call(version, 'MAC', request)
    t.equal(refusal(await client.attempt(version, 'MAC', request)), 'PermissionDenied')
    t.equal((await client.call(version, 'MACVerify', { ...request, macData }))['validityIndicator'], 'Valid')
  })
}
