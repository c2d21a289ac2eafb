import { test } from 'tap'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type { Operation as OperationName } from '../../src/protocol/enumerations.ts'
import { inRange, type Version } from '../../src/schema/version.ts'
import {
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
import { type Item, type Payload, randomKey, type TestClient } from '../helpers/harness.ts'

/*
 * What holds for every operation alike, one request of each: an object that is missing or somebody else's, one of the
 * wrong type or in the wrong state, and each required field left out.
 */

const { client, harness } = await openServer()
const mallory = harness.client('mallory')

/** How an operation meets an object that is archived or destroyed, where it does not simply use its material. */
type Meets = 'Success' | 'refused'

type Sample = {
  /** Makes what the request is about, and the request. Without an object: a request that needs none. */
  readonly object?: (version: Version) => Promise<string>
  readonly request: (id: string, version: Version) => Payload | Promise<Payload>
  readonly archived?: Meets
  readonly destroyed?: Meets
  /** Objects of every type will do. */
  readonly anyType?: true
}

let count = 0
const next = (): string => {
  count += 1
  return String(count)
}

const AES = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
] as const

const ECB = { cryptographicParameters: { blockCipherMode: 'ECB', paddingMethod: 'None' } }
const HMAC = { cryptographicParameters: { hashingAlgorithm: 'SHA_256', cryptographicAlgorithm: 'HMAC_SHA256' } }
const DATA = Buffer.alloc(16, 1)

const custom = (value: string) =>
  ({
    name: 'VendorAttribute',
    vendor: 'x',
    attributeName: 'note',
    value: { type: 'TextString', value },
  }) as const

const activated = async (version: Version, id: string): Promise<string> => {
  await client.call(version, 'Activate', of(id))
  return id
}

const key = (version: Version): Promise<string> => createKey(client, version)
const activeKey = async (version: Version): Promise<string> => activated(version, await key(version))
const noted = (version: Version): Promise<string> => createKey(client, version, custom('first'))
const macKey = async (version: Version): Promise<string> =>
  activated(version, await createKey(client, version, usage('MACGenerate', 'MACVerify')))
const limitedKey = async (version: Version): Promise<string> =>
  activated(
    version,
    await createKey(client, version, {
      name: 'UsageLimits',
      value: { usageLimitsTotal: 1000n, usageLimitsUnit: 'Byte' },
    }),
  )
const deriving = async (version: Version): Promise<string> =>
  activated(version, await createKey(client, version, usage('DeriveKey')))

const pairRequest: Payload = {
  common: attributesOf({ name: 'CryptographicAlgorithm', value: 'EC' }, { name: 'CryptographicLength', value: 256 }),
  private: attributesOf(usage('Sign')),
  public: attributesOf(usage('Verify')),
}

const pair = async (version: Version, half: 'private' | 'public'): Promise<string> => {
  const answer = await client.call(version, 'CreateKeyPair', pairRequest)
  await activated(version, idIn(answer, 'privateKeyUniqueIdentifier'))
  await activated(version, idIn(answer, 'publicKeyUniqueIdentifier'))
  return idIn(answer, `${half}KeyUniqueIdentifier`)
}

const X_509 = attributesOf({ name: 'CertificateType', value: 'X_509' })

const certified = async (version: Version): Promise<string> =>
  idIn(await client.call(version, 'Certify', { ...of(await pair(version, 'public')), attributes: X_509 }))

const partOf = async (version: Version): Promise<string> => {
  const { uniqueIdentifiers } = await client.call(version, 'CreateSplitKey', splitting(await key(version)))
  const [first] = uniqueIdentifiers as readonly string[]
  return String(first)
}

const splitting = (id: string): Payload => ({
  objectType: 'SplitKey',
  ...of(id),
  splitKeyParts: 2,
  splitKeyThreshold: 1,
  splitKeyMethod: 'PolynomialSharingGF2_16',
  attributes: attributesOf(),
})

const archivedKey = async (version: Version): Promise<string> => {
  const id = await key(version)
  await client.call(version, 'Archive', of(id))
  return id
}

