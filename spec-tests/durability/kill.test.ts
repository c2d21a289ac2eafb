import { t as file, test, type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { BATCH_ERROR_CONTINUATION_OPTION, STATE, type State } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import {
  type ClientIdentity,
  connectTo,
  identityOf,
  type KmipServer,
  startKmipd,
  temporaryData,
  type WireConnection,
} from '../helpers/server.ts'
import {
  all,
  attributeIn,
  batch,
  custom,
  enumeration,
  find,
  int,
  newAttribute,
  type Node,
  readResponse,
  type Response,
  request,
  text,
  textAt,
  valueAt,
} from '../wire/message.ts'
import {
  activate,
  aesPayload,
  create,
  destroy,
  get,
  locate,
  named,
  registerAes,
  revoke,
  uid,
} from '../wire/requests.ts'

/*
 * An answer is a promise (design: a mutating operation is answered only after its commit is durable). Clients write
 * as fast as they can, the server is killed in the middle, again and again, and what was answered must be there: in
 * the state answered, whole, and nothing else beside it.
 *
 * A killed process keeps what it gave to the operating system, so this cannot tell a missing fsync; it tells answers
 * before the commit, halves of a commit, and a start that does not find its way back.
 */

const KILLS = 50

const WRITERS = 6

/** A writer leaves an object alone after this many notes, and starts new ones past this many objects in work. */
const MOST_IN_WORK = 8

// Room for the slowest machine: the runner's own limit is for tests that answer at once.
file.setTimeout(600_000)

/** Mulberry32: small, and the same everywhere for the same seed. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000
  }
}

/** What an object is like: as answered, or as it may be once the operation in work has happened. */
type Facts = { readonly state: State; readonly notes: number }

type Tracked = {
  readonly name: string
  /** Undefined while Create or Register has not been answered. */
  id: string | undefined
  /** Known where the client brought it, or has read it. */
  material: Buffer | undefined
  /** Undefined where there is no object as far as any answer says. */
  facts: Facts | undefined
  /** What the operation that was not answered would have made of it. */
  pending: Facts | undefined
  changed: boolean
}

const NEW: Facts = { state: 'PreActive', notes: 0 }

const note = (index: number) => custom('note', (tag) => text(tag, `note ${index}`))

type Step = { readonly message: Buffer; readonly after: Facts }

const changeState = (message: Buffer, facts: Facts, state: State): Step => ({ message, after: { ...facts, state } })

/** What may be done next to an object with these facts. */
const stepsFor = (id: string, facts: Facts): readonly Step[] => {
  const addNote: Step = {
    message: request('2.1', 'AddAttribute', uid(id), newAttribute('2.1', note(facts.notes))),
    after: { ...facts, notes: facts.notes + 1 },
  }
  switch (facts.state) {
    case 'PreActive':
      return [
        addNote,
        changeState(activate('1.4', id), facts, 'Active'),
        changeState(destroy('1.2', id), facts, 'Destroyed'),
      ]
    case 'Active':
      return [
        addNote,
        changeState(revoke('1.4', id, 'CessationOfOperation'), facts, 'Deactivated'),
        changeState(revoke('1.0', id, 'KeyCompromise'), facts, 'Compromised'),
      ]
    case 'Deactivated':
      return [addNote, changeState(destroy('2.1', id), facts, 'Destroyed')]
    case 'Compromised':
      return [addNote, changeState(destroy('2.1', id), facts, 'DestroyedCompromised')]
    default:
      return []
  }
}

type Birth = Step & { readonly material: Buffer | undefined }

/** Three ways for an object to begin: one item, with a key of the client, and a batch that is one commit. */
const births = (name: string): readonly (() => Birth)[] => [
  () => ({ message: create('1.4', named(name)), after: NEW, material: undefined }),
  () => {
    const material = randomBytes(32)
    return { message: registerAes('2.1', material, [named(name)]), after: NEW, material }
  },
  () => ({
    message: batch(
      '2.1',
      [['Create', ...aesPayload('2.1', named(name))], ['AddAttribute', newAttribute('2.1', note(0))], ['Activate']],
      [enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code.Undo)],
    ),
    after: { state: 'Active', notes: 1 },
    material: undefined,
  }),
]

type Writer = { readonly label: string; readonly inWork: Tracked[]; made: number; acknowledged: number }

type Run = { readonly random: () => number; readonly objects: Tracked[]; readonly writers: readonly Writer[] }

const pick = <T>(random: () => number, list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]

/** Sends one operation and waits; undefined where the server died before it answered. */
const attempt = async (connection: WireConnection, message: Buffer): Promise<Response | undefined> => {
  connection.write(message)
  const answer = await connection.next()
  return answer === undefined ? undefined : readResponse(answer)
}

const succeeded = ({ items }: Response): boolean => items.every(({ status }) => status === 'Success')

