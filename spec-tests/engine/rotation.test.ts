import { join } from 'node:path'
import Database from 'better-sqlite3'
import { test } from 'tap'
import { SHORTEST_INTERVAL } from '../../src/domain/rotation.ts'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { attributeOf, attributesOf, createKey, idIn, named, of, openServer, refusal, usage } from '../helpers/calls.ts'
import type { TestClient } from '../helpers/harness.ts'

/* Rotation by the server itself (2.1 sections 4.48 to 4.54). */

const { harness, client } = await openServer()

const HOUR = 3_600

const automatic = (interval: number, ...more: readonly Attribute[]): readonly Attribute[] => [
  { name: 'RotateAutomatic', value: true },
  { name: 'RotateInterval', value: interval },
  ...more,
]

const rotateNamed = (value: string): Attribute => ({
  name: 'RotateName',
  value: { rotateNameValue: value, rotateNameType: 'UninterpretedTextString' },
})

const later = async (seconds: number): Promise<void> => {
  harness.clock.advance(seconds)
  await harness.handler.sweep()
}

/** All of one set, the latest first. */
const setOf = async (name: string): Promise<readonly string[]> => {
  const filters = [{ ref: { name: 'RotateName' }, value: anyOf(rotateNamed(name)) }]
  return (await client.call('2.1', 'Locate', { filters }))['uniqueIdentifiers'] as readonly string[]
}

const valuesOf = async (id: string, ...names: readonly Attribute['name'][]): Promise<readonly unknown[]> => {
  const values = []
  for (const name of names) values.push(await attributeOf(client, '2.1', id, name))
  return values
}

const replacementOf = async (id: string): Promise<string | undefined> => {
  const { attributes } = await client.call('2.1', 'GetAttributes', { ...of(id), attributes: [{ name: 'Link' }] })
  const links = attributes as readonly { value: { linkType: string; linkedObjectIdentifier: { id: string } } }[]
  return links.find(({ value }) => value.linkType === 'ReplacementObjectLink')?.value.linkedObjectIdentifier.id
}

/** A private and a public key. */
const pairOf = async (who: TestClient): Promise<readonly [privateKey: string, publicKey: string]> => {
  const answer = await who.call('2.1', 'CreateKeyPair', {
    common: attributesOf({ name: 'CryptographicAlgorithm', value: 'EC' }, { name: 'CryptographicLength', value: 256 }),
    private: attributesOf(usage('Sign')),
    public: attributesOf(usage('Verify')),
  })
  return [idIn(answer, 'privateKeyUniqueIdentifier'), idIn(answer, 'publicKeyUniqueIdentifier')]
}

const STANDING = ['RotateGeneration', 'RotateLatest', 'RotateDate'] as const

void test('2.1 §4.48, §4.51: a key is rotated when its Rotate Interval has passed since its Initial Date', async (t) => {
  const first = await createKey(client, '2.1', named('rotated'), ...automatic(HOUR, rotateNamed('set')))
  await later(HOUR - 1)
  t.same(await setOf('set'), [first], 'a second before')
  await later(1)
  const [second = '', ...others] = await setOf('set')
  t.same(others, [first])
  t.same(await valuesOf(second, ...STANDING), [1, true, undefined], '§4.50, §4.52')
  t.same(await valuesOf(first, ...STANDING), [undefined, false, harness.clock.now()], '§4.49, §4.52')
  t.same(await attributeOf(client, '2.1', second, 'Name'), named('rotated').value, 'as Re-key has it')
  t.equal(await replacementOf(first), second)
  t.notSame(
    (await client.call('2.1', 'Get', of(first)))['SymmetricKey'],
    (await client.call('2.1', 'Get', of(second)))['SymmetricKey'],
  )
  await later(HOUR - 1)
  t.equal((await setOf('set')).length, 2, 'one that has been rotated is not rotated again')
  await later(1)
  const [third = ''] = await setOf('set')
  t.same(await valuesOf(third, ...STANDING), [2, true, undefined], 'and so on')
})

void test('2.1 §4.54: Rotate Offset is the Offset of the rotation', async (t) => {
  const id = await createKey(client, '2.1', ...automatic(HOUR, { name: 'RotateOffset', value: 120 }))
  await later(HOUR)
  const after = (await replacementOf(id)) ?? ''
  t.equal(await attributeOf(client, '2.1', after, 'ActivationDate'), harness.clock.now() + 120)
})

void test('2.1 §4.48: a key pair is rotated as a whole, and once', async (t) => {
  for (const half of ['private', 'public', 'common'] as const) {
    const ids = await pairOf(client)
    for (const id of half === 'common' ? ids : [half === 'private' ? ids[0] : ids[1]]) {
      for (const attribute of automatic(HOUR)) await client.call('2.1', 'SetAttribute', { ...of(id), attribute })
    }
    await later(HOUR)
    const after = [await replacementOf(ids[0]), await replacementOf(ids[1])]
    t.ok(
      after.every((id) => id !== undefined),
      half,
    )
    await later(1)
    for (const id of after) t.equal(await replacementOf(id ?? ''), undefined, 'the new ones are not due')
  }
})

