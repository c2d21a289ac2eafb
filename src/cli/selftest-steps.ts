import type { Attribute } from '../protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, OPERATION, type Operation } from '../protocol/enumerations.ts'
import type { KeyBlock } from '../protocol/structures/key-block.ts'
import { type Version, versionOf } from '../schema/version.ts'
import { type KmipClient, OperationFailedError } from './kmip-client.ts'
import { create, destroy, discoverVersions, get, locate, query } from './selftest-calls.ts'

/** Told of each step that went well. */
export type Report = (version: Version, operation: Operation, detail: string) => void

const KEY_BITS = 256

const NEEDED: readonly Operation[] = ['Create', 'Get', 'Locate', 'Destroy']

const expect = (holds: boolean, operation: Operation, what: string): void => {
  if (!holds) throw new Error(`${operation}: ${what}`)
}

const materialBits = ({ keyValue }: KeyBlock): number => {
  if (keyValue === undefined || Buffer.isBuffer(keyValue)) return 0
  const { keyMaterial } = keyValue
  return Buffer.isBuffer(keyMaterial) ? keyMaterial.length * 8 : 0
}

const keyAttributes = (name: string): readonly Attribute[] => [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: KEY_BITS },
  { name: 'CryptographicUsageMask', value: CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt') },
  nameAttribute(name),
]

const nameAttribute = (name: string): Attribute => ({
  name: 'Name',
  value: { nameValue: name, nameType: 'UninterpretedTextString' },
})

/** The versions that the server speaks. */
export const discover = async (client: KmipClient, version: Version, report: Report): Promise<readonly Version[]> => {
  const { versions } = await client.call(version, discoverVersions, { versions: [] })
  const known = versions.flatMap(({ major, minor }) => versionOf(major, minor) ?? [])
  report(version, 'DiscoverVersions', versions.map(({ major, minor }) => `${major}.${minor}`).join(' '))
  return known
}

const queryOperations = async (client: KmipClient, version: Version, report: Report): Promise<void> => {
  const { operations } = await client.call(version, query, { functions: ['QueryOperations', 'QueryObjects'] })
  const missing = NEEDED.filter((operation) => !operations.includes(OPERATION.code[operation]))
  expect(missing.length === 0, 'Query', `the server has no ${missing.join(', ')}`)
  report(version, 'Query', `${operations.length} operations`)
}

const createKey = async (client: KmipClient, version: Version, name: string, report: Report): Promise<string> => {
  const attributes = { templates: [], attributes: keyAttributes(name) }
  const made = await client.call(version, create, { objectType: 'SymmetricKey', attributes })
  report(version, 'Create', made.uniqueIdentifier)
  return made.uniqueIdentifier
}

const useKey = async (
  client: KmipClient,
  version: Version,
  id: string,
  name: string,
  report: Report,
): Promise<void> => {
  const got = await client.call(version, get, { uniqueIdentifier: id })
  const bits = materialBits(got.symmetricKey.keyBlock)
  expect(got.uniqueIdentifier === id && bits === KEY_BITS, 'Get', `${bits} bits of ${got.uniqueIdentifier}`)
  report(version, 'Get', `${bits} bits`)
  const { ids } = await client.call(version, locate, { attributes: [nameAttribute(name)] })
  expect(ids.length === 1 && ids[0] === id, 'Locate', `found ${ids.length} objects instead of the one`)
  report(version, 'Locate', 'found by its name')
}

const destroyKey = async (client: KmipClient, version: Version, id: string, report: Report): Promise<void> => {
  await client.call(version, destroy, { uniqueIdentifier: id })
  try {
    await client.call(version, get, { uniqueIdentifier: id })
  } catch (error) {
    if (!(error instanceof OperationFailedError)) throw error
    report(version, 'Destroy', `Get answers ${error.reason} now`)
    return
  }
  throw new Error('Destroy: the key can still be got')
}

/**
 * Makes a key, gets it, finds it by its name, and destroys it. It is destroyed also where a step in between fails.
 * @throws Error with what went wrong
 */
export const exercise = async (client: KmipClient, version: Version, name: string, report: Report): Promise<void> => {
  await queryOperations(client, version, report)
  const id = await createKey(client, version, name, report)
  try {
    await useKey(client, version, id, name, report)
  } catch (error) {
    await client.call(version, destroy, { uniqueIdentifier: id }).catch(() => undefined)
    throw error
  }
  await destroyKey(client, version, id, report)
}