const beginObject = async (connection: WireConnection, run: Run, writer: Writer): Promise<boolean> => {
  const name = `${writer.label}-${(writer.made += 1)}`
  const birth = pick(run.random, births(name))?.()
  if (birth === undefined) return false
  const object: Tracked = {
    name,
    id: undefined,
    material: birth.material,
    facts: undefined,
    pending: birth.after,
    changed: true,
  }
  run.objects.push(object)
  writer.inWork.push(object)
  const response = await attempt(connection, birth.message)
  if (response === undefined) return false
  if (!succeeded(response)) throw new Error(`${name} was refused: ${response.first.reason ?? ''}`)
  object.id = textAt(response.first.payload, 'UniqueIdentifier')
  object.facts = birth.after
  object.pending = undefined
  writer.acknowledged += 1
  return true
}

const changeObject = async (
  connection: WireConnection,
  run: Run,
  writer: Writer,
  object: Tracked,
): Promise<boolean> => {
  const { id, facts } = object
  const step = id === undefined || facts === undefined ? undefined : pick(run.random, stepsFor(id, facts))
  if (step === undefined) {
    writer.inWork.splice(writer.inWork.indexOf(object), 1)
    return true
  }
  object.pending = step.after
  object.changed = true
  const response = await attempt(connection, step.message)
  if (response === undefined) return false
  if (!succeeded(response)) throw new Error(`${object.name} was refused: ${response.first.reason ?? ''}`)
  object.facts = step.after
  object.pending = undefined
  writer.acknowledged += 1
  return true
}

/** Writes until the server is gone. */
const writeOn = async (connection: WireConnection, run: Run, writer: Writer): Promise<void> => {
  for (;;) {
    const { inWork } = writer
    const object = inWork.length < MOST_IN_WORK && run.random() < 0.4 ? undefined : pick(run.random, inWork)
    const alive =
      object === undefined
        ? await beginObject(connection, run, writer)
        : await changeObject(connection, run, writer, object)
    if (!alive) return
  }
}

// Reading back --------------------------------------------------------------------------------------------------------

const notesIn = (payload: Node | undefined): readonly string[] =>
  all(find(payload, 'Attributes'), TAG.Attribute).map((one) => textAt(one, 'AttributeValue'))

const DESTROYED: readonly State[] = ['Destroyed', 'DestroyedCompromised']

/** Dates that a state must have come with (1.4 section 3.22, 2.1 section 4.57). */
const DATES: Readonly<Record<State, readonly (keyof typeof TAG)[]>> = {
  PreActive: ['InitialDate'],
  Active: ['InitialDate', 'ActivationDate'],
  Deactivated: ['InitialDate', 'ActivationDate', 'DeactivationDate'],
  Compromised: ['InitialDate', 'ActivationDate', 'CompromiseDate'],
  Destroyed: ['InitialDate', 'DestroyDate'],
  DestroyedCompromised: ['InitialDate', 'DestroyDate', 'CompromiseDate'],
}

const sameFacts = (a: Facts | undefined, b: Facts | undefined): boolean =>
  a?.state === b?.state && a?.notes === b?.notes

type Found = {
  readonly id: string
  readonly facts: Facts
  readonly material: Buffer | undefined
  readonly problem: string | undefined
}

