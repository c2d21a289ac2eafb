import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { test } from 'tap'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { ATTRIBUTE_NAMES, attributeCodec, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import type { AttributeName } from '../../src/protocol/attributes.ts'
import { STORAGE_STATUS_MASK } from '../../src/protocol/enumerations.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import { arbitraryValue } from '../helpers/arbitrary.ts'
import { attributesOf, byId, createKey, idIn, inFamily, of, openServer, refusal } from '../helpers/calls.ts'
import { type Payload, randomKey } from '../helpers/harness.ts'

/*
 * Every attribute in every version that has it: set by whoever may, read, found, changed and deleted, and refused to who
 * may not, as the rows of the table say, which are compared with the texts elsewhere.
 */

const { client, harness } = await openServer()

const { subtle } = webcrypto

const distinguishedName = [
  { CN: ['common'] },
  { O: ['organization'] },
  { OU: ['unit'] },
  { E: ['mail@example.com'] },
  { C: ['AU'] },
  { ST: ['state'] },
  { L: ['locality'] },
  { '0.9.2342.19200300.100.1.1': ['uid'] },
  { '2.5.4.5': ['serial'] },
  { '2.5.4.12': ['title'] },
  { DC: ['example'] },
  { '2.5.4.46': ['qualifier'] },
]

const makeCertificate = async (): Promise<Buffer> => {
  const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await subtle.generateKey(signing, true, ['sign', 'verify'])
  const options = { name: distinguishedName, keys, signingAlgorithm: signing, serialNumber: '01' }
  return Buffer.from((await x509.X509CertificateGenerator.createSelfSigned(options)).rawData)
}

const certificateValue = await makeCertificate()

const register = async (
  version: Version,
  objectType: string,
  value: Payload,
  ...given: readonly Attribute[]
): Promise<string> =>
  idIn(await client.call(version, 'Register', { objectType, attributes: attributesOf(...given), [objectType]: value }))

const symmetric = (keyValue?: Payload): Payload => ({
  keyBlock: { keyFormatType: 'Raw', keyValue, cryptographicAlgorithm: 'AES', cryptographicLength: 128 },
})

const clearKey = (): Payload => symmetric({ keyMaterial: randomKey(16), attributes: [] })

const compromised = async (version: Version): Promise<string> => {
  const id = await createKey(client, version)
  const reason = { revocationReasonCode: 'KeyCompromise', revocationMessage: 'lost' }
  const compromiseOccurrenceDate = harness.clock.now() - 100
  await client.call(version, 'Revoke', { ...of(id), revocationReason: reason, compromiseOccurrenceDate })
  return id
}

const after = async (version: Version, operation: 'Destroy' | 'Archive'): Promise<string> => {
  const id = await createKey(client, version)
  await client.call(version, operation, of(id))
  return id
}

const replaced = async (version: Version): Promise<readonly [existing: string, replacement: string]> => {
  const existing = await createKey(client, version)
  return [existing, idIn(await client.call(version, 'ReKey', of(existing)))]
}

type Carrier = (version: Version) => Promise<string>

const ofCertificate: Carrier = (version) =>
  register(version, 'Certificate', { certificateType: 'X_509', certificateValue })

const created: Carrier = (version) => createKey(client, version)

/** How an object comes to have what the server alone sets: a key that is created, unless it says otherwise here. */
const CARRIERS: Readonly<Partial<Record<AttributeName, Carrier>>> = {
  ArchiveDate: (version) => after(version, 'Archive'),
  DestroyDate: (version) => after(version, 'Destroy'),
  CompromiseDate: compromised,
  CompromiseOccurrenceDate: compromised,
  RevocationReason: compromised,
  OpaqueDataType: (version) =>
    register(version, 'OpaqueObject', { opaqueDataType: 0x80000001, opaqueDataValue: randomKey(8) }),
  KeyValuePresent: (version) => register(version, 'SymmetricKey', symmetric()),
  RotateDate: async (version) => (await replaced(version))[0],
  RotateGeneration: async (version) => (await replaced(version))[1],
  RotateLatest: async (version) => (await replaced(version))[1],
}

const carrierOf = (name: AttributeName): Carrier =>
  CARRIERS[name] ?? (attributeRow(name).objectTypes.includes('SymmetricKey') ? created : ofCertificate)

let named = 0

const SOON: Readonly<Partial<Record<AttributeName, number>>> = {
  ActivationDate: 1000,
  ProcessStartDate: 2000,
  ProtectStopDate: 3000,
  DeactivationDate: 4000,
}

/** Values that a version can express, the same each time; an object has them one after the other. */
const sample = (name: AttributeName, version: Version, seed: number): Attribute => {
  const row = attributeRow(name)
  const date = SOON[name]
  if (date !== undefined) return { name, value: harness.clock.now() + date + seed } as Attribute
  if (name === 'Name') {
    return {
      name,
      value: { nameValue: `name ${version} ${seed} ${(named += 1)}`, nameType: 'UninterpretedTextString' },
    }
  }
  if (name === 'Link')
    return { name, value: { linkType: 'ReplacementObjectLink', linkedObjectIdentifier: byId(`object ${seed}`) } }
  if (name === 'QuantumSafe') return { name, value: false }
  const codec = attributeCodec(name, version)
  const values = arbitraryValue(row.kind, version).filter(
    (value) => row.check?.(value) === undefined && codec.fits?.(value) !== false && value !== '',
  )
  const [value] = fc.sample(values, { numRuns: 1, seed })
  return { name, value } as Attribute
}

const valuesOf = async (version: Version, id: string, name: AttributeName): Promise<readonly Attribute[]> => {
  const { attributes } = await client.call(version, 'GetAttributes', { ...of(id), attributes: [{ name }] })
  return attributes as readonly Attribute[]
}

const located = async (version: Version, attribute: Attribute): Promise<readonly unknown[]> => {
  const storageStatusMask = STORAGE_STATUS_MASK.of('OnLineStorage', 'ArchivalStorage', 'DestroyedStorage')
  const { name } = attribute as { readonly name: AttributeName }
  const filters = [{ ref: { name }, value: anyOf(attribute) }]
  const { uniqueIdentifiers } = await client.call(version, 'Locate', { filters, storageStatusMask })
  return uniqueIdentifiers as readonly unknown[]
}

const listed = async (version: Version, id: string): Promise<readonly string[]> => {
  const { attributes } = await client.call(version, 'GetAttributeList', of(id))
  return (attributes as readonly Attribute[]).map(({ name }) => name)
}

type Change = 'AddAttribute' | 'ModifyAttribute' | 'SetAttribute'

const change = async (version: Version, operation: Change, id: string, attribute: Attribute): Promise<string> =>
  refusal(await client.attempt(version, operation, { ...of(id), attribute }))

const remove = async (version: Version, id: string, name: AttributeName): Promise<string> => {
  const which = inFamily(version, { attributeName: { name } }, { attributeReference: { name } })
  return refusal(await client.attempt(version, 'DeleteAttribute', { ...of(id), ...which }))
}

/** What a client is told that may not do it, or that there is nothing to do it to any more. */
const refusedAs = (version: Version, name: AttributeName, reason: string): string =>
  name === 'ArchiveDate' ? 'ObjectArchived' : inFamily(version, 'PermissionDenied', reason)

for (const name of ATTRIBUTE_NAMES) {
  const row = attributeRow(name)
  const isServers = row.setBy === 'server'

  for (const version of VERSIONS) {
    const title = `1.4 §3 / 2.1 §4: ${version}: ${row.label}`

    if (!inRange(version, row)) {
      void test(`${title}: a version that does not have it is not told of it`, async (t) => {
        const id = await carrierOf(name)(version)
        // The request cannot name it either, so it asks for all.
        t.same(
          (await valuesOf(version, id, name)).filter((attribute) => attribute.name === name),
          [],
        )
        t.notOk((await listed(version, id)).includes(name))
      })
      continue
    }

    if (isServers) {
      void test(`${title}: set by the server, read, found, and left alone`, async (t) => {
        const id = await carrierOf(name)(version)
        const [attribute] = await valuesOf(version, id, name)
        if (attribute === undefined) throw new Error(`no ${row.label}`)
        t.ok((await listed(version, id)).includes(name))
        t.ok((await located(version, attribute)).includes(id), 'found by its value')
        t.equal(await change(version, 'ModifyAttribute', id, attribute), refusedAs(version, name, 'AttributeReadOnly'))
        t.equal(await change(version, 'AddAttribute', id, attribute), refusedAs(version, name, 'ReadOnlyAttribute'))
        t.equal(await remove(version, id, name), refusedAs(version, name, 'AttributeReadOnly'))
        if (inRange(version, { since: '2.0' })) {
          t.equal(await change(version, 'SetAttribute', id, attribute), refusedAs(version, name, 'ReadOnlyAttribute'))
        }
        t.match(await valuesOf(version, id, name), [attribute], 'it is what it was')
      })
      continue
    }

    void test(`${title}: given where an object is made, read, found, changed and deleted`, async (t) => {
      const first = sample(name, version, 3)
      const objectType = row.objectTypes.includes('SymmetricKey') ? 'SymmetricKey' : 'PublicKey'
      const value = objectType === 'SymmetricKey' ? clearKey() : await publicKey(version)
      const id = await register(version, objectType, value, first)
      const [kept] = await valuesOf(version, id, name)
      if (kept === undefined) throw new Error(`no ${row.label}`)
      if (name !== 'UsageLimits') t.match(kept, first)
      t.ok((await listed(version, id)).includes(name))
      t.ok((await located(version, kept)).includes(id), 'found by its value')

      const second = sample(name, version, 5)
      const readOnly = row.clientModifies === 'no'
      const reason = readOnly ? inFamily(version, 'PermissionDenied', 'AttributeReadOnly') : 'Success'
      t.equal(await change(version, 'ModifyAttribute', id, second), reason, 'modified')
      if (!readOnly) {
        const [changed] = await valuesOf(version, id, name)
        if (changed === undefined) throw new Error(`no ${row.label} after the change`)
        if (name !== 'UsageLimits') t.match(changed, second)
        t.ok((await located(version, changed)).includes(id), 'found by its new value')
      }
      const kind =
        row.always || row.clientDeletes === 'no'
          ? inFamily(version, 'PermissionDenied', 'AttributeReadOnly')
          : 'Success'
      t.equal(await remove(version, id, name), kind, 'deleted')
      if (kind !== 'Success') return
      t.same(await valuesOf(version, id, name), [])
      t.notOk((await located(version, second)).includes(id), 'not found any more')
      t.equal(await remove(version, id, name), inFamily(version, 'ItemNotFound', 'AttributeNotFound'), 'twice')
    })

    void test(`${title}: added later, once or more often`, async (t) => {
      const isSymmetric = row.objectTypes.includes('SymmetricKey')
      const id = isSymmetric
        ? await register(version, 'SymmetricKey', clearKey())
        : await register(version, 'PublicKey', await publicKey(version))
      const there = await valuesOf(version, id, name)
      const single = inFamily(version, 'IllegalOperation', 'AttributeSingleValued')
      const first = await change(version, 'AddAttribute', id, sample(name, version, 3))
      t.equal(first, there.length > 0 && !row.multiple ? single : 'Success', 'added')
      const again = row.multiple || row.addedAgain === true ? 'Success' : single
      t.equal(await change(version, 'AddAttribute', id, sample(name, version, 5)), again, 'added again')
      const count = (await valuesOf(version, id, name)).length
      t.equal(count, row.multiple ? there.length + 2 : 1)
      if (inRange(version, { until: '1.4' })) return
      const set = await change(version, 'SetAttribute', id, sample(name, version, 6))
      const expected =
        row.clientModifies === 'no' ? 'ReadOnlyAttribute' : count > 1 ? 'MultiValuedAttribute' : 'Success'
      t.equal(set, expected, 'set')
    })
  }
}

const publicKeys = new Map<Version, Payload>()

/** A public key that the server can read; RSA, since every version has a format for it. */
async function publicKey(version: Version): Promise<Payload> {
  const known = publicKeys.get(version)
  if (known !== undefined) return known
  const signing = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 1024,
  }
  const keys = await subtle.generateKey(signing, true, ['sign', 'verify'])
  const keyMaterial = Buffer.from(await subtle.exportKey('spki', keys.publicKey))
  const keyBlock = {
    keyFormatType: 'X_509',
    keyValue: { keyMaterial, attributes: [] },
    cryptographicAlgorithm: 'RSA',
    cryptographicLength: 1024,
  }
  publicKeys.set(version, { keyBlock })
  return { keyBlock }
}
