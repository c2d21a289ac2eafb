import { createCipheriv } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import { attributeOf, FAMILIES, inFamily, of, openServer, refusal, registerKey, usage } from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'
import { bytesIn, openStream } from '../helpers/parts.ts'

/* Whose a stream is, what ends it, and what it may not do. */

const { client, harness } = await openServer()

const KEY = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
const DATA = Buffer.from('01020304050607080910111213141516', 'hex')
const ECB = { cryptographicParameters: { blockCipherMode: 'ECB' } } as const
const CBC = { cryptographicParameters: { blockCipherMode: 'CBC' }, ivCounterNonce: DATA } as const
const HASH = { cryptographicParameters: { hashingAlgorithm: 'SHA_256' } } as const

const key = (version: Version, ...attributes: readonly Attribute[]): Promise<string> =>
  registerKey(
    client,
    version,
    KEY,
    usage('Encrypt', 'Decrypt', 'MACGenerate'),
    { name: 'ActivationDate', value: harness.clock.now() - 3600 },
    ...attributes,
  )

const unknown = (version: Version) => inFamily(version, 'ItemNotFound', 'InvalidCorrelationValue')
const outOfService = (version: Version) => inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState')

for (const version of FAMILIES) {
  const told = async (request: Payload, operation: 'Encrypt' | 'Decrypt' | 'MAC' | 'Hash' = 'Encrypt') =>
    refusal(await client.attempt(version, operation, request))

  void test(`1.4 §11.30 / 2.1 §6.1.17.1: ${version}: a stream of another client is one that is not there`, async (t) => {
    const correlationValue = await openStream(client, version, 'Hash', { ...HASH, data: DATA })
    const mallory = harness.client('mallory')
    const request = { ...HASH, data: DATA, finalIndicator: true }
    const foreign = await mallory.attempt(version, 'Hash', { ...request, correlationValue })
    const none = await mallory.attempt(version, 'Hash', { ...request, correlationValue: Buffer.alloc(16) })
    t.same(foreign, none)
    t.equal(refusal(foreign), unknown(version))
    const root = await harness.client('root', 'admin').attempt(version, 'Hash', { ...request, correlationValue })
    t.same(root, none, 'nor is it an administrator’s')
    t.equal(await told({ ...request, correlationValue }, 'Hash'), 'Success', 'and whose it is goes on with it')
    for (const wrong of [Buffer.alloc(0), Buffer.from('c'), Buffer.alloc(100_000)]) {
      t.equal(await told({ ...request, correlationValue: wrong }, 'Hash'), unknown(version))
    }
  })

  void test(`1.4 §2.1.15 / 2.1 §7.8: ${version}: a stream belongs to its operation and its key`, async (t) => {
    const id = await key(version)
    const correlationValue = await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA })
    t.equal(await told({ ...of(id), correlationValue, data: DATA }, 'Decrypt'), unknown(version))
    t.equal(await told({ ...of(id), correlationValue, data: DATA }, 'MAC'), unknown(version))
    t.equal(await told({ ...of(id), correlationValue, data: DATA }), 'Success', 'which did not end it')
    t.equal(await told({ ...of(await key(version)), correlationValue, data: DATA }), unknown(version))
    t.equal(await told({ ...of(id), correlationValue, data: DATA }), unknown(version), 'which did')
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: what the parts of a stream need`, async (t) => {
    const id = of(await key(version))
    const open = () => openStream(client, version, 'Encrypt', { ...id, ...CBC, data: DATA })
    const bad = inFamily(version, 'InvalidMessage', 'InvalidCorrelationValue')
    t.equal(await told({ ...id, ...CBC, data: DATA, finalIndicator: true }), bad, 'the end of nothing')
    const again = { ...id, correlationValue: await open(), data: DATA }
    t.equal(await told({ ...again, initIndicator: true }), bad, 'a beginning in the middle')
    t.equal(await told({ ...id, correlationValue: await open() }), 'InvalidMessage', 'no data in the middle')
    t.equal(await told({ ...again, ...CBC }), 'Success', 'the same parameters and IV again')
    t.equal(await told({ ...again, ...ECB }), 'InvalidField', 'other parameters')
    t.equal(await told(again), unknown(version), 'which end the stream')
    for (const more of [{ ivCounterNonce: KEY }, { additionalData: DATA }]) {
      t.equal(await told({ ...again, correlationValue: await open(), ...more }), 'InvalidField')
    }
    const tag = { ...id, correlationValue: await openStream(client, version, 'Decrypt', { ...id, ...CBC, data: DATA }) }
    t.equal(await told({ ...tag, data: DATA, tag: DATA }, 'Decrypt'), 'InvalidField', 'a tag that comes late')
    t.equal(
      await told({ ...id, ...CBC, data: DATA, initIndicator: false, finalIndicator: false }),
      'Success',
      'no parts',
    )
  })

  void test(`1.4 §3.19, §3.22 / 2.1 §4.17, §4.57: ${version}: a key is asked again with each part`, async (t) => {
    const end: readonly (readonly [title: string, reason: string, (id: string) => Promise<unknown>])[] = [
      [
        'Revoke',
        outOfService(version),
        (id) => client.call(version, 'Revoke', { ...of(id), revocationReason: { revocationReasonCode: 'Superseded' } }),
      ],
      ['Archive', 'ObjectArchived', (id) => client.call(version, 'Archive', of(id))],
    ]
    for (const [title, reason, change] of end) {
      const id = await key(version)
      const correlationValue = await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA })
      await change(id)
      t.equal(await told({ ...of(id), correlationValue, data: DATA }), reason, title)
      t.equal(await told({ ...of(id), correlationValue, data: DATA }), unknown(version), 'and the stream is over')
    }
  })

  void test(`1.4 §3.26 / 2.1 §4.41: ${version}: a Protect Stop Date stops a stream`, async (t) => {
    const id = await key(version, { name: 'ProtectStopDate', value: harness.clock.now() + 10 })
    const correlationValue = await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA })
    const part = { ...of(id), correlationValue, data: DATA }
    t.equal(await told(part), 'Success')
    harness.clock.advance(11)
    t.equal(await told(part), inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'))
  })

  void test(`1.4 §4.21 / 2.1 §6.1.16: ${version}: Destroy ends the streams of the key`, async (t) => {
    const id = await key(version)
    const correlationValue = await openStream(client, version, 'Decrypt', { ...of(id), ...ECB, data: DATA })
    await client.call(version, 'Revoke', { ...of(id), revocationReason: { revocationReasonCode: 'Superseded' } })
    t.equal(
      await told({ ...of(id), correlationValue, data: DATA }, 'Decrypt'),
      'Success',
      'Decrypt goes on after Revoke',
    )
    await client.call(version, 'Destroy', of(id))
    t.equal(await told({ ...of(id), correlationValue, data: DATA }, 'Decrypt'), unknown(version))
  })

  void test(`1.4 §3.21 / 2.1 §4.59: ${version}: Usage Limits count what is processed`, async (t) => {
    const limit = (usageLimitsUnit: 'Byte' | 'Object', usageLimitsTotal: bigint): Attribute => ({
      name: 'UsageLimits',
      value: { usageLimitsTotal, usageLimitsUnit },
    })
    const left = async (id: string) => {
      const value = await attributeOf(client, version, id, 'UsageLimits')
      return typeof value === 'object' && value !== null && 'usageLimitsCount' in value ? value.usageLimitsCount : value
    }
    const bytes = await key(version, limit('Byte', 40n))
    const byteStream = {
      ...of(bytes),
      correlationValue: await openStream(client, version, 'Encrypt', { ...of(bytes), ...ECB, data: DATA }),
    }
    t.equal(await left(bytes), 24n)
    t.equal(await told({ ...byteStream, data: DATA }), 'Success')
    t.equal(await left(bytes), 8n)
    t.equal(await told({ ...byteStream, data: DATA }), 'PermissionDenied')
    t.equal(await left(bytes), 8n)
    t.equal(await told({ ...byteStream, data: DATA.subarray(8) }), unknown(version))
    const objects = await key(version, limit('Object', 1n))
    const correlationValue = await openStream(client, version, 'Encrypt', { ...of(objects), ...ECB, data: DATA })
    t.equal(await told({ ...of(objects), correlationValue, data: DATA, finalIndicator: true }), 'Success')
    t.equal(await left(objects), 0n)
    t.equal(await told({ ...of(objects), ...ECB, data: DATA, initIndicator: true }), 'PermissionDenied')
  })

  void test(`2.1 §9.6: ${version}: a part that is undone, or whose answer does not fit, ends its stream`, async (t) => {
    const id = await key(version)
    const open = async () => ({
      ...of(id),
      correlationValue: await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA }),
      data: DATA,
    })
    const undone = await open()
    const bad = { operation: 'Get', request: of('nobody') } as const
    const batch = [{ operation: 'Encrypt', request: undone } as const, bad]
    const results = await client.batch(version, batch, { option: 'Undo' })
    t.same(
      results.map(({ status }) => status),
      ['OperationUndone', 'OperationFailed'],
    )
    t.equal(await told(undone), unknown(version))
    const kept = await open()
    await client.batch(version, [{ operation: 'Encrypt', request: kept }, bad], { option: 'Continue' })
    t.equal(await told(kept), 'Success', 'an item that succeeded for itself did not fail with the batch')
    const large = await open()
    const tooLarge = await client.batch(
      version,
      [{ operation: 'Encrypt', request: { ...large, data: Buffer.alloc(4096) } }],
      { maximumResponseSize: 1024 },
    )
    t.equal(tooLarge[0]?.reason, 'ResponseTooLarge')
    t.equal(await told(large), unknown(version))
    const opening = { ...of(id), ...ECB, data: DATA, initIndicator: true }
    const opened = await client.batch(
      version,
      [
        { operation: 'Encrypt', request: opening },
        { operation: 'Encrypt', request: opening },
      ],
      { option: 'Undo' },
    )
    t.ok(opened.every(({ status }) => status === 'Success'))
    for (const { payload } of opened) {
      t.equal(await told({ ...of(id), correlationValue: payload['correlationValue'], data: DATA }), 'Success')
    }
  })

  void test(`1.4 §4.29 / 2.1 §6.1.17: ${version}: a part is processed once, however often its commit is tried`, async (t) => {
    const limit: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 100_000n, usageLimitsUnit: 'Byte' } }
    const id = await key(version, limit)
    const streams = await Promise.all(
      Array.from({ length: 8 }, () => openStream(client, version, 'Encrypt', { ...of(id), ...CBC, data: DATA })),
    )
    const cipher = createCipheriv('aes-128-cbc', KEY, DATA).setAutoPadding(false)
    cipher.update(DATA)
    for (let part = 0; part < 4; part += 1) {
      const expected = cipher.update(DATA)
      const answers = await Promise.all(
        streams.map((correlationValue) => client.call(version, 'Encrypt', { ...of(id), correlationValue, data: DATA })),
      )
      for (const { ciphertext } of answers) t.same(bytesIn(ciphertext), expected)
    }
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsCount: 100_000n - 16n * 8n * 5n })
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: parts that come at once end the stream: nobody knows their order`, async (t) => {
    const limit: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 100_000n, usageLimitsUnit: 'Byte' } }
    const id = await key(version, limit)
    const correlationValue = await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA })
    const part = { ...of(id), correlationValue, data: DATA }
    t.same((await Promise.all([told(part), told(part)])).sort(), ['Success', unknown(version)].sort())
    t.equal(await told(part), unknown(version))
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: a key whose material is replaced is another key`, async (t) => {
    const id = await key(version)
    const correlationValue = await openStream(client, version, 'Encrypt', { ...of(id), ...ECB, data: DATA })
    const keyBlock = {
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: DATA, attributes: [] },
      cryptographicAlgorithm: 'AES',
      cryptographicLength: 128,
    }
    const attributes = [usage('Encrypt'), { name: 'ActivationDate', value: harness.clock.now() - 10 }] as const
    await client.call(version, 'Import', {
      uniqueIdentifier: id,
      objectType: 'SymmetricKey',
      replaceExisting: true,
      attributes,
      SymmetricKey: { keyBlock },
    })
    t.equal(await told({ ...of(id), correlationValue, data: DATA }), unknown(version))
  })

  void test(`2.1 §7.8: ${version}: streams of one client are counted, and do not stay for ever`, async (t) => {
    const alone = harness.client(`opener ${version}`)
    const open = async () => refusal(await alone.attempt(version, 'Hash', { ...HASH, data: DATA, initIndicator: true }))
    const results = new Map<string, number>()
    for (let count = 0; count < 10_000; count += 1) {
      const result = await open()
      results.set(result, (results.get(result) ?? 0) + 1)
    }
    const full = inFamily(version, 'GeneralFailure', 'ServerLimitExceeded')
    t.same(
      [...results],
      [
        ['Success', 64],
        [full, 9_936],
      ],
    )
    t.equal(
      await told({ ...HASH, data: DATA, initIndicator: true }, 'Hash'),
      'Success',
      'others are free to open theirs',
    )
    harness.clock.advance(301)
    t.equal(await open(), 'Success', 'and those that nobody has used for five minutes are gone')
  })

  void test(`2.1 §7.8: ${version}: a stream that is used stays`, async (t) => {
    const correlationValue = await openStream(client, version, 'Hash', HASH)
    for (let part = 0; part < 4; part += 1) {
      harness.clock.advance(200)
      t.equal(await told({ ...HASH, correlationValue, data: DATA }, 'Hash'), 'Success')
    }
    harness.clock.advance(301)
    t.equal(await told({ ...HASH, correlationValue, data: DATA }, 'Hash'), unknown(version))
  })

  void test(`2.1 §7.8: ${version}: what a stream gathers has an end`, async (t) => {
    const id = of(await key(version))
    const gcm = { cryptographicParameters: { blockCipherMode: 'GCM' }, ivCounterNonce: DATA.subarray(0, 12) } as const
    const correlationValue = await openStream(client, version, 'Decrypt', { ...id, ...gcm })
    const part = { ...id, correlationValue, data: Buffer.alloc(1_000_000) }
    for (let count = 0; count < 4; count += 1) t.equal(await told(part, 'Decrypt'), 'Success')
    t.equal(await told(part, 'Decrypt'), inFamily(version, 'GeneralFailure', 'ServerLimitExceeded'))
    t.equal(await told(part, 'Decrypt'), unknown(version))
  })
}
