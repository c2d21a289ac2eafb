import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import {
  attributeOf,
  createKey,
  FAMILIES,
  inFamily,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'

const { client, harness } = await openServer()

const CBC: CryptographicParameters = { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }
const ECB: CryptographicParameters = { blockCipherMode: 'ECB' }
const GCM: CryptographicParameters = { blockCipherMode: 'GCM', tagLength: 16 }

const KEY = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
const DATA = Buffer.from('01020304050607080910111213141516', 'hex')
const IV = Buffer.from('ff020304050607080910111213141516', 'hex')

const activeKey = (version: Version, ...attributes: readonly Attribute[]): Promise<string> =>
  registerKey(
    client,
    version,
    KEY,
    usage('Encrypt', 'Decrypt'),
    { name: 'ActivationDate', value: harness.clock.now() - 3600 },
    ...attributes,
  )

/** Versions that have Encrypt and Decrypt. */
const CIPHERING = VERSIONS.filter((version) => inRange(version, { since: '1.2' }))

const dataIn = (value: unknown): Buffer => {
  const data: unknown = typeof value === 'object' && value !== null && 'data' in value ? value.data : value
  if (!Buffer.isBuffer(data)) throw new Error('no data in the answer')
  return data
}

for (const version of CIPHERING) {
  void test(`1.4 §4.29, §4.30 / 2.1 §6.1.17, §6.1.11: ${version}: the published case of ECB (CS-BC-M-7)`, async (t) => {
    const id = await activeKey(version)
    const answer = await client.call(version, 'Encrypt', { ...of(id), cryptographicParameters: ECB, data: DATA })
    t.equal(answer['uniqueIdentifier'], id)
    t.equal(dataIn(answer['ciphertext']).toString('hex'), 'd9bcce11b0b437b90239552df3a360c9')
    t.equal(answer['ivCounterNonce'], undefined)
    const data = dataIn(answer['ciphertext'])
    const clear = await client.call(version, 'Decrypt', { ...of(id), cryptographicParameters: ECB, data })
    t.same(clear['data'], DATA)
  })

  void test(`1.4 §4.29 / 2.1 §6.1.17: ${version}: the IV is answered where the server chose it`, async (t) => {
    const id = await activeKey(version)
    const request = { ...of(id), cryptographicParameters: CBC, data: DATA }
    const given = await client.call(version, 'Encrypt', { ...request, ivCounterNonce: IV })
    t.equal(given['ivCounterNonce'], undefined)
    const expected = createCipheriv('aes-128-cbc', KEY, IV)
    t.same(dataIn(given['ciphertext']), Buffer.concat([expected.update(DATA), expected.final()]))
    for (const cryptographicParameters of [CBC, { ...CBC, randomIV: true }]) {
      const chosen = await client.call(version, 'Encrypt', { ...request, cryptographicParameters })
      const ivCounterNonce = dataIn(chosen['ivCounterNonce'])
      t.equal(ivCounterNonce.length, 16)
      const data = dataIn(chosen['ciphertext'])
      const back = await client.call(version, 'Decrypt', { ...request, data, ivCounterNonce })
      t.same(back['data'], DATA)
    }
  })

  void test(`1.4 §4.29 / 2.1 §6.1.17: ${version}: the tag of GCM has a field since 1.4, and ends the data before`, async (t) => {
    const id = await activeKey(version)
    const iv = randomBytes(12)
    const request = { ...of(id), cryptographicParameters: GCM, ivCounterNonce: iv }
    const answer = await client.call(version, 'Encrypt', { ...request, data: DATA })
    const cipher = createCipheriv('aes-128-gcm', KEY, iv)
    const sealed = Buffer.concat([cipher.update(DATA), cipher.final()])
    const hasField = inRange(version, { since: '1.4' })
    t.same(dataIn(answer['ciphertext']), hasField ? sealed : Buffer.concat([sealed, cipher.getAuthTag()]))
    t.same(answer['tag'], hasField ? cipher.getAuthTag() : undefined)
    const received = { data: dataIn(answer['ciphertext']), tag: answer['tag'] }
    t.same((await client.call(version, 'Decrypt', { ...request, ...received }))['data'], DATA)
    received.data.writeUInt8(received.data.readUInt8(0) ^ 1, 0)
    t.equal(refusal(await client.attempt(version, 'Decrypt', { ...request, ...received })), 'CryptographicFailure')
  })

  void test(`1.4 §4.29 / 2.1 §6.1.17: ${version}: parameters of the object serve where the request has none`, async (t) => {
    const id = await activeKey(version, { name: 'CryptographicParameters', value: ECB })
    const answer = await client.call(version, 'Encrypt', { ...of(id), data: DATA })
    t.equal(dataIn(answer['ciphertext']).toString('hex'), 'd9bcce11b0b437b90239552df3a360c9')
    const bare = await client.attempt(version, 'Encrypt', { ...of(await activeKey(version)), data: DATA })
    t.equal(bare.status, 'OperationFailed', 'and without any there is no default')
  })

  void test(`1.4 §3.22 / 2.1 §4.57: ${version}: an old key opens, and closes nothing any more`, async (t) => {
    const id = await activeKey(version)
    const request = { ...of(id), cryptographicParameters: ECB, data: DATA }
    const data = dataIn((await client.call(version, 'Encrypt', request))['ciphertext'])
    for (const revocationReasonCode of ['Superseded', 'KeyCompromise']) {
      await client.call(version, 'Revoke', { ...of(id), revocationReason: { revocationReasonCode } })
      t.equal(
        refusal(await client.attempt(version, 'Encrypt', request)),
        inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'),
      )
      t.same((await client.call(version, 'Decrypt', { ...request, data }))['data'], DATA)
    }
    await client.call(version, 'Destroy', of(id))
    t.equal(
      refusal(await client.attempt(version, 'Decrypt', { ...request, data })),
      inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'),
    )
  })

  void test(`1.4 §3.21, §4.29 / 2.1 §4.59, §6.1.17: ${version}: Usage Limits are counted (CS-BC-M-7)`, async (t) => {
    const limit: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 16n, usageLimitsUnit: 'Byte' } }
    const id = await activeKey(version, limit)
    const request = { ...of(id), cryptographicParameters: ECB, data: DATA }
    const failed = { ...request, cryptographicParameters: { blockCipherMode: 'XTS' } }
    t.equal((await client.attempt(version, 'Encrypt', failed)).status, 'OperationFailed')
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsCount: 16n }, 'a failure costs nothing')
    const data = dataIn((await client.call(version, 'Encrypt', request))['ciphertext'])
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsTotal: 16n, usageLimitsCount: 0n })
    t.equal(refusal(await client.attempt(version, 'Encrypt', request)), 'PermissionDenied')
    t.same((await client.call(version, 'Decrypt', { ...request, data }))['data'], DATA, 'opening is not counted')
  })
}

