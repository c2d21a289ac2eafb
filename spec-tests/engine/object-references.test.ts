import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { type Operation, UNIQUE_IDENTIFIER, type UniqueIdentifier } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  idIn,
  named,
  of,
  openServer,
  refusal,
  usage,
} from '../helpers/calls.ts'
import { type Item, type Payload, randomKey } from '../helpers/harness.ts'

/* How a request names objects since 2.0: by an enumeration, or by a number (2.1 sections 4.58 and 11.58). */

const { client, harness } = await openServer()

const VERSIONS: readonly Version[] = ['2.0', '2.1']
const NAMES = UNIQUE_IDENTIFIER.names.filter((name) => UNIQUE_IDENTIFIER.knownIn(name, '2.1'))
const AES: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
]
const RSA = attributesOf({ name: 'CryptographicAlgorithm', value: 'RSA' }, { name: 'CryptographicLength', value: 1024 })

const result = (of: UniqueIdentifier) => ({ by: 'result', of }) as const
const position = (number: number) => ({ by: 'position', position: number }) as const
const look = (uniqueIdentifier: Payload | undefined): Item => ({
  operation: 'GetAttributes',
  request: { ...(uniqueIdentifier === undefined ? {} : { uniqueIdentifier }), attributes: [{ name: 'ObjectType' }] },
})

const keyBlock = {
  keyFormatType: 'Raw',
  keyValue: { keyMaterial: randomKey(16), attributes: [] },
  cryptographicAlgorithm: 'AES',
  cryptographicLength: 128,
}
const active: Attribute = { name: 'ActivationDate', value: harness.clock.now() }
const splitting = { objectType: 'SplitKey', splitKeyParts: 3, splitKeyThreshold: 2, splitKeyMethod: 'XOR' }

let count = 0

/** The request of each operation that makes or finds something. */
const MAKING: Readonly<Record<string, (base: string, pair: string) => Payload>> = {
  Create: () => ({ objectType: 'SymmetricKey', attributes: attributesOf(...AES) }),
  CreateKeyPair: () => ({ common: RSA }),
  CreateSplitKey: (base) => ({ ...splitting, splitKeyThreshold: 3, ...of(base), attributes: attributesOf() }),
  DeriveKey: (base) => ({
    objectType: 'SecretData',
    uniqueIdentifiers: [byId(base)],
    derivationMethod: 'HASH',
    derivationParameters: { derivationData: [], cryptographicParameters: { hashingAlgorithm: 'SHA_256' } },
    attributes: attributesOf({ name: 'CryptographicLength', value: 128 }),
  }),
  Import: () => ({
    uniqueIdentifier: `brought ${(count += 1)}`,
    objectType: 'SymmetricKey',
    attributes: [],
    SymmetricKey: { keyBlock },
  }),
  Locate: () => ({ maximumItems: 3, filters: [] }),
  Register: () => ({ objectType: 'SymmetricKey', attributes: attributesOf(), SymmetricKey: { keyBlock } }),
  ReKey: (base) => of(base),
  ReKeyKeyPair: (_base, pair) => ({ privateKeyUniqueIdentifier: byId(pair) }),
}

/** Identifiers in an answer, in their order. */
const idsIn = (payload: Payload | undefined): readonly string[] =>
  Object.entries(payload ?? {}).flatMap(([name, value]) =>
    name.toLowerCase().includes('uniqueidentifier') ? [value].flat().map(String) : [],
  )

const OPERATION_OF = (name: UniqueIdentifier): Operation => name.replace(/(Private|Public)Key$/, '') as Operation

/** Those whose operation others test. */
const ELSEWHERE: readonly UniqueIdentifier[] = ['IDPlaceholder', 'Certify', 'ReCertify', 'JoinSplitKey']

