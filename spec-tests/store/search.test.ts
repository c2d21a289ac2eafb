import fc from 'fast-check'
import type {
  Condition,
  LifecycleColumns,
  ObjectRow,
  Search,
  SearchFacts,
  SearchKey,
} from '../../src/domain/object-store.ts'
import { stateAt } from '../../src/domain/state.ts'
import { STATE } from '../../src/protocol/enums/state.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { commitOf, insertOf, NO_DATES, objectRow, searchFor, searchKey } from '../helpers/rows.ts'
import { forEachEngine, openFor } from '../helpers/stores.ts'

type Stored = { readonly row: ObjectRow; readonly facts: SearchFacts; readonly keys: readonly SearchKey[] }

/** In the order in which they are made. */
const insertAll = async (store: OpenStore, objects: readonly Stored[]): Promise<void> => {
  await store.objects.commit(commitOf(...objects.map(({ row, ...held }) => insertOf(row, held))))
}

const fits = ({ row, facts, keys }: Stored, condition: Condition, now: number): boolean => {
  const has = (wanted: SearchKey): boolean => keys.some((key) => key.equals(wanted))
  switch (condition.kind) {
    case 'equals':
      return has(condition.key)
    case 'usual':
      return has(condition.key) || !has(condition.marker)
    case 'range': {
      const date = { ...facts, ...row.lifecycle }[condition.fact]
      return date !== undefined && date >= condition.from && date <= condition.to
    }
    case 'at-least': {
      const limit = facts[condition.fact]
      return limit !== undefined && limit >= condition.limit
    }
    case 'has-bits': {
      const mask = facts[condition.fact]
      return mask !== undefined && (mask & condition.bits) === condition.bits
    }
    case 'id':
      return row.id === condition.id
    case 'object-type':
      return row.objectType === condition.objectType
    case 'object-types':
      return row.objectType >= condition.from && row.objectType <= condition.to
    case 'state':
      return STATE.code[stateAt(row.lifecycle, now)] === condition.state
  }
}

const isIn = ({ destroyDate, archiveDate }: LifecycleColumns, storage: Search['storage']): boolean => {
  if (destroyDate !== undefined) return storage.destroyed
  return archiveDate === undefined ? storage.online : storage.archived
}

/** The search as its words say it: the whole of it, one object after the other. */
const expected = (objects: readonly Stored[], search: Search): readonly string[] =>
  objects
    .filter(({ row }) => row.tenant === search.tenant && isIn(row.lifecycle, search.storage))
    .filter(({ row }) => search.owner === undefined || row.owner === search.owner)
    .filter((object) => search.conditions.every((condition) => fits(object, condition, search.now)))
    .map(({ row }) => row.id)
    .toReversed()

const key: Stored = {
  row: objectRow('key', { lifecycle: { ...NO_DATES, activationDate: 900 } }),
  facts: { usageMask: 0b1100, initialDate: 500, limitTotal: 2n ** 62n, limitCount: 10n },
  keys: [searchKey('algorithm', 'AES'), searchKey('word', 'd')],
}
const OBJECTS: readonly Stored[] = [
  key,
  {
    row: objectRow('certificate', { objectType: 1, owner: 'bob' }),
    facts: { initialDate: 700 },
    keys: [searchKey('word', 'd'), searchKey('sensitive', ''), searchKey('sensitive', 'true')],
  },
  { ...key, row: objectRow('elsewhere', { tenant: 'other' }) },
  {
    row: objectRow('archived', { lifecycle: { ...NO_DATES, archiveDate: 1 } }),
    facts: { usageMask: 0b0100, initialDate: 510 },
    keys: [searchKey('word', 'd')],
  },
  { ...key, row: objectRow('destroyed', { lifecycle: { ...NO_DATES, destroyDate: 1, archiveDate: 1 } }) },
  {
    row: objectRow('newest'),
    facts: { usageMask: 0b1110, limitTotal: 2n ** 62n - 1n, limitCount: 2n ** 62n - 1n },
    keys: [searchKey('algorithm', 'RSA'), searchKey('sensitive', ''), searchKey('sensitive', 'false')],
  },
]

const ALL = { online: true, archived: true, destroyed: true }
const equals = (attribute: string, value: string): Condition => ({ kind: 'equals', key: searchKey(attribute, value) })
const usual = (attribute: string, value: string): Condition => ({
  kind: 'usual',
  key: searchKey(attribute, value),
  marker: searchKey(attribute, ''),
})
const range = (from: number, to: number): Condition => ({ kind: 'range', fact: 'initialDate', from, to })
const atLeast = (fact: 'limitTotal' | 'limitCount', limit: bigint): Condition => ({ kind: 'at-least', fact, limit })

