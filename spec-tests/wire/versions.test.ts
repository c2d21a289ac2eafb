import { randomBytes } from 'node:crypto'
import { t as file, test } from 'tap'
import { ATTRIBUTES } from '../../src/protocol/attributes.ts'
import {
  CRYPTOGRAPHIC_ALGORITHM,
  OBJECT_TYPE,
  OPERATION,
  QUERY_FUNCTION,
  STATE,
} from '../../src/protocol/enumerations.ts'
import { TAGS } from '../../src/protocol/tags.ts'
import { inRange, VERSIONS } from '../../src/schema/version.ts'
import type { WireConnection } from '../helpers/server.ts'
import {
  all,
  attributeIn,
  attributeNames,
  custom,
  enumeration,
  find,
  namedAttribute,
  type Node,
  request,
  tagName,
  tagsIn,
  text,
  textAt,
  valueAt,
} from './message.ts'
import { activate, create, destroy, get, locate, named, registerAes, revoke, uid } from './requests.ts'
import { ask, exchange, idFrom, startSession } from './session.ts'

/*
 * One set of objects for clients of all versions: what one version has made, every other reads, in its own form and
 * with nothing in it that its version does not have (1.4 section 6.1, 2.1 section 9.16).
 */

const session = await startSession(file, ['--log-level', 'silent'])

