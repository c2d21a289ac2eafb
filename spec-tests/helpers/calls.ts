import { t as file } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { CryptographicUsageMask, LinkType } from '../../src/protocol/enumerations.ts'
import { CRYPTOGRAPHIC_USAGE_MASK } from '../../src/protocol/enumerations.ts'
import { inRange, type Version } from '../../src/schema/version.ts'
import { createHarness, type Harness, type ItemResult, type Payload, type TestClient } from './harness.ts'

/* What tests of operations ask for again and again. */

/** Both families of versions, by their newest member. */
export const FAMILIES: readonly Version[] = ['1.4', '2.1']

/** A server for all tests of a file, which is closed after the last of them. */
export const openServer = async (): Promise<{ readonly harness: Harness; readonly client: TestClient }> => {
  const harness = await createHarness()
  file.teardown(() => harness.close())
  return { harness, client: harness.client() }
}

export const byId = (id: string) => ({ by: 'id', id }) as const

/** The Unique Identifier of a request. */
export const of = (id: string): Payload => ({ uniqueIdentifier: byId(id) })

export const attributesOf = (...attributes: readonly Attribute[]) => ({ templates: [], attributes })

export const usage = (...names: readonly CryptographicUsageMask[]): Attribute => ({
  name: 'CryptographicUsageMask',
  value: CRYPTOGRAPHIC_USAGE_MASK.of(...names),
})

export const named = (nameValue: string): Attribute => ({
  name: 'Name',
  value: { nameValue, nameType: 'UninterpretedTextString' },
})

export const group = (value: string): Attribute => ({ name: 'ObjectGroup', value })

export const link = (linkType: LinkType, id: string): Attribute => ({
  name: 'Link',
  value: { linkType, linkedObjectIdentifier: byId(id) },
})

/** Makes an object active long before the time of the harness. */
export const active: Attribute = { name: 'ActivationDate', value: 1_700_000_000 }

const AES: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
]

/** An identifier in an answer. */
export const idIn = (payload: Payload, field = 'uniqueIdentifier'): string => {
  const id = payload[field]
  if (typeof id !== 'string') throw new Error(`no ${field} in the answer`)
  return id
}

/** Makes an AES-256 key for Encrypt and Decrypt, or for what `attributes` say. */
export const createKey = async (
  client: TestClient,
  version: Version,
  ...attributes: readonly Attribute[]
): Promise<string> => {
  const masked = attributes.some(({ name }) => name === 'CryptographicUsageMask')
  const all = [...AES, ...(masked ? [] : [usage('Encrypt', 'Decrypt')]), ...attributes]
  return idIn(await client.call(version, 'Create', { objectType: 'SymmetricKey', attributes: attributesOf(...all) }))
}

/** Takes in a symmetric key in the clear. */
export const registerKey = async (
  client: TestClient,
  version: Version,
  material: Buffer,
  ...attributes: readonly Attribute[]
): Promise<string> => {
  const keyBlock = {
    keyFormatType: 'Raw',
    keyValue: { keyMaterial: material, attributes: [] },
    cryptographicAlgorithm: 'AES',
    cryptographicLength: material.length * 8,
  }
  return idIn(
    await client.call(version, 'Register', {
      objectType: 'SymmetricKey',
      attributes: attributesOf(...attributes),
      SymmetricKey: { keyBlock },
    }),
  )
}

/** The value of an attribute, by Get Attributes. */
export const attributeOf = async (
  client: TestClient,
  version: Version,
  id: string,
  name: Attribute['name'],
): Promise<unknown> => {
  const { attributes } = await client.call(version, 'GetAttributes', { ...of(id), attributes: [{ name }] })
  return Array.isArray(attributes) ? (attributes as readonly Attribute[])[0]?.value : undefined
}

/** What a failed item says: its reason, where it failed with a text for people. */
export const refusal = ({ status, reason, message }: ItemResult): string =>
  status === 'OperationFailed' && message !== undefined && message !== '' ? (reason ?? 'no reason') : status

/** One value for 1.x and another for 2.x. */
export const inFamily = <T>(version: Version, first: T, second: T): T =>
  inRange(version, { until: '1.4' }) ? first : second