const CASES: readonly (readonly [title: string, search: Partial<Search>, ids: readonly string[]])[] = [
  ['all on line, newest first', {}, ['newest', 'certificate', 'key']],
  ['archived', { storage: { online: false, archived: true, destroyed: false } }, ['archived']],
  ['destroyed, archived before or not', { storage: { ...ALL, online: false, archived: false } }, ['destroyed']],
  ['every place', { storage: ALL }, ['newest', 'destroyed', 'archived', 'certificate', 'key']],
  ['no place', { storage: { online: false, archived: false, destroyed: false } }, []],
  ['of an owner', { owner: 'bob' }, ['certificate']],
  ['of nobody', { owner: 'nobody' }, []],
  ['of another tenant', { tenant: 'other' }, ['elsewhere']],
  ['equal value', { conditions: [equals('algorithm', 'AES')] }, ['key']],
  ['equal value of another attribute', { conditions: [equals('word', 'AES')] }, []],
  ['two equal values', { conditions: [equals('algorithm', 'AES'), equals('word', 'd')] }, ['key']],
  ['two equal values of two objects', { conditions: [equals('algorithm', 'RSA'), equals('word', 'd')] }, []],
  ['the usual value', { conditions: [usual('sensitive', 'false')] }, ['newest', 'key']],
  ['another value than the usual one', { conditions: [equals('sensitive', 'true')] }, ['certificate']],
  [
    'the usual value, and one that few have',
    { conditions: [usual('sensitive', 'false'), equals('word', 'd')] },
    ['key'],
  ],
  ['range', { conditions: [range(500, 700)] }, ['certificate', 'key']],
  ['range, both ends', { conditions: [range(700, 700)] }, ['certificate']],
  ['range between values', { conditions: [range(501, 699)] }, []],
  ['range in every place', { storage: ALL, conditions: [range(500, 600)] }, ['destroyed', 'archived', 'key']],
  [
    'range of what decides the State',
    { conditions: [{ kind: 'range', fact: 'activationDate', from: 1, to: 900 }] },
    ['key'],
  ],
  ['a limit past the numbers of JavaScript', { conditions: [atLeast('limitTotal', 2n ** 62n)] }, ['key']],
  ['two limits', { conditions: [atLeast('limitTotal', 1n), atLeast('limitCount', 11n)] }, ['newest']],
  ['identifier', { conditions: [{ kind: 'id', id: 'key' }] }, ['key']],
  ['identifier of another tenant', { conditions: [{ kind: 'id', id: 'elsewhere' }] }, []],
  ['identifier, and a condition it fails', { conditions: [{ kind: 'id', id: 'key' }, equals('algorithm', 'RSA')] }, []],
  [
    'two identifiers',
    {
      conditions: [
        { kind: 'id', id: 'key' },
        { kind: 'id', id: 'newest' },
      ],
    },
    [],
  ],
  ['object type', { conditions: [{ kind: 'object-type', objectType: 1 }] }, ['certificate']],
  ['one bit', { conditions: [{ kind: 'has-bits', fact: 'usageMask', bits: 0b0100 }] }, ['newest', 'key']],
  ['two bits', { conditions: [{ kind: 'has-bits', fact: 'usageMask', bits: 0b0110 }] }, ['newest']],
  ['state', { conditions: [{ kind: 'state', state: STATE.code.Active }] }, ['key']],
  ['state before the time', { now: 899, conditions: [{ kind: 'state', state: STATE.code.Active }] }, []],
  ['a page', { offset: 1, limit: 1 }, ['certificate']],
  ['a page past the end', { offset: 3 }, []],
  ['an empty page', { limit: 0 }, []],
  ['oldest first', { oldestFirst: true }, ['key', 'certificate', 'newest']],
  ['the second oldest', { oldestFirst: true, offset: 1, limit: 1 }, ['certificate']],
]

forEachEngine('1.4 §4.9 / 2.1 §6.1.27: Locate, each condition by itself', async (t, engine) => {
  const store = await openFor(t, engine)
  await insertAll(store, OBJECTS)
  for (const [title, facts, ids] of CASES) {
    t.strictSame((await store.objects.search(searchFor(facts))).ids, ids, title)
  }
})