const materialOf = (payload: Node | undefined): Buffer => {
  const value = valueAt(payload, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial')
  if (!Buffer.isBuffer(value)) throw new Error('no key material')
  return value
}

const namesIn = (payload: Node | undefined): readonly (string | undefined)[] => {
  const name = attributeIn(payload, 'Name')
  return name === undefined ? [] : [textAt(name, 'NameValue')]
}

for (const writer of VERSIONS) {
  void test(`1.4 §6.1 / 2.1 §9.16: what ${writer} makes, every version reads`, async (t) => {
    const connection = await session.connect(t)
    const material = randomBytes(32)
    const [made, brought] = [`made-in-${writer}`, `brought-in-${writer}`]
    const owner = custom('owner', (tag) => text(tag, 'someone'))
    const created = await idFrom(connection, create(writer, named(made), owner))
    const registered = await idFrom(connection, registerAes(writer, material, [named(brought)]))
    const first = materialOf((await ask(connection, get(writer, created))).payload)
    t.equal(first.length, 32)
    for (const reader of VERSIONS) {
      const { version, first: item } = await exchange(connection, get(reader, created))
      t.equal(version, reader, 'the answer is in the version of the request')
      t.ok(materialOf(item.payload).equals(first), `${reader} reads what ${writer} created`)
      t.ok(materialOf((await ask(connection, get(reader, registered))).payload).equals(material))
      t.equal(textAt((await ask(connection, locate(reader, named(made)))).payload, 'UniqueIdentifier'), created)
      t.equal(textAt((await ask(connection, locate(reader, owner, named(made)))).payload, 'UniqueIdentifier'), created)
      const wanted = attributeNames(reader, 'Name', 'CryptographicAlgorithm', 'CryptographicLength', 'State')
      const { payload } = await ask(connection, request(reader, 'GetAttributes', uid(created), ...wanted))
      t.strictSame(namesIn(payload), [made])
      t.equal(valueAt(attributeIn(payload, 'CryptographicAlgorithm') ?? payload), CRYPTOGRAPHIC_ALGORITHM.code.AES)
      t.equal(attributeIn(payload, 'CryptographicLength')?.value, 256)
      t.equal(attributeIn(payload, 'State')?.value, STATE.code.PreActive)
    }
  })
}

for (const writer of VERSIONS) {
  void test(`1.4 §3.22 / 2.1 §4.57: a state that ${writer} has brought about holds in every version`, async (t) => {
    const connection = await session.connect(t)
    const id = await idFrom(connection, create(writer))
    const stateIn = async (reader: (typeof VERSIONS)[number]): Promise<unknown> =>
      attributeIn(
        (await ask(connection, request(reader, 'GetAttributes', uid(id), ...attributeNames(reader, 'State')))).payload,
        'State',
      )?.value
    for (const [step, state] of [
      [activate(writer, id), 'Active'],
      [revoke(writer, id, 'KeyCompromise'), 'Compromised'],
      [destroy(writer, id), 'DestroyedCompromised'],
    ] as const) {
      await idFrom(connection, step)
      for (const reader of VERSIONS) t.equal(await stateIn(reader), STATE.code[state], reader)
    }
  })
}

const LABELS: ReadonlyMap<string, (typeof ATTRIBUTES)[keyof typeof ATTRIBUTES]> = new Map(
  Object.values(ATTRIBUTES).map((row) => [row.label, row]),
)

/** Everything a version could be asked that answers with a list of whatever the server has. */
const questions = (version: (typeof VERSIONS)[number], id: string): readonly Buffer[] => [
  request(
    version,
    'Query',
    ...QUERY_FUNCTION.names.filter((name) => QUERY_FUNCTION.knownIn(name, version)).map(queryFor),
  ),
  request(version, 'GetAttributes', uid(id)),
  request(version, 'GetAttributeList', uid(id)),
  request(version, 'DiscoverVersions'),
  request(version, 'Locate'),
  get(version, id),
  get(version, 'nowhere'),
]

const queryFor = (name: keyof typeof QUERY_FUNCTION.code): Buffer =>
  enumeration('QueryFunction', QUERY_FUNCTION.code[name])

const questionAll = async (connection: WireConnection, version: (typeof VERSIONS)[number], id: string) => {
  const answers: Node[] = []
  for (const question of questions(version, id)) answers.push((await exchange(connection, question)).node)
  return answers
}

for (const version of VERSIONS) {
  void test(`1.4 §6.1 / 2.1 §9.16: nothing in an answer to ${version} is newer than ${version}`, async (t) => {
    const connection = await session.connect(t)
    const id = await idFrom(connection, create('2.1', named(`new-for-${version}`)))
    await idFrom(connection, activate('2.1', id))
    const answers = await questionAll(connection, version, id)
    const tags = new Set(answers.flatMap(tagsIn).map(tagName))
    t.strictSame(
      [...tags].filter((name) => !TAGS.knownIn(name, version)),
      [],
      'tags',
    )
    const labels = answers
      .flatMap((answer) => all(find(answer, 'BatchItem', 'ResponsePayload'), 'AttributeName'))
      .map((node) => String(node.value))
    t.strictSame(
      labels.filter((label) => !inRange(version, LABELS.get(label) ?? { since: '2.1', until: '1.0' })),
      [],
      'attribute names',
    )
    const [query] = answers
    const listed = (tag: 'Operation' | 'ObjectType') =>
      all(find(query, 'BatchItem', 'ResponsePayload'), tag).map(({ value }) => Number(value))
    t.ok(listed('Operation').length > 5)
    t.ok(
      listed('Operation').every((code) => OPERATION.knownIn(OPERATION.nameOf(code) ?? '', version)),
      'operations',
    )
    t.ok(
      listed('ObjectType').every((code) => OBJECT_TYPE.knownIn(OBJECT_TYPE.nameOf(code) ?? '', version)),
      'objects',
    )
  })
}

void test('1.4 §2.1.1: an attribute name of 1.x stands in an Attribute with name and value', async (t) => {
  const connection = await session.connect(t)
  const owner = custom('ring', (tag) => text(tag, 'one'))
  const id = await idFrom(connection, create('2.1', owner))
  const { payload } = await ask(connection, request('1.4', 'GetAttributes', uid(id), text('AttributeName', 'x-ring')))
  const [found] = all(payload, 'Attribute')
  t.equal(valueAt(found, 'AttributeName'), 'x-ring')
  t.equal(valueAt(found, 'AttributeValue'), 'one')
  t.equal(
    textAt((await ask(connection, request('1.4', 'Locate', namedAttribute(owner)))).payload, 'UniqueIdentifier'),
    id,
  )
})