void test('2.1 §4.48: a certificate is rotated by Re-certify', async (t) => {
  const [, publicKey] = await pairOf(client)
  const attributes = attributesOf({ name: 'CertificateType', value: 'X_509' }, ...automatic(HOUR))
  const request = { ...of(publicKey), attributes }
  const id = idIn(await client.call('2.1', 'Certify', request))
  await later(HOUR)
  const after = (await replacementOf(id)) ?? ''
  t.notSame(
    (await client.call('2.1', 'Get', of(id)))['Certificate'],
    (await client.call('2.1', 'Get', of(after)))['Certificate'],
  )
  t.equal(await attributeOf(client, '2.1', after, 'RotateGeneration'), 1)
})

const NOT_ROTATED: readonly (readonly [what: string, attributes: readonly Attribute[]])[] = [
  [
    'Rotate Automatic is False',
    [
      { name: 'RotateAutomatic', value: false },
      { name: 'RotateInterval', value: HOUR },
    ],
  ],
  ['Rotate Automatic is not set', [{ name: 'RotateInterval', value: HOUR }]],
  ['Rotate Interval is not set', [{ name: 'RotateAutomatic', value: true }]],
]

for (const [what, attributes] of NOT_ROTATED) {
  void test(`2.1 §4.48, §4.51: nothing is rotated where ${what}`, async (t) => {
    const id = await createKey(client, '2.1', ...attributes)
    await later(2 * HOUR)
    t.equal(await replacementOf(id), undefined)
  })
}

void test('2.1 §4.48: what is destroyed is not rotated; what is archived is when it is back', async (t) => {
  const [gone, away] = [
    await createKey(client, '2.1', ...automatic(HOUR)),
    await createKey(client, '2.1', ...automatic(HOUR)),
  ]
  await client.call('2.1', 'Destroy', of(gone))
  await client.call('2.1', 'Archive', of(away))
  await later(HOUR)
  t.equal(await replacementOf(gone), undefined)
  t.equal(await replacementOf(away), undefined)
  await client.call('2.1', 'Recover', of(away))
  await later(0)
  t.not(await replacementOf(away), undefined)
})

void test('2.1 §4.52: a key that its client has replaced is not rotated; the replacement is', async (t) => {
  const id = await createKey(client, '2.1', ...automatic(HOUR))
  harness.clock.advance(HOUR / 2)
  const after = idIn(await client.call('2.1', 'ReKey', of(id)))
  await later(HOUR / 2)
  t.equal(await replacementOf(id), after)
  t.equal(await replacementOf(after), undefined, 'its own Initial Date counts')
  await later(HOUR / 2)
  t.not(await replacementOf(after), undefined)
})

void test('2.1 §4.51: no Rotate Interval is shorter than a minute', async (t) => {
  const id = await createKey(client, '2.1', ...automatic(0))
  await later(SHORTEST_INTERVAL - 1)
  t.equal(await replacementOf(id), undefined)
  await later(1)
  t.not(await replacementOf(id), undefined)
})

void test('2.1 §4.48: what the server rotates belongs to its owner, and is recorded as done by the server', async (t) => {
  const id = await createKey(client, '2.1', ...automatic(HOUR))
  await later(HOUR)
  const after = (await replacementOf(id)) ?? ''
  t.equal(refusal(await harness.client('mallory').attempt('2.1', 'Get', of(after))), 'ObjectNotFound')
  const database = new Database(join(harness.directory, 'kmipd.db'), { readonly: true })
  const rows = database.prepare('SELECT principal, operation FROM audit WHERE object_id IN (?, ?)').all(id, after)
  database.close()
  t.same(
    rows.filter((row) => (row as { operation: string }).operation === 'ReKey'),
    [
      { principal: 'kmipd', operation: 'ReKey' },
      { principal: 'kmipd', operation: 'ReKey' },
    ],
  )
})

void test('2.1 §4.48: one that cannot be rotated holds up no other, and is tried again later', async (t) => {
  const stranger = harness.client('bob')
  const [privateKey, publicKey] = await pairOf(stranger)
  for (const attribute of automatic(HOUR)) await stranger.call('2.1', 'SetAttribute', { ...of(publicKey), attribute })
  // A public key says so whose other half is away.
  await stranger.call('2.1', 'Archive', of(privateKey))
  const id = await createKey(client, '2.1', ...automatic(HOUR))
  await later(HOUR)
  t.not(await replacementOf(id), undefined)
  await stranger.call('2.1', 'Recover', of(privateKey))
  const latest = () => attributeOf(stranger, '2.1', publicKey, 'RotateLatest')
  await later(1)
  t.equal(await latest(), undefined, 'not at once')
  await later(60)
  t.equal(await latest(), false)
})

void test('2.1 §4.48: what comes due while the server is down is rotated when it is up again', async (t) => {
  const id = await createKey(client, '2.1', ...automatic(HOUR))
  await harness.restart()
  await later(HOUR)
  t.not(await replacementOf(id), undefined)
})
