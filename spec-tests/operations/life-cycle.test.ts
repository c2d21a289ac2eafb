import { test } from 'tap'
import type { State } from '../../src/protocol/enumerations.ts'
import { attributeOf, createKey, FAMILIES, inFamily, named, of, refusal, openServer } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const because = (revocationReasonCode: string) => ({ revocationReason: { revocationReasonCode } })

for (const version of FAMILIES) {
  void test(`1.4 §3.22 / 2.1 §4.57: ${version}: a key from its creation to its end`, async (t) => {
    const id = await createKey(client, version, named(version))
    const state = async (expected: State) => {
      t.equal(await attributeOf(client, version, id, 'State'), expected)
    }
    await state('PreActive')
    t.equal(
      refusal(await client.attempt(version, 'Revoke', { ...of(id), ...because('Superseded') })),
      inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'),
    )
    t.match(await client.call(version, 'Activate', of(id)), { uniqueIdentifier: id })
    await state('Active')
    t.equal(await attributeOf(client, version, id, 'ActivationDate'), harness.clock.now())
    t.equal(
      refusal(await client.attempt(version, 'Destroy', of(id))),
      inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState'),
    )
    harness.clock.advance(60)
    t.match(await client.call(version, 'Revoke', { ...of(id), ...because('CessationOfOperation') }), {
      uniqueIdentifier: id,
    })
    await state('Deactivated')
    t.equal(await attributeOf(client, version, id, 'DeactivationDate'), harness.clock.now())
    t.match(await client.call(version, 'Destroy', of(id)), { uniqueIdentifier: id })
    await state('Destroyed')
    t.equal(
      refusal(await client.attempt(version, 'Destroy', of(id))),
      inFamily(version, 'PermissionDenied', 'ObjectDestroyed'),
    )
    await client.call(version, 'Revoke', { ...of(id), ...because('KeyCompromise') })
    await state('DestroyedCompromised')
    t.match(await attributeOf(client, version, id, 'Name'), { nameValue: version }, 'its attributes are still there')
  })

  void test(`1.4 §4.21 / 2.1 §6.1.15: ${version}: what is destroyed stays destroyed after a restart`, async (t) => {
    const id = await createKey(client, version)
    await client.call(version, 'Destroy', of(id))
    await harness.restart()
    t.equal(await attributeOf(client, version, id, 'State'), 'Destroyed')
    t.equal(refusal(await client.attempt(version, 'Get', of(id))), inFamily(version, 'ItemNotFound', 'ObjectDestroyed'))
  })

  void test(`1.4 §6.13 / 2.1 §9.6: ${version}: an Activate that is undone has not happened`, async (t) => {
    const id = await createKey(client, version)
    const results = await client.batch(
      version,
      [
        { operation: 'Activate', request: of(id) },
        { operation: 'Destroy', request: of(id) },
      ],
      { option: 'Undo' },
    )
    t.same(
      results.map(({ status }) => status),
      ['OperationUndone', 'OperationFailed'],
    )
    t.equal(results[0]?.payload['uniqueIdentifier'], id, 'its answer comes back with another status (BL-M-2)')
    t.equal(await attributeOf(client, version, id, 'State'), 'PreActive')
  })

  void test(`1.4 §4.20, §11.21 / 2.1 §6.1.44: ${version}: the Revocation Reason has to be a known one`, async (t) => {
    const id = await createKey(client, version, { name: 'ActivationDate', value: harness.clock.now() })
    const vendor = { revocationReason: { revocationReasonCode: 0x80000001 } }
    t.equal(refusal(await client.attempt(version, 'Revoke', { ...of(id), ...vendor })), 'InvalidField')
    const future = { ...because('KeyCompromise'), compromiseOccurrenceDate: harness.clock.now() + 1 }
    t.equal(refusal(await client.attempt(version, 'Revoke', { ...of(id), ...future })), 'InvalidField')
    t.equal(await attributeOf(client, version, id, 'State'), 'Active')
  })
}
