import { test } from 'tap'
import { KEPT_PROFILES, profilesIn } from '../../src/domain/profiles.ts'
import { UNSPECIFIED } from '../../src/domain/random-generator.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import { OBJECT_TYPE, OPERATION, QUERY_FUNCTION, type QueryFunction } from '../../src/protocol/enumerations.ts'
import { PROFILE_NAME } from '../../src/protocol/enums/profile-name.ts'
import { inRange, VERSIONS, type Version, versionNumbers } from '../../src/schema/version.ts'
import { openServer, refusal } from '../helpers/calls.ts'
import { decodeResponse, encodeRequest } from '../helpers/messages.ts'

const { client } = await openServer()

/** Where the numbers of the version stand in a message. */
const MAJOR_AT = 32
const MINOR_AT = 48

/** Asks in a version for functions of any: real clients do so. */
const ask = async (version: Version, ...functions: readonly QueryFunction[]) => {
  const message = encodeRequest('2.1', [{ operation: 'Query', request: { functions } }])
  const { major, minor } = versionNumbers(version)
  message.writeInt32BE(major, MAJOR_AT)
  message.writeInt32BE(minor, MINOR_AT)
  const [result] = decodeResponse((await client.raw(message)).bytes, version)
  if (result?.status !== 'Success') throw new Error(`Query failed: ${result?.reason ?? 'no item'}`)
  return Object.fromEntries(
    Object.entries(result.payload).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  )
}

const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

for (const version of VERSIONS) {
  void test(`1.4 §4.25 / 2.1 §6.1.40: ${version} is told the operations and types that it knows, and no others`, async (t) => {
    const { operations, objectTypes } = await ask(version, 'QueryOperations', 'QueryObjects')
    const known = OPERATIONS.filter((operation) => operation.knownIn(version)).map(({ name }) => name)
    t.strictSame(namesIn(operations).toSorted(), known.toSorted())
    t.ok(namesIn(operations).every((name) => OPERATION.knownIn(name, version)))
    t.ok(namesIn(objectTypes).includes('SymmetricKey'))
    t.ok(namesIn(objectTypes).every((name) => OBJECT_TYPE.knownIn(name, version)))
    t.equal(namesIn(objectTypes).includes('Template'), OBJECT_TYPE.knownIn('Template', version))
  })
}

void test('1.4 §4.25 / 2.1 §7.37: Server Information is empty for 1.x, whose clients expect no field in it', async (t) => {
  for (const version of VERSIONS.filter((name) => name.startsWith('1.'))) {
    const { vendorIdentification, serverInformation, ...others } = await ask(version, 'QueryServerInformation')
    t.equal(vendorIdentification, 'kmipd')
    t.strictSame(
      Object.values({ ...(serverInformation as object) })
        .flat()
        .filter((value) => value !== undefined),
      [],
    )
    t.strictSame(others, {})
  }
  const { serverInformation } = await ask('2.1', 'QueryServerInformation')
  t.match(serverInformation, { productName: 'kmipd', serverVersion: 'test' })
})

/** What each function is answered with, by the first version that knows the answer. */
const ANSWERS: readonly (readonly [QueryFunction, since: Version | undefined, answer: object])[] = [
  ['QueryApplicationNamespaces', undefined, {}],
  ['QueryExtensionList', undefined, {}],
  ['QueryExtensionMap', undefined, {}],
  ['QueryAttestationTypes', undefined, {}],
  ['QueryRNGs', '1.3', { rngParameters: [{ rngAlgorithm: 'ANSIX9_31', cryptographicLength: 256 }, UNSPECIFIED] }],
  ['QueryValidations', undefined, {}],
  [
    'QueryCapabilities',
    '1.3',
    {
      capabilityInformation: {
        streamingCapability: true,
        attestationCapability: false,
        unwrapMode: 'NotProcessed',
      },
    },
  ],
  ['QueryClientRegistrationMethods', '1.3', { clientRegistrationMethods: ['ClientRegistered'] }],
  ['QueryDefaultsInformation', '2.0', { defaultsInformation: { objectDefaults: [] } }],
  ['QueryStorageProtectionMasks', '2.0', { protectionStorageMasks: { masks: [1] } }],
]

