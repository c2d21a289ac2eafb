import { test } from 'tap'
import { attributeOf, createKey, FAMILIES, inFamily, of, openServer, refusal } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const because = (revocationReasonCode: string) => ({ revocationReason: { revocationReasonCode } })

for (const version of FAMILIES) {
  void test(`1.4 §4.17 / 2.1 §6.1.35: ${version}: for how long, and when the object changed last`, async (t) => {
    const id = await createKey(client, version, { name: 'ActivationDate', value: harness.clock.now() })
    const created = harness.clock.now()
    harness.clock.advance(100)
    const leaseTime = (await attributeOf(client, version, id, 'LeaseTime')) ?? 0
    const lease = { uniqueIdentifier: id, leaseTime, lastChangeDate: created }
    t.match(await client.call(version, 'ObtainLease', of(id)), lease)
    await client.call(version, 'Revoke', { ...of(id), ...because('Superseded') })
    t.match(await client.call(version, 'ObtainLease', of(id)), { ...lease, lastChangeDate: harness.clock.now() })
    t.equal(await attributeOf(client, version, id, 'LastChangeDate'), harness.clock.now(), 'a lease changes nothing')
  })

  void test(`1.4 §11.18 / 2.1 §6.1.35: ${version}: no lease of what nobody should use`, async (t) => {
    const compromised = await createKey(client, version)
    await client.call(version, 'Revoke', { ...of(compromised), ...because('KeyCompromise') })
    t.equal(refusal(await client.attempt(version, 'ObtainLease', of(compromised))), 'PermissionDenied')
    await client.call(version, 'Destroy', of(compromised))
    t.equal(refusal(await client.attempt(version, 'ObtainLease', of(compromised))), 'PermissionDenied')
    const archived = await createKey(client, version)
    await client.call(version, 'Archive', of(archived))
    t.equal(refusal(await client.attempt(version, 'ObtainLease', of(archived))), 'ObjectArchived')
  })

  void test(`1.4 §11.18 / 2.1 §6.1.35: ${version}: of an object that is not there, or another's`, async (t) => {
    const id = await createKey(client, version)
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(refusal(await client.attempt(version, 'ObtainLease', of('nothing'))), missing)
    t.equal(refusal(await client.attempt(version, 'ObtainLease', {})), missing)
    t.equal(refusal(await harness.client('mallory').attempt(version, 'ObtainLease', of(id))), missing)
  })
}