const SAMPLES: Partial<Readonly<Record<OperationName, Sample>>> = {
  Create: { request: () => ({ objectType: 'SymmetricKey', attributes: attributesOf(...AES, usage('Encrypt')) }) },
  CreateKeyPair: { request: () => pairRequest },
  Register: {
    request: () => ({
      objectType: 'SecretData',
      attributes: attributesOf(usage('Verify')),
      SecretData: {
        secretDataType: 'Password',
        keyBlock: { keyFormatType: 'Opaque', keyValue: { keyMaterial: randomKey(), attributes: [] } },
      },
    }),
  },
  ReKey: { object: activeKey, request: of },
  ReKeyKeyPair: {
    object: (version) => pair(version, 'private'),
    request: (id) => ({ privateKeyUniqueIdentifier: byId(id) }),
  },
  DeriveKey: {
    object: deriving,
    request: (id) => ({
      objectType: 'SecretData',
      uniqueIdentifiers: [byId(id)],
      derivationMethod: 'HMAC',
      derivationParameters: { derivationData: [DATA], cryptographicParameters: { hashingAlgorithm: 'SHA_256' } },
      attributes: attributesOf({ name: 'CryptographicLength', value: 256 }),
    }),
  },
  Certify: { object: (version) => pair(version, 'public'), request: (id) => ({ ...of(id), attributes: X_509 }) },
  ReCertify: { object: certified, request: of },
  Validate: { object: certified, request: (id) => ({ certificates: [], uniqueIdentifiers: [byId(id)] }) },
  Locate: { request: () => ({ filters: [] }) },
  Check: { object: activeKey, request: of, anyType: true },
  Get: { object: key, request: of, anyType: true },
  GetAttributes: {
    object: key,
    request: (id) => ({ ...of(id), attributes: [] }),
    archived: 'Success',
    destroyed: 'Success',
    anyType: true,
  },
  GetAttributeList: { object: key, request: of, archived: 'Success', destroyed: 'Success', anyType: true },
  AddAttribute: {
    object: key,
    request: (id) => ({ ...of(id), attribute: custom('added') }),
    destroyed: 'Success',
    anyType: true,
  },
  ModifyAttribute: {
    object: noted,
    request: (id, version) => ({
      ...of(id),
      attribute: custom('changed'),
      ...inFamily(version, {}, { currentAttribute: custom('first') }),
    }),
    destroyed: 'Success',
  },
  SetAttribute: {
    object: key,
    request: (id) => ({ ...of(id), attribute: { name: 'Comment', value: 'set' } }),
    destroyed: 'Success',
    anyType: true,
  },
  AdjustAttribute: {
    object: (version) => createKey(client, version, { name: 'ProtectionPeriod', value: 10 }),
    request: (id) => ({
      ...of(id),
      attribute: { name: 'ProtectionPeriod' },
      adjustmentType: 'Increment',
      adjustmentValue: { type: 'Interval', value: 1 },
    }),
    destroyed: 'Success',
    anyType: true,
  },
  DeleteAttribute: {
    object: noted,
    request: (id, version) => ({
      ...of(id),
      ...inFamily<Payload>(version, { attributeName: custom('') }, { currentAttribute: custom('first') }),
    }),
    destroyed: 'Success',
  },
  ObtainLease: { object: activeKey, request: of, anyType: true },
  GetUsageAllocation: { object: limitedKey, request: (id) => ({ ...of(id), usageLimitsCount: 1n }) },
  Activate: { object: key, request: of, anyType: true },
  Revoke: {
    object: activeKey,
    request: (id) => ({ ...of(id), revocationReason: { revocationReasonCode: 'CessationOfOperation' } }),
  },
  Destroy: { object: key, request: of, anyType: true },
  Archive: { object: key, request: of, anyType: true },
  Recover: { object: archivedKey, request: of, destroyed: 'Success', anyType: true },
  Query: { request: () => ({ functions: ['QueryOperations'] }) },
  DiscoverVersions: { request: () => ({ protocolVersions: [] }) },
  Encrypt: { object: activeKey, request: (id) => ({ ...of(id), ...ECB, data: DATA }) },
  Decrypt: { object: activeKey, request: (id) => ({ ...of(id), ...ECB, data: DATA }) },
  Sign: {
    object: (version) => pair(version, 'private'),
    request: (id) => ({
      ...of(id),
      cryptographicParameters: { digitalSignatureAlgorithm: 'ECDSAWithSHA256' },
      data: DATA,
    }),
  },
  SignatureVerify: {
    object: (version) => pair(version, 'public'),
    request: (id) => ({
      ...of(id),
      cryptographicParameters: { digitalSignatureAlgorithm: 'ECDSAWithSHA256' },
      data: DATA,
      signatureData: Buffer.alloc(64, 1),
    }),
  },
  MAC: { object: macKey, request: (id) => ({ ...of(id), ...HMAC, data: DATA }) },
  MACVerify: { object: macKey, request: (id) => ({ ...of(id), ...HMAC, data: DATA, macData: Buffer.alloc(32) }) },
  RNGRetrieve: { request: () => ({ dataLength: 16 }) },
  RNGSeed: { request: () => ({ data: DATA }) },
  Hash: { request: () => ({ cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, data: DATA }) },
  CreateSplitKey: { object: key, request: splitting },
  JoinSplitKey: {
    object: partOf,
    request: (id) => ({ objectType: 'SymmetricKey', uniqueIdentifiers: [byId(id)] }),
  },
  Export: { object: key, request: of, destroyed: 'Success', anyType: true },
  Import: {
    request: () => ({
      uniqueIdentifier: `imported by every operation ${next()}`,
      objectType: 'SymmetricKey',
      keyWrapType: 'NotWrapped',
      attributes: [],
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: { keyMaterial: randomKey(), attributes: [] },
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 256,
        },
      },
    }),
  },
  GetConstraints: { request: () => ({}) },
  Interop: { request: () => ({ interopFunction: 'Begin', interopIdentifier: 'every operation' }) },
  Log: { request: () => ({ logMessage: 'every operation' }) },
  QueryAsynchronousRequests: { request: () => ({}) },
  Ping: { request: () => ({}) },
}