/* 2.0 still says that a key outside its dates is not permitted; only its State is a matter of the life-cycle there. */
for (const version of ['1.4', '2.0', '2.1'] as const) {
  void test(`1.4 §3.25, §3.26 / 2.1 §4.40, §4.41: ${version}: a key is used within its dates (CS-BC-M-14)`, async (t) => {
    const now = harness.clock.now()
    const id = await activeKey(
      version,
      { name: 'ProcessStartDate', value: now + 3600 },
      { name: 'ProtectStopDate', value: now - 3600 },
    )
    const request = { ...of(id), cryptographicParameters: ECB, data: DATA }
    for (const operation of ['Encrypt', 'Decrypt'] as const) {
      const reason = refusal(await client.attempt(version, operation, request))
      t.equal(reason, version === '2.1' ? 'WrongKeyLifecycleState' : 'PermissionDenied', operation)
    }
    const unborn = { ...request, ...of(await createKey(client, version)) }
    t.equal(
      refusal(await client.attempt(version, 'Encrypt', unborn)),
      inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'),
      'a key that is not Active',
    )
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §3.21 / 2.1 §4.59: ${version}: uses at once do not exceed the limit`, async (t) => {
    const limit: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 3n, usageLimitsUnit: 'Object' } }
    const request = { ...of(await activeKey(version, limit)), cryptographicParameters: ECB, data: DATA }
    const results = await Promise.all(Array.from({ length: 6 }, () => client.attempt(version, 'Encrypt', request)))
    t.equal(results.filter(({ status }) => status === 'Success').length, 3)
  })

  void test(`1.4 §4.29, §4.30 / 2.1 §6.1.17, §6.1.11: ${version}: no request without data`, async (t) => {
    const request = { ...of(await activeKey(version)), cryptographicParameters: ECB }
    for (const operation of ['Encrypt', 'Decrypt'] as const) {
      const told = async (more: object) => refusal(await client.attempt(version, operation, { ...request, ...more }))
      t.equal(await told({}), 'InvalidMessage')
    }
  })

  void test(`1.4 §2.1.22 / 2.1 §7.2: ${version}: additional data is authenticated`, async (t) => {
    const id = await activeKey(version)
    const additionalData = Buffer.from('header')
    const request = { ...of(id), cryptographicParameters: GCM, additionalData }
    const answer = await client.call(version, 'Encrypt', { ...request, data: DATA })
    const [data, tag, iv] = [dataIn(answer['ciphertext']), dataIn(answer['tag']), dataIn(answer['ivCounterNonce'])]
    const opener = createDecipheriv('aes-128-gcm', KEY, iv).setAAD(additionalData).setAuthTag(tag)
    t.same(Buffer.concat([opener.update(data), opener.final()]), DATA)
    const received = { ...request, data, tag, ivCounterNonce: iv }
    t.same((await client.call(version, 'Decrypt', received))['data'], DATA)
    t.equal(
      refusal(await client.attempt(version, 'Decrypt', { ...received, additionalData: Buffer.from('other') })),
      'CryptographicFailure',
    )
  })
}
