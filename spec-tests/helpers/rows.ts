import type { Sealed } from '../../src/domain/bytes.ts'
import type {
  Change,
  Commit,
  LifecycleColumns,
  ObjectRow,
  Search,
  SearchFacts,
  SearchKey,
} from '../../src/domain/object-store.ts'

/** What every part of the store takes for sealed: it cannot tell, and need not. */
export const sealed = (text: string): Sealed => Buffer.from(text) as unknown as Sealed

export const NO_DATES: LifecycleColumns = {
  activationDate: undefined,
  deactivationDate: undefined,
  compromiseDate: undefined,
  destroyDate: undefined,
  archiveDate: undefined,
}

export const objectRow = (id: string, facts: Partial<ObjectRow> = {}): ObjectRow => ({
  id,
  version: 1,
  tenant: 'default',
  owner: 'admin',
  objectType: 2,
  document: Buffer.from(`document of ${id}`),
  mac: Buffer.from('mac'),
  sealVersion: 1,
  material: { kind: 'sealed', sealed: sealed(`material of ${id}`) },
  lifecycle: NO_DATES,
  ...facts,
})

export const searchKey = (attribute: string, value: string | Buffer): SearchKey =>
  Buffer.concat([Buffer.from(`${attribute}=`), Buffer.from(value)])

type Held = {
  readonly facts?: SearchFacts
  readonly keys?: readonly SearchKey[]
  readonly names?: readonly string[]
}

const held = (row: ObjectRow, { facts = {}, keys = [], names = [] }: Held) => ({
  row,
  facts,
  keys,
  names: names.map((name) => ({ tenant: row.tenant, name })),
})

export const insertOf = (row: ObjectRow, what: Held = {}): Change => ({ kind: 'insert', ...held(row, what) })
export const updateOf = (row: ObjectRow, what: Held = {}, keysBefore: readonly SearchKey[] = []): Change => ({
  kind: 'update',
  ...held(row, what),
  keysBefore,
})

export const commitOf = (...changes: readonly Change[]): Commit => ({ changes, audit: [] })

/** All objects of the tenant on line, the first hundred. */
export const searchFor = (facts: Partial<Search> = {}): Search => ({
  tenant: 'default',
  owner: undefined,
  conditions: [],
  storage: { online: true, archived: false, destroyed: false },
  now: 1_000,
  offset: 0,
  limit: 100,
  count: true,
  ...facts,
})