for (const version of VERSIONS) {
  for (const name of NAMES.filter((candidate) => !ELSEWHERE.includes(candidate))) {
    void test(`2.1 §11.58: ${version}: ${name} means all that it made, and the operation is repeated for each`, async (t) => {
      const base = await createKey(client, version, usage('DeriveKey'), active)
      const { privateKeyUniqueIdentifier: pair } = await client.call(version, 'CreateKeyPair', { common: RSA })
      const operation = OPERATION_OF(name)
      const request = MAKING[operation]?.(base, String(pair)) ?? {}
      const [made, ...looks] = await client.batch(version, [
        { operation, request },
        look(result(name)),
        look(position(0)),
      ])
      const all = idsIn(made?.payload)
      const wanted = name.endsWith('PrivateKey') ? all.slice(0, 1) : name.endsWith('PublicKey') ? all.slice(1) : all
      t.ok(all.length > 0)
      t.same(
        looks.map(({ payload }) => payload['uniqueIdentifier']),
        [...wanted, all[0]],
        'and the number 0 the first of all',
      )
      for (const answer of looks) t.equal(refusal(answer), 'Success')
    })
  }

  void test(`2.1 §11.58: ${version}: the ID Placeholder, and the most recent of several`, async (t) => {
    const create = { operation: 'Create', request: MAKING['Create']?.('', '') ?? {} } as const
    const [one, two, ...looks] = await client.batch(version, [
      create,
      create,
      look(undefined),
      look(result('IDPlaceholder')),
      look(result('Create')),
      look(position(0)),
      look(position(1)),
      look(position(-1)),
      look(position(-2)),
    ])
    const [first, second] = [one, two].map((answer) => idIn(answer?.payload ?? {}))
    t.same(
      looks.map(({ payload }) => payload['uniqueIdentifier']),
      // Each answer holds an identifier, so the last two before the last look are of the looks before it.
      [second, second, second, first, second, second, second],
    )
  })

  void test(`2.1 §11.58: ${version}: references to nothing`, async (t) => {
    for (const reference of [undefined, ...NAMES.map(result), position(0), position(-1)]) {
      const [answer] = await client.batch(version, [look(reference)])
      if (answer !== undefined) t.equal(refusal(answer), 'ObjectNotFound')
    }
    const create = { operation: 'Create', request: MAKING['Create']?.('', '') ?? {} } as const
    const answers = await client.batch(
      version,
      [create, look(result('Register')), look(position(1)), look(position(-2))],
      { option: 'Continue' },
    )
    t.same(answers.map(refusal), ['Success', 'ObjectNotFound', 'ObjectNotFound', 'ObjectNotFound'])
  })

  void test(`2.1 §11.58: ${version}: an operation that takes a list takes all of them at once`, async (t) => {
    const attributes = attributesOf(...AES, usage('Encrypt'))
    const [split, joined] = await client.batch(version, [
      { operation: 'CreateSplitKey', request: { ...splitting, splitKeyThreshold: 3, attributes } },
      {
        operation: 'JoinSplitKey',
        request: { objectType: 'SymmetricKey', uniqueIdentifiers: [result('CreateSplitKey')] },
      },
    ])
    t.equal(idsIn(split?.payload).length, 3)
    t.equal(await attributeOf(client, version, idIn(joined?.payload ?? {}), 'CryptographicLength'), 128)
  })

  void test(`2.1 §11.58: ${version}: what is found is activated, each by itself or all together`, async (t) => {
    const group: Attribute = { name: 'ObjectGroup', value: `group ${version}` }
    const ids: string[] = []
    for (let index = 0; index < 3; index += 1) ids.push(await createKey(client, version, group))
    const locate: Item = {
      operation: 'Locate',
      request: { filters: [{ ref: { name: 'ObjectGroup' }, value: { type: 'TextString', value: group.value } }] },
    }
    const activate: Item = { operation: 'Activate', request: { uniqueIdentifier: result('Locate') } }
    await client.call(version, 'Activate', of(ids[1] ?? ''))
    const undone = await client.batch(version, [locate, activate], { option: 'Undo' })
    t.same(
      undone.map(({ status }) => status),
      ['OperationUndone', 'OperationUndone', 'OperationFailed'],
      'newest first',
    )
    t.equal(await attributeOf(client, version, ids[2] ?? '', 'State'), 'PreActive')
    const stopped = await client.batch(version, [locate, activate, look(undefined)])
    t.same(
      stopped.map(({ status }) => status),
      ['Success', 'Success', 'OperationFailed'],
    )
    const rest = await client.batch(version, [locate, activate], { option: 'Continue' })
    t.same(
      rest.map(({ status }) => status),
      ['Success', 'OperationFailed', 'OperationFailed', 'Success'],
    )
    for (const id of ids) t.equal(await attributeOf(client, version, id, 'State'), 'Active')
  })
}

void test('2.1 §11.58: repetitions have an end', async (t) => {
  const locate: Item = { operation: 'Locate', request: { filters: [] } }
  const looks = Array.from({ length: 200 }, () => look(result('Locate')))
  for (let index = 0; index < 30; index += 1) await createKey(client, '2.1', named(`many ${index}`))
  const answers = await client.batch('2.1', [locate, ...looks], { option: 'Continue' })
  t.ok(answers.length <= 1_000)
  t.ok(answers.some((answer) => refusal(answer) === 'ServerLimitExceeded'))
})
