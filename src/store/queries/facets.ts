import { sql, type RawBuilder } from 'kysely'
import type { Condition, Search } from '../../domain/object-store.ts'
import type { SqlValue } from '../statement.ts'
import { stateAt } from './state.ts'

/*
 * The parts that a search is put together from. Each facet can filter the rows that another one yields; most can also
 * drive: yield row keys from an index by themselves.
 */

/** A condition, or the owner, as parts of a search. */
export type Facet = Condition | { readonly kind: 'owner'; readonly owner: string }
export type FacetKind = Facet['kind']

/** What yields the rows of a search. `newest`: all objects of the tenant. */
export type DriverKind = Exclude<FacetKind, 'state' | 'has-bits'> | 'newest'

/** Places for the parameters of one facet, and for the two that all share. */
export type FacetSlots = {
  readonly argument: (index: number) => RawBuilder<unknown>
  readonly tenant: () => RawBuilder<unknown>
  readonly now: () => RawBuilder<number>
}

/** Where row keys come from: a table under the alias `d`, the column with the key, and what picks the rows. */
export type Driver = {
  readonly source: (slots: FacetSlots) => RawBuilder<unknown>
  readonly key: RawBuilder<number>
  readonly condition: (slots: FacetSlots) => RawBuilder<unknown>
  /** Whether the index yields the newest first, so that a page needs no more rows than it shows. */
  readonly ordered: boolean
}

export const argumentsOf = (facet: Facet): readonly SqlValue[] => {
  switch (facet.kind) {
    case 'equals':
      return [facet.attribute, facet.value]
    case 'range':
      return [facet.attribute, facet.from, facet.to]
    case 'id':
      return [facet.id]
    case 'object-type':
      return [facet.objectType]
    case 'state':
      return [facet.state]
    case 'has-bits':
      return [facet.attribute, facet.bits]
    case 'owner':
      return [facet.owner]
  }
}

const column = <T>(alias: string, name: string): RawBuilder<T> => sql.ref<T>(`${alias}.${name}`)

const heldKey = (alias: string, slots: FacetSlots, condition: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`exists (select 1 from search_keys as k where k.object = ${column(alias, 'row_key')}
    and k.attribute = ${slots.argument(0)} and ${condition})`

/** Whether the object under `alias` fits the facet. */
export const FILTERS: Readonly<Record<FacetKind, (alias: string, slots: FacetSlots) => RawBuilder<unknown>>> = {
  equals: (alias, slots) => heldKey(alias, slots, sql`k.value = ${slots.argument(1)}`),
  range: (alias, slots) => heldKey(alias, slots, sql`k.number between ${slots.argument(1)} and ${slots.argument(2)}`),
  'has-bits': (alias, slots) => heldKey(alias, slots, sql`k.number & ${slots.argument(1)} = ${slots.argument(1)}`),
  id: (alias, slots) => sql`${column(alias, 'id')} = ${slots.argument(0)}`,
  'object-type': (alias, slots) => sql`${column(alias, 'object_type')} = ${slots.argument(0)}`,
  owner: (alias, slots) => sql`${column(alias, 'owner')} = ${slots.argument(0)}`,
  state: (alias, slots) => {
    const state = stateAt(
      {
        activation: column(alias, 'activation_date'),
        deactivation: column(alias, 'deactivation_date'),
        compromise: column(alias, 'compromise_date'),
        destroy: column(alias, 'destroy_date'),
      },
      slots.now,
    )
    return sql`${state} = ${slots.argument(0)}`
  },
}

const byColumns = (condition: (slots: FacetSlots) => RawBuilder<unknown>): Driver => ({
  source: () => sql`objects as d`,
  key: sql.ref('d.row_key'),
  condition: (slots) => sql`d.tenant = ${slots.tenant()} and ${condition(slots)}`,
  ordered: true,
})

export const DRIVERS: Readonly<Record<DriverKind, Driver>> = {
  equals: {
    source: () => sql`search_keys as d`,
    key: sql.ref('d.object'),
    condition: ({ argument }) => sql`d.attribute = ${argument(0)} and d.value = ${argument(1)}`,
    ordered: true,
  },
  // An object may hold several instances of the attribute within the range.
  range: {
    source: ({ argument }) => sql`(select distinct object from search_keys
      where attribute = ${argument(0)} and number between ${argument(1)} and ${argument(2)}) as d`,
    key: sql.ref('d.object'),
    condition: () => sql`d.object is not null`,
    ordered: false,
  },
  id: byColumns(({ argument }) => sql`d.id = ${argument(0)}`),
  owner: byColumns(({ argument }) => sql`d.owner = ${argument(0)}`),
  'object-type': byColumns(({ argument }) => sql`d.object_type = ${argument(0)}`),
  newest: byColumns(() => sql`d.row_key > 0`),
}

/** Which of the three places an object is in: a destroyed one is neither on line nor archived. */
export const storageFilter = (alias: string, storage: Search['storage']): RawBuilder<unknown> | undefined => {
  const destroyed = column(alias, 'destroy_date')
  const archived = column(alias, 'archive_date')
  const places = [
    storage.online ? [sql`(${destroyed} is null and ${archived} is null)`] : [],
    storage.archived ? [sql`(${destroyed} is null and ${archived} is not null)`] : [],
    storage.destroyed ? [sql`${destroyed} is not null`] : [],
  ].flat()
  return places.length === 3 ? undefined : sql`(${sql.join(places, sql` or `)})`
}
