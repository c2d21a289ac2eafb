import { test } from 'tap'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import { type Operation, STORAGE_STATUS_MASK } from '../../src/protocol/enumerations.ts'
import { attributeOf, createKey, FAMILIES, idIn, inFamily, named, of, openServer, refusal } from '../helpers/calls.ts'

const { client, harness } = await openServer()

/** What needs the object on line. */
const USES: readonly (readonly [operation: Operation, request: object])[] = [
  ['Get', {}],
  ['Encrypt', { data: Buffer.alloc(16) }],
  ['Decrypt', { data: Buffer.alloc(16) }],
  ['Activate', {}],
  ['Revoke', { revocationReason: { revocationReasonCode: 'KeyCompromise' } }],
  ['Destroy', {}],
  ['Archive', {}],
  ['ObtainLease', {}],
  ['Check', {}],
  ['ReKey', {}],
]

const NOT_FOUND = ['ItemNotFound', 'ObjectNotFound'] as const

for (const version of FAMILIES) {
  void test(`1.4 §4.22, §4.23 / 2.1 §6.1.4, §6.1.42: ${version}: off line and on line again`, async (t) => {
    const id = await createKey(client, version, { name: 'ActivationDate', value: harness.clock.now() })
    const { keyBlock } = (await client.call(version, 'Get', of(id)))['SymmetricKey'] as { keyBlock: unknown }
    harness.clock.advance(10)
    t.equal(idIn(await client.call(version, 'Archive', of(id))), id)
    t.equal(await attributeOf(client, version, id, 'ArchiveDate'), harness.clock.now())
    t.equal(await attributeOf(client, version, id, 'LastChangeDate'), harness.clock.now())
    t.equal(await attributeOf(client, version, id, 'State'), 'Active', 'the attributes are there')
    await harness.restart()
    for (const [operation, request] of USES) {
      t.equal(refusal(await client.attempt(version, operation, { ...of(id), ...request })), 'ObjectArchived', operation)
    }
    t.equal(idIn(await client.call(version, 'Recover', of(id))), id)
    t.equal(await attributeOf(client, version, id, 'ArchiveDate'), undefined)
    const back = (await client.call(version, 'Get', of(id)))['SymmetricKey']
    t.match(back, { keyBlock: keyBlock as object })
  })

  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: Locate sees what is archived where it is asked for`, async (t) => {
    const name = named(`archived ${version}`)
    const id = await createKey(client, version, name)
    await client.call(version, 'Archive', of(id))
    const find = async (storageStatusMask?: number) =>
      (
        await client.call(version, 'Locate', {
          filters: [{ ref: { name: 'Name' }, value: anyOf(name) }],
          storageStatusMask,
        })
      )['uniqueIdentifiers']
    t.same(await find(), [])
    t.same(await find(STORAGE_STATUS_MASK.of('OnLineStorage')), [])
    t.same(await find(STORAGE_STATUS_MASK.of('ArchivalStorage')), [id])
    t.same(await find(STORAGE_STATUS_MASK.of('OnLineStorage', 'ArchivalStorage')), [id])
    await client.call(version, 'Recover', of(id))
    t.same(await find(), [id])
    t.same(await find(STORAGE_STATUS_MASK.of('ArchivalStorage')), [])
  })

  void test(`1.4 §11.23, §11.24 / 2.1 §6.1.4, §6.1.42: ${version}: what there is no object or no use for`, async (t) => {
    const id = await createKey(client, version)
    const before = await attributeOf(client, version, id, 'LastChangeDate')
    harness.clock.advance(10)
    t.equal(idIn(await client.call(version, 'Recover', of(id))), id, 'it is on line already')
    t.equal(await attributeOf(client, version, id, 'LastChangeDate'), before, 'and nothing has changed')
    for (const operation of ['Archive', 'Recover'] as const) {
      t.equal(refusal(await client.attempt(version, operation, of('nothing'))), inFamily(version, ...NOT_FOUND))
      t.equal(
        refusal(await harness.client('mallory').attempt(version, operation, of(id))),
        inFamily(version, ...NOT_FOUND),
      )
      t.equal(refusal(await client.attempt(version, operation, {})), inFamily(version, ...NOT_FOUND), 'no identifier')
    }
    await client.call(version, 'Destroy', of(id))
    t.equal(refusal(await client.attempt(version, 'Archive', of(id))), 'PermissionDenied')
    t.equal(idIn(await client.call(version, 'Recover', of(id))), id)
  })

  void test(`1.4 §4.22 / 2.1 §6.1.4: ${version}: in one batch, by the ID Placeholder`, async (t) => {
    const id = await createKey(client, version)
    const results = await client.batch(
      version,
      [
        { operation: 'Archive', request: of(id) },
        { operation: 'Get', request: of(id) },
        { operation: 'Recover', request: of(id) },
        { operation: 'Get', request: of(id) },
      ],
      { option: 'Continue' },
    )
    t.same(results.map(refusal), ['Success', 'ObjectArchived', 'Success', 'Success'])
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4, 2.1 §6.1: what Recover has brought back is the ID Placeholder (${version})`, async (t) => {
    const id = await createKey(client, version)
    await client.call(version, 'Archive', of(id))
    const other = await createKey(client, version)
    const [, , got] = await client.batch(version, [
      { operation: 'Get', request: of(other) },
      { operation: 'Recover', request: of(id) },
      { operation: 'Get', request: {} },
    ])
    t.match(got, { status: 'Success', payload: { uniqueIdentifier: id } })
  })
}
