import type { Sealed } from '../../src/domain/bytes.ts'
import type { Change, Commit, LifecycleColumns, ObjectRow, Search, SearchKey } from '../../src/domain/object-store.ts'

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

export const searchKey = (attribute: string, value: string | Buffer, number?: number): SearchKey => ({
  attribute,
  value: Buffer.from(value),
  number,
})

type Held = { readonly keys?: readonly SearchKey[]; readonly names?: readonly string[] }

const change = (kind: Change['kind'], row: ObjectRow, { keys = [], names = [] }: Held): Change => ({
  kind,
  row,
  keys,
  names: names.map((name) => ({ tenant: row.tenant, name })),
})

export const insertOf = (row: ObjectRow, held: Held = {}): Change => change('insert', row, held)
export const updateOf = (row: ObjectRow, held: Held = {}): Change => change('update', row, held)

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