/** Operations that are not like the others, and why; each has a test of its own. */
const OTHERS: Partial<Readonly<Record<OperationName, string>>> = {
  Poll: 'is about a job',
  Cancel: 'is about a job',
  Process: 'is about a job',
  SetConstraints: 'changes the rules for all that follow',
  SetDefaults: 'changes the rules for all that follow',
  SetEndpointRole: 'turns the connection',
  Notify: 'is sent by the server',
  Put: 'is sent by the server',
  Login: 'makes a ticket',
  DelegatedLogin: 'makes a ticket',
  Logout: 'ends a ticket',
  PKCS_11: 'has functions of its own',
  ReProvision: 'needs an authority',
  Encapsulate: 'is of 3.0 (quantum.test.ts)',
  Decapsulate: 'is of 3.0 (quantum.test.ts)',
  CreateUser: 'is of 3.0 (draft-users.test.ts)',
  CreateGroup: 'is of 3.0 (draft-users.test.ts)',
  CreateCredential: 'is of 3.0 (draft-users.test.ts)',
  Obliterate: 'is of 3.0 (draft-users.test.ts)',
  Deactivate: 'is of 3.0 (draft-users.test.ts)',
}

void test('1.4 §4 / 2.1 §6.1: every operation has its row', (t) => {
  for (const { name } of OPERATIONS) t.ok(name in SAMPLES || name in OTHERS, name)
  t.end()
})

type Row = readonly [name: OperationName, sample: Sample]

const rowsIn = (version: Version): readonly Row[] =>
  OPERATIONS.flatMap(({ name, since, until }) => {
    const sample = SAMPLES[name]
    return sample === undefined || !inRange(version, { since, until }) ? [] : [[name, sample] as const]
  })

const objectRows = (
  version: Version,
): readonly (readonly [OperationName, Required<Pick<Sample, 'object'>> & Sample])[] =>
  rowsIn(version).flatMap(([name, sample]) => {
    const { object } = sample
    return object === undefined ? [] : [[name, { ...sample, object }] as const]
  })

const tell = async (
  version: Version,
  name: OperationName,
  payload: Payload,
  by: TestClient = client,
): Promise<string> => refusal(await by.attempt(version, name, payload))