forEachEngine('1.4 §4.9 / 2.1 §6.1.27: Located Items counts all hits, where that costs no scan', async (t, engine) => {
  const store = await openFor(t, engine)
  const objects = Array.from({ length: 2_500 }, (_, index) => ({
    row: objectRow(`id ${String(index).padStart(4, '0')}`),
    facts: {},
    keys: [searchKey('all', 'a'), ...(index % 50 === 0 ? [searchKey('some', 's')] : [])],
  }))
  await insertAll(store, objects)
  const cases: readonly (readonly [title: string, search: Partial<Search>, total: number | undefined])[] = [
    ['not asked for', { count: false, conditions: [equals('some', 's')] }, undefined],
    ['page with room left', { conditions: [equals('some', 's')] }, 50],
    ['page that is full', { conditions: [equals('some', 's')], limit: 10 }, 50],
    ['page in the middle', { conditions: [equals('some', 's')], limit: 10, offset: 20 }, 50],
    ['page past the end', { conditions: [equals('some', 's')], offset: 60 }, 50],
    ['no page', { conditions: [equals('some', 's')], limit: 0 }, 50],
    ['no hit', { conditions: [equals('none', 's')] }, 0],
    ['far more than the page', { conditions: [equals('all', 'a')], limit: 10 }, undefined],
    ['near the end of many', { conditions: [equals('all', 'a')], limit: 10, offset: 2_000 }, 2_500],
    ['a filter over many', { conditions: [equals('all', 'a'), { kind: 'state', state: 1 }], limit: 10 }, undefined],
  ]
  for (const [title, facts, total] of cases) {
    t.equal((await store.objects.search(searchFor(facts))).total, total, title)
  }
  const page = searchFor({ conditions: [equals('all', 'a')], limit: 3, offset: 2_000 })
  t.strictSame((await store.objects.search(page)).ids, ['id 0499', 'id 0498', 'id 0497'])
  const both = searchFor({ conditions: [equals('all', 'a'), equals('some', 's')], limit: 2, offset: 1 })
  t.strictSame((await store.objects.search(both)).ids, ['id 2400', 'id 2350'])
})

forEachEngine('a long range is found wherever its objects are', async (t, engine) => {
  const store = await openFor(t, engine)
  // More rows than are walked over: 1,500 old ones within the range, and 20,500 newer ones without.
  const wide = engine.name === 'SQLite' ? 20_500 : 3_000
  const object = (index: number): Stored => ({
    row: objectRow(`id ${index}`),
    facts: { initialDate: index },
    keys: [searchKey('group', 'g')],
  })
  const objects = Array.from({ length: 1_500 + wide }, (_, index) => object(index))
  for (let first = 0; first < objects.length; first += 2_000)
    await insertAll(store, objects.slice(first, first + 2_000))
  const cases: readonly (readonly [title: string, conditions: readonly Condition[], offset: number])[] = [
    ['old', [range(0, 1_499)], 0],
    ['old, deep', [range(0, 1_499)], 1_400],
    ['everywhere', [range(0, 1e9)], 0],
    ['everywhere, deep', [range(0, 1e9)], wide],
    ['old, with an equal value that all have', [range(0, 1_499), equals('group', 'g')], 0],
    ['two long ranges', [range(0, 1_499), range(100, 1_200)], 0],
  ]
  for (const [title, conditions, offset] of cases) {
    const search = searchFor({ conditions, offset })
    const ids = expected(objects, search).slice(offset, offset + search.limit)
    t.strictSame((await store.objects.search(search)).ids, ids, title)
  }
  const oldest = searchFor({ conditions: [range(wide + 100, 1e9), equals('group', 'g')], oldestFirst: true, limit: 2 })
  t.strictSame((await store.objects.search({ ...oldest, offset: 1 })).ids, [`id ${wide + 101}`, `id ${wide + 102}`])
})

const dates = fc.record({
  activationDate: fc.constantFrom(undefined, 9, 10, 11),
  deactivationDate: fc.constantFrom(undefined, 9, 10, 11),
  compromiseDate: fc.constantFrom(undefined, undefined, 9, 11),
  destroyDate: fc.constantFrom(undefined, undefined, 9, 11),
  archiveDate: fc.constantFrom(undefined, undefined, 9),
})

