import { createHash } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import { STORAGE_STATUS_MASK } from '../../src/protocol/enumerations.ts'
import { VERSIONS, type Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  createKey,
  FAMILIES,
  group,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  registerKey,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const filtersOf = (...attributes: readonly Attribute[]) => ({
  filters: attributes.map((attribute) => ({ ref: { name: attribute.name }, value: anyOf(attribute) })),
})

const locate = async (version: Version, request: object) =>
  (await client.call(version, 'Locate', { filters: [], ...request }))['uniqueIdentifiers']

/** Three keys of one group, the newest first. */
const threeOf = async (version: Version, name: string): Promise<readonly string[]> => {
  const ids: string[] = []
  for (let made = 0; made < 3; made += 1) ids.unshift(await createKey(client, version, group(name)))
  return ids
}

for (const version of VERSIONS) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version} finds exactly what has the Name`, async (t) => {
    const id = await createKey(client, version, named(`vm ${version}`))
    t.same(await locate(version, filtersOf(named(`vm ${version}`))), [id])
    t.same(await locate(version, filtersOf(named(`VM ${version}`))), [], 'case matters')
    t.same(await locate(version, filtersOf(named(`vm`))), [], 'and so does every letter')
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: no match is a success with an empty payload`, async (t) => {
    const result = await client.attempt(version, 'Locate', filtersOf(named('nobody')))
    t.equal(result.status, 'Success')
    t.strictSame(
      Object.values(result.payload).filter((value) => value !== undefined),
      [[]],
    )
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: pages, the newest first`, async (t) => {
    const ids = await threeOf(version, `pages of ${version}`)
    const filters = filtersOf(group(`pages of ${version}`))
    t.same(await locate(version, filters), ids)
    t.same(await locate(version, { ...filters, maximumItems: 2 }), ids.slice(0, 2))
    t.same(await locate(version, { ...filters, maximumItems: 2, offsetItems: 2 }), ids.slice(2))
    t.same(await locate(version, { ...filters, offsetItems: 3 }), [])
    for (const wrong of [{ maximumItems: -1 }, { offsetItems: -1 }]) {
      t.equal(refusal(await client.attempt(version, 'Locate', { ...filters, ...wrong })), 'InvalidField')
    }
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: what follows in the batch is meant for the only match`, async (t) => {
    const [newest] = await threeOf(version, `batches of ${version}`)
    const filters = filtersOf(group(`batches of ${version}`))
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    const cases: readonly (readonly [what: string, request: object, expected: string])[] = [
      ['several matches', filters, missing],
      ['several matches, of which one is wanted', { ...filters, maximumItems: 1 }, 'Success'],
      ['several matches, of which two are wanted', { ...filters, maximumItems: 2 }, missing],
      ['several matches, the last of them', { ...filters, offsetItems: 2 }, missing],
      ['no match', filtersOf(group('nobody')), missing],
    ]
    for (const [what, request, expected] of cases) {
      const [, got] = await client.batch(version, [
        { operation: 'Locate', request: { filters: [], ...request } },
        { operation: 'GetAttributeList', request: {} },
      ])
      t.equal(got && refusal(got), expected, what)
      if (expected === 'Success') t.equal(got?.payload['uniqueIdentifier'], newest)
    }
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: what is destroyed is found by whoever asks for it`, async (t) => {
    const id = await createKey(client, version, group(`gone of ${version}`))
    await client.call(version, 'Destroy', of(id))
    const filters = filtersOf(group(`gone of ${version}`))
    t.same(await locate(version, filters), [])
    t.same(await locate(version, { ...filters, storageStatusMask: STORAGE_STATUS_MASK.of('DestroyedStorage') }), [id])
  })

  void test(`1.4 §3.33 / 2.1 §4.36: ${version}: a fresh member of a group, until it has been served`, async (t) => {
    const id = await createKey(client, version, group(`fresh of ${version}`))
    const request = { ...filtersOf(group(`fresh of ${version}`)), objectGroupMember: 'GroupMemberFresh' }
    t.same(await locate(version, request), [id])
    await client.call(version, 'Get', of(id))
    t.same(await locate(version, request), [])
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: fresh members of a group in their turn (TC-152)`, async (t) => {
    const name = `turns of ${version}`
    const ids = await threeOf(version, name)
    const request = { ...filtersOf(group(name)), objectGroupMember: 'GroupMemberFresh' }
    t.same(await locate(version, request), ids, 'several, the newest first')
    for (const id of ids.toReversed()) {
      t.same(await locate(version, { ...request, maximumItems: 1 }), [id], 'one: it has waited longest')
      await client.call(version, 'Get', of(id))
    }
    t.same(await locate(version, { ...request, maximumItems: 1 }), [])
    t.equal(
      refusal(await client.attempt(version, 'Locate', { filters: [], objectGroupMember: 'GroupMemberFresh' })),
      'InvalidField',
      'of which group',
    )
  })

  void test(`1.4 §6.13 / 2.1 §9.6: ${version}: what is undone delivers nothing, and stays fresh`, async (t) => {
    const id = await createKey(client, version, group(`undone of ${version}`))
    const [got, failed] = await client.batch(
      version,
      [
        { operation: 'Get', request: of(id) },
        { operation: 'Get', request: of('nowhere') },
      ],
      { option: 'Undo' },
    )
    t.same([got?.status, failed?.status], ['OperationUndone', 'OperationFailed'])
    t.same(got?.payload, {}, 'not the key')
    t.equal(await attributeOf(client, version, id, 'Fresh'), true)
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: the default member of a group (TC-153)`, async (t) => {
    const name = `default of ${version}`
    const request = { ...filtersOf(group(name)), objectGroupMember: 'GroupMemberDefault' }
    t.same(await locate(version, request), [])
    const ids = await threeOf(version, name)
    for (const id of ids.toReversed()) {
      t.same(await locate(version, request), [id], 'each in its turn')
      await client.call(version, 'Get', of(id))
    }
    t.same(await locate(version, request), ids.slice(-1), 'and then the first')
    const added = await createKey(client, version, group(name))
    t.same(await locate(version, request), [added], 'a new one before those that have been served')
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: nobody finds the objects of another client`, async (t) => {
    await createKey(client, version, group(`own of ${version}`))
    const { uniqueIdentifiers } = await harness
      .client('bob')
      .call(version, 'Locate', filtersOf(group(`own of ${version}`)))
    t.same(uniqueIdentifiers, [])
  })
}

void test('1.4 §4.9: Storage Status Mask among the attributes, as MySQL sends it', async (t) => {
  const id = await createKey(client, '1.1', group('mysql'))
  const { filters } = filtersOf(group('mysql'))
  const mask = (value: number) => ({
    ref: { name: 'Unknown', label: 'Storage Status Mask' },
    value: { type: 'Integer', value },
  })
  t.same(await locate('1.1', { filters: [mask(STORAGE_STATUS_MASK.of('OnLineStorage')), ...filters] }), [id])
  t.same(await locate('1.1', { filters: [mask(STORAGE_STATUS_MASK.of('ArchivalStorage')), ...filters] }), [])
  const unknown = { ref: { name: 'Unknown', label: 'Nothing' }, value: { type: 'Integer', value: 1 } }
  t.equal(refusal(await client.attempt('1.1', 'Locate', { filters: [unknown] })), 'InvalidField')
})

for (const version of VERSIONS) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: no filter is left out: what cannot be evaluated finds nothing`, async (t) => {
    const here = group(`narrow ${version}`)
    const id = await createKey(client, version, here)
    const { filters } = filtersOf(here)
    t.same(await locate(version, { filters }), [id])
    const vendors = { name: 'VendorAttribute', vendor: 'x', attributeName: 'nobody has it' } as const
    const text = { type: 'TextString', value: 'narrow' } as const
    t.same(await locate(version, { filters: [...filters, { ref: vendors, value: text }] }), [], "a vendor's attribute")
    for (const attribute of [
      { name: 'AlternativeName', value: { alternativeNameValue: 'n', alternativeNameType: 'URI' } },
      { name: 'ArchiveDate', value: harness.clock.now() },
      { name: 'CryptographicUsageMask', value: 1 },
      { name: 'ContactInformation', value: 'n' },
    ] as const) {
      const more = filtersOf(attribute).filters
      t.same(await locate(version, { filters: [...filters, ...more] }), [], attribute.name)
    }
    for (const ref of [{ name: 'ArchiveDate' }, { name: 'CryptographicUsageMask' }, { name: 'Name' }] as const) {
      const wrong = await client.attempt(version, 'Locate', { filters: [...filters, { ref, value: text }] })
      t.equal(refusal(wrong), inFamily(version, 'InvalidField', 'InvalidAttributeValue'), `${ref.name} of another type`)
    }
  })
}

void test('1.3 §4.9: Located Items are counted for versions that know them', async (t) => {
  await threeOf('1.4', 'counted')
  const answer = (version: Version) =>
    client.call(version, 'Locate', { ...filtersOf(group('counted')), maximumItems: 1 })
  t.equal((await answer('1.2'))['locatedItems'], undefined)
  for (const version of ['1.3', '2.1'] as const) {
    const { locatedItems } = await answer(version)
    t.ok(locatedItems === undefined || locatedItems === 3, 'all of them, or no number at all')
  }
})

const cipher = (blockCipherMode: 'CBC' | 'GCM', paddingMethod: 'PKCS5' | 'None', tagLength: number): Attribute => ({
  name: 'CryptographicParameters',
  value: { blockCipherMode, paddingMethod, tagLength },
})

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: the fields of a filter are those of one instance`, async (t) => {
    const mine = group(`instances of ${version}`)
    const id = await createKey(client, version, mine, cipher('CBC', 'PKCS5', 12), cipher('GCM', 'None', 16))
    const found = async (value: Extract<Attribute, { name: 'CryptographicParameters' }>['value']) =>
      locate(version, filtersOf(mine, { name: 'CryptographicParameters', value }))
    t.same(await found({ blockCipherMode: 'CBC' }), [id], 'one field')
    t.same(await found({ blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }), [id], 'some fields')
    t.same(await found({ blockCipherMode: 'GCM', paddingMethod: 'None', tagLength: 16 }), [id], 'all fields it has')
    t.same(await found({ blockCipherMode: 'CBC', paddingMethod: 'None' }), [], 'fields of two instances')
    t.same(await found({ blockCipherMode: 'CBC', tagLength: 16 }), [], 'fields of two instances')
    t.same(await found({ blockCipherMode: 'CBC', paddingMethod: 'PKCS5', saltLength: 1 }), [], 'a field it has not')
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: pages of what several fields find, the newest first`, async (t) => {
    const mine = group(`pages of fields of ${version}`)
    const ids: string[] = []
    for (let made = 0; made < 5; made += 1) {
      ids.unshift(await createKey(client, version, mine, cipher('CBC', 'PKCS5', 12), cipher('GCM', 'None', 16)))
      await createKey(client, version, mine, cipher('CBC', 'None', 12), cipher('GCM', 'PKCS5', 16))
    }
    const filters = filtersOf(mine, {
      name: 'CryptographicParameters',
      value: { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' },
    })
    t.same(await locate(version, filters), ids)
    t.same(await locate(version, { ...filters, maximumItems: 2, offsetItems: 1 }), ids.slice(1, 3))
    t.same(await locate(version, { ...filters, offsetItems: 5 }), [])
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: a fresh member of the default group is made where there is none (TC-151)`, async (t) => {
    const asker = harness.client(`asker of ${version}`)
    const fresh = { ...filtersOf(group('default')), objectGroupMember: 'GroupMemberFresh', maximumItems: 1 }
    const idsOf = async (request: Payload) => (await asker.call(version, 'Locate', request))['uniqueIdentifiers']
    t.same(await idsOf(filtersOf(group('default'))), [], 'not because somebody looks for one')
    t.same(await idsOf({ ...fresh, ...filtersOf(group('other')) }), [], 'nor in another group')
    t.same(await idsOf({ ...fresh, ...filtersOf(group('default'), named('x')) }), [], 'nor one of a certain kind')
    t.same(await idsOf({ ...fresh, maximumItems: 0 }), [])
    t.same(await idsOf({ ...fresh, storageStatusMask: 2 }), [])
    const [first, ...others] = (await idsOf(fresh)) as readonly string[]
    t.same(others, [])
    t.same(await idsOf(fresh), [first], 'until it is served')
    const { SymmetricKey } = await asker.call(version, 'Get', of(String(first)))
    t.match(SymmetricKey, { keyBlock: { cryptographicAlgorithm: 'AES', cryptographicLength: 256 } })
    t.notSame(await idsOf(fresh), [first])
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: values that nearly all objects have, and others`, async (t) => {
    const mine = group(`usual of ${version}`)
    const made = await createKey(client, version, mine)
    const brought = await registerKey(client, version, Buffer.alloc(32, 9), mine)
    const sensitive = await createKey(client, version, mine, { name: 'Sensitive', value: true })
    const found = (...attributes: readonly Attribute[]) => locate(version, filtersOf(mine, ...attributes))
    t.same(await found({ name: 'Sensitive', value: false }), [brought, made])
    t.same(await found({ name: 'Sensitive', value: true }), [sensitive])
    t.same(await found({ name: 'LeaseTime', value: 3600 }), [sensitive, brought, made])
    t.same(await found({ name: 'LeaseTime', value: 3601 }), [])
    t.same(await found({ name: 'Fresh', value: true }), [sensitive, brought, made])
    await client.call(version, 'Get', of(made))
    t.same(await found({ name: 'Fresh', value: true }), [sensitive, brought], 'served, and not fresh any more')
    t.same(await found({ name: 'Fresh', value: false }), [made])
    const generator = { rngAlgorithm: 'ANSIX9_31', cryptographicAlgorithm: 'AES', cryptographicLength: 256 } as const
    t.same(await found({ name: 'RandomNumberGenerator', value: generator }), [sensitive, made], 'what the server made')
    t.same(await found({ name: 'RandomNumberGenerator', value: { ...generator, cryptographicLength: 128 } }), [])
  })

  void test(`1.4 §3.17 / 2.1 §4.16: ${version}: Digest by one field and by several`, async (t) => {
    const mine = group(`digests of ${version}`)
    const [one, other] = [
      await registerKey(client, version, Buffer.alloc(32, 1), mine),
      await registerKey(client, version, Buffer.alloc(32, 2), mine),
    ]
    const digestValue = createHash('sha256').update(Buffer.alloc(32, 1)).digest()
    const found = (value: Extract<Attribute, { name: 'Digest' }>['value']) =>
      locate(version, filtersOf(mine, { name: 'Digest', value }))
    t.same(await found({ hashingAlgorithm: 'SHA_256' }), [other, one])
    t.same(await found({ hashingAlgorithm: 'SHA_256', digestValue }), [one])
    t.same(await found({ hashingAlgorithm: 'SHA_256', digestValue, keyFormatType: 'Raw' }), [one])
    t.same(await found({ hashingAlgorithm: 'SHA_512', digestValue, keyFormatType: 'Raw' }), [])
    t.same(await found({ hashingAlgorithm: 'SHA_512' }), [])
  })

  void test(`1.4 §3.21 / 2.1 §4.59: ${version}: limits past the exact numbers of JavaScript`, async (t) => {
    const mine = group(`limits of ${version}`)
    const limits = (usageLimitsTotal: bigint): Attribute => ({
      name: 'UsageLimits',
      value: { usageLimitsTotal, usageLimitsCount: undefined, usageLimitsUnit: 'Object' },
    })
    const id = await createKey(client, version, mine, limits(2n ** 62n))
    const found = (total: bigint) => locate(version, filtersOf(mine, limits(total)))
    t.same(await found(2n ** 62n), [id])
    t.same(await found(2n ** 62n - 1n), [id], 'at least as much')
    t.same(await found(2n ** 62n + 1n), [])
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: more filters than a search may have are refused, not a failure of the server`, async (t) => {
    const id = await createKey(client, version, named(`filters ${version}`))
    const filtered = (count: number) =>
      filtersOf(named(`filters ${version}`), ...Array<Attribute>(count - 1).fill({ name: 'LeaseTime', value: 3600 }))
    t.same(await locate(version, filtered(200)), [id])
    const expected = inFamily(version, 'GeneralFailure', 'ServerLimitExceeded')
    for (const count of [201, 2000]) {
      const refused = await client.attempt(version, 'Locate', filtered(count))
      t.match(refused, { status: 'OperationFailed', reason: expected, message: 'There are too many filters' })
    }
  })
}