for (const [name, since, answer] of ANSWERS) {
  void test(`1.4 §4.25 / 2.1 §6.1.40: ${name} is answered from ${since ?? 'no version'} on`, async (t) => {
    for (const version of VERSIONS) {
      const told = await ask(version, name)
      if (since !== undefined && inRange(version, { since })) t.match(told, answer, version)
      else t.strictSame(told, {}, version)
    }
  })
}

for (const version of VERSIONS) {
  void test(`1.4 §2.1.19 / 2.1 §7.31: ${version} is told the profiles that it has names for`, async (t) => {
    const { profileInformation = [], ...others } = await ask(version, 'QueryProfiles')
    t.strictSame(others, {})
    const told = Array.isArray(profileInformation) ? (profileInformation as readonly { profileName: string }[]) : []
    t.equal(told.length > 0, inRange(version, { since: '1.3' }))
    t.ok(told.every(({ profileName }) => PROFILE_NAME.knownIn(profileName, version)))
    const kept = KEPT_PROFILES.filter(({ name, needsText }) => !needsText && PROFILE_NAME.knownIn(name, version))
    t.same(
      told.map(({ profileName }) => profileName),
      inRange(version, { since: '1.3' }) ? kept.map(({ name }) => name) : [],
    )
  })
}

void test('2.1 §7.31: profiles of messages in text are told of where such messages are spoken', (t) => {
  const told = (speaksText: boolean) => profilesIn('2.1', { speaksText }).map(({ profileName }) => profileName)
  t.notOk(told(false).includes('XMLServer'))
  t.ok(told(true).includes('XMLServer'))
  t.end()
})

void test('2.1 §7.32: profiles of 2.x say for which version they are', async (t) => {
  const { profileInformation } = await ask('2.1', 'QueryProfiles')
  t.match(profileInformation, [
    { profileName: 'BaselineServer', profileVersion: { major: 2, minor: 1 } },
    { profileName: 'TapeLibraryServer', profileVersion: { major: 2, minor: 0 } },
    { profileName: 'TapeLibraryServer', profileVersion: { major: 2, minor: 1 } },
  ])
})

void test('1.4 §2.1.21 / 2.1 §7.5: there are asynchronous answers where there is a Poll', async (t) => {
  for (const version of VERSIONS.filter((each) => inRange(each, { since: '1.3' }))) {
    const { operations, capabilityInformation } = await ask(version, 'QueryOperations', 'QueryCapabilities')
    t.match(capabilityInformation, { asynchronousCapability: namesIn(operations).includes('Poll') }, version)
  }
})

void test('1.4 §2.1.21: the batch capabilities have been fields since 1.4', async (t) => {
  const batch = { batchUndoCapability: true, batchContinueCapability: true }
  t.match((await ask('1.4', 'QueryCapabilities'))['capabilityInformation'], batch)
  t.notMatch((await ask('1.3', 'QueryCapabilities'))['capabilityInformation'], batch)
})

void test('1.4 §4.25 / 2.1 §6.1.40: all functions at once, in any version', async (t) => {
  for (const version of VERSIONS) t.ok(await ask(version, ...QUERY_FUNCTION.names), version)
})

void test('1.4 §4.25 / 2.1 §6.1.40: at least one function is asked for', async (t) => {
  t.equal(refusal(await client.attempt('2.1', 'Query', { functions: [] })), 'InvalidMessage')
})

void test('2.1 §6.1.40: the answer is the same for any Object Group', async (t) => {
  const functions = ['QueryOperations']
  const plain = await client.call('2.1', 'Query', { functions })
  t.same(await client.call('2.1', 'Query', { functions, objectGroups: { groups: ['tapes'] } }), plain)
})