const attribute = fc.constantFrom('a', 'b')
const number = fc.integer({ min: 0, max: 7 })
const key7 = fc.tuple(attribute, number).map(([name, n]) => searchKey(name, Buffer.from([n])))
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const stored = fc.record({
  owner: fc.constantFrom('admin', 'bob'),
  tenant: fc.constantFrom('default', 'default', 'other'),
  objectType: fc.constantFrom(1, 2, 3),
  lifecycle: dates,
  facts: fc.record({
    initialDate: perhaps(number),
    rotateDate: perhaps(number),
    usageMask: perhaps(number),
    storageMask: perhaps(number),
    limitTotal: perhaps(fc.bigInt(0n, 7n)),
  }),
  keys: fc.array(key7, { maxLength: 4 }),
})

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ kind: fc.constant('equals' as const), key: key7 }),
  fc.record({ kind: fc.constant('usual' as const), key: key7, marker: key7 }),
  fc.record({
    kind: fc.constant('range' as const),
    fact: fc.constantFrom('initialDate', 'rotateDate', 'activationDate', 'archiveDate'),
    from: number,
    to: number,
  }),
  fc.record({ kind: fc.constant('at-least' as const), fact: fc.constant('limitTotal'), limit: fc.bigInt(0n, 7n) }),
  fc.record({
    kind: fc.constant('has-bits' as const),
    fact: fc.constantFrom('usageMask', 'storageMask'),
    bits: number,
  }),
  fc.record({ kind: fc.constant('object-type' as const), objectType: fc.constantFrom(1, 2, 3) }),
  fc.record({ kind: fc.constant('state' as const), state: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant('id' as const), id: fc.constantFrom('0', '5', 'absent') }),
)

const search = fc.record({
  owner: fc.constantFrom(undefined, undefined, 'bob'),
  conditions: fc.array(condition, { maxLength: 3 }),
  storage: fc.record({ online: fc.boolean(), archived: fc.boolean(), destroyed: fc.boolean() }),
  offset: fc.nat(3),
  limit: fc.nat(10),
})

forEachEngine('1.4 §4.9 / 2.1 §6.1.27: any search finds what reading all objects finds', async (t, engine) => {
  const store = await openFor(t, engine)
  const objects = fc
    .sample(stored, { numRuns: 120, seed: 20260101 })
    .map(({ keys, facts, ...row }, index): Stored => ({ row: objectRow(String(index), row), facts, keys }))
  await insertAll(store, objects)
  const property = fc.asyncProperty(search, async (facts) => {
    const asked = searchFor({ ...facts, now: 10 })
    const hits = expected(objects, asked)
    const found = await store.objects.search(asked)
    t.strictSame(found.ids, hits.slice(asked.offset, asked.offset + asked.limit))
    t.equal(found.total, hits.length)
  })
  await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 5_000 })
})

forEachEngine('1.4 §3.22 / 2.1 §4.57: the database derives the State as the domain does', async (t, engine) => {
  const store = await openFor(t, engine)
  const times = [undefined, 999, 1_000, 1_001]
  const lifecycles = times.flatMap((activationDate) =>
    times.flatMap((deactivationDate) =>
      times.flatMap((compromiseDate) =>
        times.map((destroyDate) => ({ ...NO_DATES, activationDate, deactivationDate, compromiseDate, destroyDate })),
      ),
    ),
  )
  await insertAll(
    store,
    lifecycles.map((lifecycle, index) => ({ row: objectRow(String(index), { lifecycle }), facts: {}, keys: [] })),
  )
  for (const name of STATE.names) {
    const conditions = [{ kind: 'state', state: STATE.code[name] }] as const
    const { ids } = await store.objects.search(searchFor({ conditions, storage: ALL, now: 1_000, limit: 1_000 }))
    const wanted = lifecycles.flatMap((lifecycle, index) => (stateAt(lifecycle, 1_000) === name ? [String(index)] : []))
    t.ok(wanted.length > 0)
    t.strictSame(ids, wanted.toReversed(), name)
  }
})

forEachEngine('1.4 §4.9 / 2.1 §6.1.27: more kinds of searches than are remembered', async (t, engine) => {
  const store = await openFor(t, engine)
  await insertAll(store, OBJECTS)
  const times = [0, 1, 2, 3]
  const searches = times.flatMap((equal) =>
    times.flatMap((ranges) =>
      times.flatMap((bits) =>
        times.flatMap((types) => [
          [
            ...Array.from({ length: equal }, () => equals('algorithm', 'AES')),
            ...Array.from({ length: ranges }, () => range(1, 600)),
            ...Array.from({ length: bits }, () => ({ kind: 'has-bits', fact: 'usageMask', bits: 4 }) as const),
            ...Array.from({ length: types }, () => ({ kind: 'object-type', objectType: 2 }) as const),
          ],
        ]),
      ),
    ),
  )
  const found: string[] = []
  // Two ways to ask make two texts: more than 256.
  for (const conditions of searches) {
    for (const storage of [searchFor().storage, { ...ALL, destroyed: false }]) {
      const { ids } = await store.objects.search(searchFor({ conditions, storage, limit: 100 }))
      const wanted = expected(OBJECTS, searchFor({ conditions, storage }))
      if (ids.join() !== wanted.join()) found.push(JSON.stringify({ conditions, ids, wanted }))
    }
  }
  t.strictSame(found, [])
})
