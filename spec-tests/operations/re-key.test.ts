import { test } from 'tap'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import type { Payload } from '../helpers/messages.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'

const { client, harness } = await openServer()

const located = async (version: Version, attribute: Attribute, ...more: readonly Attribute[]) => {
  const filters = [attribute, ...more].map((filter) => ({ ref: { name: filter.name }, value: anyOf(filter) }))
  return (await client.call(version, 'Locate', { filters }))['uniqueIdentifiers']
}

const linksOf = async (version: Version, id: string) => {
  const { attributes } = await client.call(version, 'GetAttributes', { ...of(id), attributes: [{ name: 'Link' }] })
  return (
    attributes as readonly { readonly value: { linkType: string; linkedObjectIdentifier: { id: string } } }[]
  ).map(({ value }) => [value.linkType, value.linkedObjectIdentifier.id])
}

const reKey = async (version: Version, id: string, request: object = {}) =>
  idIn(await client.call(version, 'ReKey', { ...of(id), ...request }))

for (const version of FAMILIES) {
  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: the new key takes over, and has material of its own`, async (t) => {
    const name = named(`key of ${version}`)
    const policy: Attribute = { name: 'ObjectGroup', value: 'g' }
    const old = await createKey(client, version, name, policy, {
      name: 'ActivationDate',
      value: harness.clock.now(),
    })
    harness.clock.advance(100)
    const id = await reKey(version, old)
    t.not(id, old)
    t.same(await located(version, name), [id], 'the Name has moved')
    t.equal(await attributeOf(client, version, id, 'State'), 'Active')
    t.equal(await attributeOf(client, version, old, 'State'), 'Active', 'and so has the old one stayed')
    t.equal(await attributeOf(client, version, id, 'ObjectGroup'), 'g')
    t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 256)
    t.equal(await attributeOf(client, version, id, 'InitialDate'), harness.clock.now())
    t.equal(await attributeOf(client, version, id, 'Fresh'), true)
    t.same(await linksOf(version, id), [['ReplacedObjectLink', old]])
    t.same(await linksOf(version, old), [['ReplacementObjectLink', id]])
    const [before, after] = [await client.call(version, 'Get', of(old)), await client.call(version, 'Get', of(id))]
    t.notSame(before['SymmetricKey'], after['SymmetricKey'])
  })

  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: a row of Re-keys in one batch gathers the Names`, async (t) => {
    const name = (part: string) => named(`${part} of ${version}`)
    const old = await createKey(client, version, name('first'))
    const again = (part: string) => ({ operation: 'ReKey', request: { attributes: attributesOf(name(part)) } }) as const
    const results = await client.batch(version, [
      { operation: 'ReKey', request: { ...of(old), attributes: attributesOf(name('second')) } },
      again('third'),
      { operation: 'GetAttributes', request: { attributes: [{ name: 'Name' }] } },
    ])
    t.match(results.at(-1)?.payload['attributes'], [name('first'), name('second'), name('third')])
  })

  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: an undone Re-key leaves the Name where it was`, async (t) => {
    const name = named(`undone of ${version}`)
    const old = await createKey(client, version, name)
    const [first, second] = await client.batch(
      version,
      [
        { operation: 'ReKey', request: of(old) },
        { operation: 'Get', request: of('nothing') },
      ],
      { option: 'Undo' },
    )
    t.same([first?.status, second?.status], ['OperationUndone', 'OperationFailed'])
    t.same(await located(version, name), [old])
  })

  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: keys that have run out or are compromised are replaced, too`, async (t) => {
    const now = harness.clock.now()
    const expired = await createKey(
      client,
      version,
      { name: 'ActivationDate', value: now - 120 },
      { name: 'DeactivationDate', value: now },
    )
    const renewed = await reKey(version, expired, { offset: 0 })
    t.equal(await attributeOf(client, version, renewed, 'State'), 'Active')
    t.equal(await attributeOf(client, version, renewed, 'DeactivationDate'), now + 120)
    const lost = await createKey(client, version, { name: 'ActivationDate', value: now })
    const revocationReason = { revocationReasonCode: 'KeyCompromise' }
    await client.call(version, 'Revoke', { ...of(lost), revocationReason })
    t.equal(await attributeOf(client, version, await reKey(version, lost), 'State'), 'Active')
  })

  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: another length, where the client wants one`, async (t) => {
    const old = await createKey(client, version)
    const id = await reKey(version, old, { attributes: attributesOf({ name: 'CryptographicLength', value: 128 }) })
    t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 128)
  })

  void test(`1.4 §11.5 / 2.1 §6.1.46.1: ${version}: what Re-key refuses`, async (t) => {
    const now = harness.clock.now()
    const old = await createKey(client, version, { name: 'DeactivationDate', value: now + 1000 })
    const told = async (request: Payload) => refusal(await client.attempt(version, 'ReKey', request))
    const dates = attributesOf({ name: 'ActivationDate', value: now })
    t.equal(await told({ ...of(old), offset: 0, attributes: dates }), 'InvalidMessage')
    t.equal(await told({ ...of(old), offset: 0 }), inFamily(version, 'IllegalOperation', 'InvalidField'))
    t.equal(await told(of('nothing')), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    await client.call(version, 'Destroy', of(old))
    t.equal(await told(of(old)), 'KeyValueNotPresent')
  })
}

const createPair = async (version: Version, prefix: string) => {
  const pair = await client.call(version, 'CreateKeyPair', {
    common: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'EC' },
      { name: 'CryptographicDomainParameters', value: { recommendedCurve: 'P_256' } },
    ),
    private: attributesOf(named(`${prefix} private`), usage('Sign')),
    public: attributesOf(named(`${prefix} public`), usage('Verify')),
  })
  return { private: idIn(pair, 'privateKeyUniqueIdentifier'), public: idIn(pair, 'publicKeyUniqueIdentifier') }
}

for (const version of FAMILIES) {
  void test(`1.4 §4.5 / 2.1 §6.1.47: ${version}: a pair is replaced by a pair`, async (t) => {
    const old = await createPair(version, `pair of ${version}`)
    const answer = await client.call(version, 'ReKeyKeyPair', { privateKeyUniqueIdentifier: byId(old.private) })
    const made = {
      private: idIn(answer, 'privateKeyUniqueIdentifier'),
      public: idIn(answer, 'publicKeyUniqueIdentifier'),
    }
    t.same(await located(version, named(`pair of ${version} private`)), [made.private])
    t.same(await located(version, named(`pair of ${version} public`)), [made.public])
    t.same((await linksOf(version, made.private)).toSorted(), [
      ['PublicKeyLink', made.public],
      ['ReplacedObjectLink', old.private],
    ])
    t.same((await linksOf(version, made.public)).toSorted(), [
      ['PrivateKeyLink', made.private],
      ['ReplacedObjectLink', old.public],
    ])
    t.same((await linksOf(version, old.private)).toSorted(), [
      ['PublicKeyLink', old.public],
      ['ReplacementObjectLink', made.private],
    ])
    t.equal(await attributeOf(client, version, made.private, 'CryptographicUsageMask'), 1)
    t.match(await attributeOf(client, version, made.public, 'CryptographicDomainParameters'), {
      recommendedCurve: 'P_256',
    })
    const materials = await Promise.all([old.public, made.public].map((id) => client.call(version, 'Get', of(id))))
    t.notSame(materials[0]?.['PublicKey'], materials[1]?.['PublicKey'])
  })

  void test(`1.4 §4.5 / 2.1 §6.1.47: ${version}: an Offset moves the dates of both halves`, async (t) => {
    const old = await createPair(version, `dated of ${version}`)
    const now = harness.clock.now()
    const answer = await client.call(version, 'ReKeyKeyPair', {
      privateKeyUniqueIdentifier: byId(old.private),
      offset: 30,
    })
    for (const field of ['privateKeyUniqueIdentifier', 'publicKeyUniqueIdentifier']) {
      t.equal(await attributeOf(client, version, idIn(answer, field), 'ActivationDate'), now + 30)
    }
  })

  void test(`1.4 §4.5, §11.6 / 2.1 §6.1.47: ${version}: another size replaces the curve, and what is no pair is refused`, async (t) => {
    const old = await createPair(version, `sized of ${version}`)
    const answer = await client.call(version, 'ReKeyKeyPair', {
      privateKeyUniqueIdentifier: byId(old.private),
      common: attributesOf({ name: 'CryptographicDomainParameters', value: { recommendedCurve: 'P_384' } }),
    })
    const id = idIn(answer, 'privateKeyUniqueIdentifier')
    t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 384)
    const told = async (wrong: string) =>
      refusal(await client.attempt(version, 'ReKeyKeyPair', { privateKeyUniqueIdentifier: byId(wrong) }))
    const unfit = inFamily(version, 'PermissionDenied', 'InvalidObjectType')
    t.equal(await told(old.public), unfit)
    t.equal(await told(await registerKey(client, version, Buffer.alloc(16, 1))), unfit)
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.4 / 2.1 §6.1.46: ${version}: what an administrator replaces stays its owner's`, async (t) => {
    const id = await createKey(client, version, named(`owned of ${version}`))
    const replaced = await harness.client('root', 'admin').call(version, 'ReKey', of(id))
    t.equal((await client.attempt(version, 'Get', of(String(replaced['uniqueIdentifier'])))).status, 'Success')
  })
}
