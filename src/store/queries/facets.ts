import { sql, type RawBuilder } from 'kysely'
import type { Condition, DateFact, LimitFact, MaskFact, Search } from '../../domain/object-store.ts'
import type { SqlValue } from '../statement.ts'
import { stateAt } from './state.ts'

/*
 * The parts that a search is put together from. Each facet can filter the rows that another one yields; most can also
 * drive: yield row keys from an index by themselves.
 */

/** A condition, or the owner, as parts of a search. */
export type Facet = Condition | { readonly kind: 'owner'; readonly owner: string }

type FactFacet = Extract<Facet, { readonly fact: string }>

/** What the text of a facet depends on: its kind, and the column where it has one. */
export type FacetForm =
  | { readonly kind: Exclude<Facet, FactFacet>['kind'] }
  | { readonly kind: 'range'; readonly fact: DateFact }
  | { readonly kind: 'has-bits'; readonly fact: MaskFact }
  | { readonly kind: 'at-least'; readonly fact: LimitFact }

/** What yields the rows of a search. `newest`: all objects of the tenant. */
export type DriverForm =
  | Extract<FacetForm, { readonly kind: 'range' }>
  | { readonly kind: 'equals' | 'id' | 'owner' | 'object-type' | 'newest' }

export const formKey = (form: FacetForm | DriverForm): string =>
  'fact' in form ? `${form.kind}:${form.fact}` : form.kind

const COLUMNS: Readonly<Record<FactFacet['fact'], string>> = {
  activationDate: 'activation_date',
  deactivationDate: 'deactivation_date',
  compromiseDate: 'compromise_date',
  destroyDate: 'destroy_date',
  archiveDate: 'archive_date',
  initialDate: 'initial_date',
  lastChangeDate: 'last_change_date',
  originalCreationDate: 'original_creation_date',
  processStartDate: 'process_start_date',
  protectStopDate: 'protect_stop_date',
  compromiseOccurrenceDate: 'compromise_occurrence_date',
  rotateDate: 'rotate_date',
  rotationDue: 'rotation_due',
  usageMask: 'usage_mask',
  storageMask: 'storage_mask',
  limitTotal: 'limit_total',
  limitCount: 'limit_count',
}

/** Places for the parameters of one facet, and for the two that all share. */
export type FacetSlots = {
  readonly argument: (index: number) => RawBuilder<unknown>
  readonly tenant: () => RawBuilder<unknown>
  readonly now: () => RawBuilder<number>
}

/** Where row keys come from: a table under the alias `d`, the column with the key, and what picks the rows. */
export type Driver = {
  readonly source: RawBuilder<unknown>
  readonly key: RawBuilder<number>
  readonly condition: (slots: FacetSlots) => RawBuilder<unknown>
  /** The index that yields them; absent where there is but one way. */
  readonly index?: string
  /** Whether the index yields the newest first, so that a page needs no more rows than it shows. */
  readonly ordered: boolean
}

export const argumentsOf = (facet: Facet): readonly SqlValue[] => {
  switch (facet.kind) {
    case 'equals':
      return [facet.key]
    case 'usual':
      return [facet.key, facet.marker]
    case 'range':
      return [facet.from, facet.to]
    case 'at-least':
      return [facet.limit]
    case 'id':
      return [facet.id]
    case 'object-type':
      return [facet.objectType]
    case 'object-types':
      return [facet.from, facet.to]
    case 'state':
      return [facet.state]
    case 'has-bits':
      return [facet.bits]
    case 'owner':
      return [facet.owner]
  }
}

const column = <T>(alias: string, name: string): RawBuilder<T> => sql.ref<T>(`${alias}.${name}`)

const hasKey = (alias: string, key: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`exists (select 1 from object_keys as k where k.key = ${key} and k.object = ${column(alias, 'row_key')})`

const within = (date: RawBuilder<unknown>, { argument }: FacetSlots): RawBuilder<unknown> =>
  sql`${date} >= ${argument(0)} and ${date} <= ${argument(1)}`

const stateOf = (alias: string, slots: FacetSlots): RawBuilder<number> =>
  stateAt(
    {
      activation: column(alias, 'activation_date'),
      deactivation: column(alias, 'deactivation_date'),
      compromise: column(alias, 'compromise_date'),
      destroy: column(alias, 'destroy_date'),
    },
    slots.now,
  )

/** Whether the object under `alias` fits the facet. */
export const filterOf = (form: FacetForm, alias: string, slots: FacetSlots): RawBuilder<unknown> => {
  const { argument } = slots
  switch (form.kind) {
    case 'equals':
      return hasKey(alias, argument(0))
    case 'usual':
      return sql`(not ${hasKey(alias, argument(1))} or ${hasKey(alias, argument(0))})`
    case 'range':
      return within(column(alias, COLUMNS[form.fact]), slots)
    case 'at-least':
      return sql`${column(alias, COLUMNS[form.fact])} >= ${argument(0)}`
    case 'has-bits':
      return sql`${column(alias, COLUMNS[form.fact])} & ${argument(0)} = ${argument(0)}`
    case 'id':
      return sql`${column(alias, 'id')} = ${argument(0)}`
    case 'object-type':
      return sql`${column(alias, 'object_type')} = ${argument(0)}`
    case 'object-types':
      return sql`${column(alias, 'object_type')} between ${argument(0)} and ${argument(1)}`
    case 'owner':
      return sql`${column(alias, 'owner')} = ${argument(0)}`
    case 'state':
      return sql`${stateOf(alias, slots)} = ${argument(0)}`
  }
}

const byColumns = (condition: (slots: FacetSlots) => RawBuilder<unknown>): Driver => ({
  source: sql`objects as d`,
  key: sql.ref('d.row_key'),
  condition: (slots) => sql`d.tenant = ${slots.tenant()} and ${condition(slots)}`,
  ordered: true,
})

const BY_KEY: Driver = {
  source: sql`object_keys as d`,
  key: sql.ref('d.object'),
  condition: ({ argument }) => sql`d.key = ${argument(0)}`,
  ordered: true,
}

const NEWEST: Driver = {
  source: sql`objects as d`,
  key: sql.ref('d.row_key'),
  condition: ({ tenant }) => sql`d.tenant = ${tenant()}`,
  index: 'objects_newest',
  ordered: true,
}

export const driverOf = (form: DriverForm): Driver => {
  switch (form.kind) {
    case 'equals':
      return BY_KEY
    case 'range':
      return { ...byColumns((slots) => within(column('d', COLUMNS[form.fact]), slots)), ordered: false }
    case 'id':
      return byColumns(({ argument }) => sql`d.id = ${argument(0)}`)
    case 'owner':
      return { ...byColumns(({ argument }) => sql`d.owner = ${argument(0)}`), index: 'objects_owner' }
    case 'object-type':
      return { ...byColumns(({ argument }) => sql`d.object_type = ${argument(0)}`), index: 'objects_type' }
    case 'newest':
      // No other bound of the row key than that of a window: SQLite goes by the first it finds.
      return NEWEST
  }
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