const readMaterial = async (connection: WireConnection, id: string): Promise<Buffer | undefined> => {
  const { first } = readResponse(await connection.ask(get('2.1', id)))
  const material = valueAt(first.payload, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial')
  return Buffer.isBuffer(material) ? material : undefined
}

const problemOf = (
  payload: Node | undefined,
  { state, notes }: Facts,
  material: Buffer | undefined,
): string | undefined => {
  const absent = DATES[state].find((tag) => attributeIn(payload, tag) === undefined)
  if (absent !== undefined) return `${absent} is missing`
  const expected = Array.from({ length: notes }, (_, index) => `note ${index}`)
  if (notesIn(payload).join() !== expected.join()) return `the notes are ${notesIn(payload).join()}`
  const isDestroyed = DESTROYED.includes(state)
  if (isDestroyed !== (material === undefined)) return isDestroyed ? 'destroyed, with its key' : 'no key'
  return material === undefined || material.length === 32 ? undefined : `a key of ${material.length} bytes`
}

const readObject = async (connection: WireConnection, id: string): Promise<Found | undefined> => {
  const { first } = readResponse(await connection.ask(request('2.1', 'GetAttributes', uid(id))))
  if (first.status !== 'Success') return undefined
  const code = attributeIn(first.payload, 'State')?.value
  const state = typeof code === 'number' ? STATE.nameOf(code) : undefined
  if (state === undefined) return undefined
  const facts = { state, notes: notesIn(first.payload).length }
  const material = await readMaterial(connection, id)
  return { id, facts, material, problem: problemOf(first.payload, facts, material) }
}

const findByName = async (connection: WireConnection, name: string): Promise<string | undefined> => {
  const { payload } = readResponse(await connection.ask(locate('2.1', named(name)))).first
  const [id] = all(payload, 'UniqueIdentifier')
  return typeof id?.value === 'string' ? id.value : undefined
}

/** Whether the object is as answered, or as the operation without an answer would have made it: nothing in between. */
const check = async (connection: WireConnection, object: Tracked): Promise<string | undefined> => {
  const id = object.id ?? (await findByName(connection, object.name))
  const found = id === undefined ? undefined : await readObject(connection, id)
  if (
    !sameFacts(found?.facts, object.facts) &&
    (object.pending === undefined || !sameFacts(found?.facts, object.pending))
  ) {
    return `${object.name}: answered ${JSON.stringify(object.facts)}, in work ${JSON.stringify(object.pending)}, found ${JSON.stringify(found?.facts)}`
  }
  if (found?.problem !== undefined) return `${object.name}: ${found.problem}`
  if (found?.material !== undefined && object.material?.equals(found.material) === false)
    return `${object.name}: another key`
  object.id = id
  object.facts = found?.facts
  object.material ??= found?.material
  object.pending = undefined
  object.changed = false
  return undefined
}

const checkAll = async (
  t: Test,
  connections: readonly WireConnection[],
  objects: readonly Tracked[],
): Promise<void> => {
  const problems: string[] = []
  const queue = [...objects]
  const work = async (connection: WireConnection): Promise<void> => {
    for (let object = queue.pop(); object !== undefined; object = queue.pop()) {
      const problem = await check(connection, object)
      if (problem !== undefined) problems.push(problem)
    }
  }
  await Promise.all(connections.map(work))
  if (problems.length > 0) t.strictSame(problems, [], 'everything is as it was answered')
}

/** Every object that Locate knows, page by page. */
const everything = async (connection: WireConnection): Promise<readonly string[]> => {
  const ids: string[] = []
  for (;;) {
    const { payload } = readResponse(
      await connection.ask(
        request('2.1', 'Locate', int('MaximumItems', 500), int('OffsetItems', ids.length), locateNothing),
      ),
    ).first
    const page = all(payload, 'UniqueIdentifier').map(({ value }) => String(value))
    if (page.length === 0) return ids
    ids.push(...page)
  }
}

const locateNothing = Buffer.from('4201250100000000', 'hex')

// The test ------------------------------------------------------------------------------------------------------------

const connectAll = (server: KmipServer, identity: ClientIdentity): Promise<readonly WireConnection[]> =>
  Promise.all(Array.from({ length: WRITERS }, () => connectTo(server, identity)))

const forget = ({ writers }: Run): void => {
  for (const { inWork } of writers)
    inWork.splice(0, inWork.length, ...inWork.filter(({ facts }) => facts !== undefined))
}

void test('design, durability: what was answered is there after the server was killed', async (t) => {
  const seed = Number(process.env['SEED'] ?? randomBytes(4).readUInt32BE())
  t.comment(`SEED=${seed}`)
  const run: Run = {
    random: randomFrom(seed),
    objects: [],
    writers: Array.from({ length: WRITERS }, (_, index) => ({
      label: `writer-${index}`,
      inWork: [],
      made: 0,
      acknowledged: 0,
    })),
  }
  const { data, remove } = await temporaryData()
  t.teardown(remove)
  const flags = ['--log-level', 'error']
  let server = await startKmipd(data, flags)
  t.teardown(() => server.kill())
  const identity = await identityOf(data, 'admin')

  for (let kill = 0; kill < KILLS; kill += 1) {
    const connections = await connectAll(server, identity)
    const writing = Promise.allSettled(
      run.writers.flatMap((writer, index) => {
        const connection = connections[index]
        return connection === undefined ? [] : [writeOn(connection, run, writer)]
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 5 + run.random() * 150))
    await server.kill()
    for (const outcome of await writing) if (outcome.status === 'rejected') throw outcome.reason
    server = await startKmipd(data, flags)
    const readers = await connectAll(server, identity)
    await checkAll(
      t,
      readers,
      run.objects.filter(({ changed }) => changed),
    )
    for (const reader of readers) reader.close()
    forget(run)
  }

  const [reader, ...more] = await connectAll(server, identity)
  if (reader === undefined) throw new Error('no connection')
  await checkAll(t, [reader, ...more], run.objects)
  const alive = run.objects.flatMap(({ id, facts }) =>
    id !== undefined && facts !== undefined && !DESTROYED.includes(facts.state) ? [id] : [],
  )
  t.strictSame([...(await everything(reader))].sort(), alive.sort(), 'and nothing is there beside it')
  for (const connection of [reader, ...more]) connection.close()
  const acknowledged = run.writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
  t.comment(`${KILLS} kills, ${acknowledged} operations answered, ${run.objects.length} objects`)
  t.ok(acknowledged > KILLS * WRITERS, 'the clients were at work')
  t.equal(await server.stop(), 0)
})