const opaque = async (version: Version): Promise<string> =>
  idIn(
    await client.call(version, 'Register', {
      objectType: 'OpaqueObject',
      attributes: attributesOf(named(`opaque ${next()}`)),
      OpaqueObject: { opaqueDataType: 0x80000001, opaqueDataValue: DATA },
    }),
  )

const MISSING = ['ItemNotFound', 'ObjectNotFound'] as const

for (const version of FAMILIES) {
  void test(`1.4 §11 / 2.1 §11.46: ${version}: an object that is missing and one of somebody else are answered alike`, async (t) => {
    for (const [name, { object, request }] of objectRows(version)) {
      const id = await object(version)
      const missing = await mallory.attempt(version, name, await request('no-such-object', version))
      const foreign = await mallory.attempt(version, name, await request(id, version))
      t.equal(refusal(missing), inFamily(version, ...MISSING), name)
      t.same(foreign, missing, `${name}, somebody else's`)
      t.equal(await tell(version, name, await request(id, version)), 'Success', `${name} of its owner`)
    }
  })

  void test(`1.4 §4.22 / 2.1 §6.1.4: ${version}: what is archived is not used`, async (t) => {
    for (const [name, { object, request, archived = 'refused' }] of objectRows(version)) {
      if (name === 'Recover') continue
      const id = await object(version)
      await client.call(version, 'Archive', of(id))
      const expected = archived === 'Success' ? 'Success' : 'ObjectArchived'
      t.equal(await tell(version, name, await request(id, version)), expected, name)
    }
  })

  void test(`1.4 §4.21 / 2.1 §6.1.14: ${version}: what is destroyed is not used`, async (t) => {
    for (const [name, { object, request, destroyed = 'refused' }] of objectRows(version)) {
      const id = await object(version)
      const payload = await request(id, version)
      await client.attempt(version, 'Revoke', {
        ...of(id),
        revocationReason: { revocationReasonCode: 'CessationOfOperation' },
      })
      if (name === 'Recover') await client.call(version, 'Recover', of(id))
      await client.call(version, 'Destroy', of(id))
      const told = await tell(version, name, payload)
      if (destroyed === 'Success') t.equal(told, 'Success', name)
      else t.notMatch(told, /^(Success|GeneralFailure)$/, name)
    }
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: an object of the wrong type is refused with a reason`, async (t) => {
    for (const [name, { request, anyType }] of objectRows(version)) {
      const told = await tell(version, name, await request(await opaque(version), version))
      if (anyType === true) t.equal(told, 'Success', name)
      else t.notMatch(told, /^(Success|GeneralFailure)$/, `${name}: ${told}`)
    }
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: each required field is required`, async (t) => {
    for (const [name, { object, request }] of rowsIn(version)) {
      const fields = OPERATIONS.find((operation) => operation.name === name)?.request ?? {}
      const required = Object.entries(fields).flatMap(([field, { presence, forms }]) =>
        presence === 'required' && forms.some((form) => inRange(version, form)) ? [field] : [],
      )
      const payload = await request(object === undefined ? '' : await object(version), version)
      for (const field of required) {
        const told = await tell(version, name, { ...payload, [field]: undefined })
        t.match(told, /^Invalid(Message|Field)$/, `${name} without ${field}: ${told}`)
      }
    }
  })

  void test(`1.4 §6.13, §7.2 / 2.1 §8.3, §9.6: ${version}: one of each in a batch`, async (t) => {
    const items: Item[] = []
    for (const [name, { object, request }] of rowsIn(version)) {
      items.push({
        operation: name,
        request: await request(object === undefined ? '' : await object(version), version),
      })
    }
    const results = await client.batch(version, items, { option: 'Continue' })
    t.same(
      results.map((result) => [result.operation, refusal(result)]),
      items.map(({ operation }) => [operation, 'Success']),
    )
  })
}

void test('1.4 §3.18: a key that a client brings may be used by nobody else', async (t) => {
  const id = await registerKey(client, '2.1', randomKey(), usage('Encrypt'))
  t.equal(await tell('2.1', 'Get', of(id), mallory), 'ObjectNotFound')
})
