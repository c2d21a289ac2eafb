import { sql, type RawBuilder } from 'kysely'
import type { Search } from '../../domain/object-store.ts'
import type { Dialect } from '../dialect.ts'
import { statement, type Slot, type SqlValue, type Statement } from '../statement.ts'
import {
  driverOf,
  filterOf,
  formKey,
  storageFilter,
  type DriverForm,
  type FacetForm,
  type FacetSlots,
} from './facets.ts'

/** The parameters of a search, by the names that `parameterName` gives, and tenant, now, floor, ceiling, limit and offset. */
export type SearchParameters = Readonly<Record<string, SqlValue>>

/** What the text of a search depends on. The facet that drives is number 0, the filters follow in order. */
export type SearchShape = {
  readonly driver: DriverForm
  readonly filters: readonly FacetForm[]
  readonly storage: Search['storage']
  /** Only rows above the key `floor`, up to the key `ceiling`. */
  readonly windowed: boolean
  readonly oldestFirst: boolean
}

export type SearchStatements = {
  /** The identifiers of one page. */
  readonly page: Statement<SearchParameters, { readonly id: string }>
  /** How many rows fit, up to `limit`. */
  readonly count: Statement<SearchParameters, { readonly hits: number }>
}

export const shapeKey = ({ driver, filters, storage, windowed, oldestFirst }: SearchShape): string =>
  [
    formKey(driver),
    ...filters.map(formKey),
    storage.online,
    storage.archived,
    storage.destroyed,
    windowed,
    oldestFirst,
  ].join(' ')

export const parameterName = (facet: number, argument: number): string => `facet ${facet} argument ${argument}`

const slotsOf = (slot: Slot<SearchParameters>, facet: number): FacetSlots => ({
  argument: (index) => slot(parameterName(facet, index)),
  tenant: () => slot('tenant'),
  now: () => sql<number>`${slot('now')}`,
})

// The driver `newest` is filtered within its index, which holds all these columns; the others by the row they point at.
const filteredAlias = ({ kind }: DriverForm): string => (kind === 'newest' ? 'd' : 'o')

const conditionsOf = (slot: Slot<SearchParameters>, shape: SearchShape): readonly RawBuilder<unknown>[] => {
  const driver = driverOf(shape.driver)
  const alias = filteredAlias(shape.driver)
  const storage = storageFilter(alias, shape.storage)
  return [
    sql`o.row_key = ${driver.key}`,
    driver.condition(slotsOf(slot, 0)),
    sql`o.tenant = ${slot('tenant')}`,
    ...(shape.windowed ? [sql`${driver.key} > ${slot('floor')}`, sql`${driver.key} <= ${slot('ceiling')}`] : []),
    ...(storage === undefined ? [] : [storage]),
    ...shape.filters.map((form, index) => filterOf(form, alias, slotsOf(slot, index + 1))),
  ]
}

// Told a window of row keys, SQLite would read whole rows of the table instead of those of a covering index.
const sourceOf = ({ name }: Dialect, form: DriverForm): RawBuilder<unknown> => {
  const { source, index } = driverOf(form)
  return name === 'sqlite' && index !== undefined ? sql`${source} indexed by ${sql.ref(index)}` : source
}

// CROSS JOIN keeps SQLite from turning the join round: the driver yields, the objects are looked up.
const matching = (dialect: Dialect, slot: Slot<SearchParameters>, shape: SearchShape): RawBuilder<unknown> =>
  sql`from ${sourceOf(dialect, shape.driver)} cross join objects as o
    where ${sql.join(conditionsOf(slot, shape), sql` and `)}`

/** A driver without order is sorted: the sign keeps the planner from walking over all rows in their order instead. */
const orderOf = (form: DriverForm): RawBuilder<unknown> => {
  const { key, ordered } = driverOf(form)
  return ordered ? key : sql`+${key}`
}

const ASCENDING = sql`asc`
const DESCENDING = sql`desc`

/** Compiles the two queries of a search of this shape. */
export const searchStatements = (dialect: Dialect, shape: SearchShape): SearchStatements => ({
  page: statement((slot: Slot<SearchParameters>) => ({
    compile: () =>
      sql<{ readonly id: string }>`select o.id as id ${matching(dialect, slot, shape)}
        order by ${orderOf(shape.driver)} ${shape.oldestFirst ? ASCENDING : DESCENDING} limit ${slot('limit')} offset ${slot('offset')}`.compile(
        dialect.db,
      ),
  })),
  count: statement((slot: Slot<SearchParameters>) => ({
    compile: () =>
      sql<{ readonly hits: number }>`select count(*) as hits
        from (select 1 ${matching(dialect, slot, shape)} limit ${slot('limit')}) as found`.compile(dialect.db),
  })),
})

/** How many rows a driver yields by itself, up to `limit`: tells a selective condition from one that most objects fit. */
export const probeStatement = (
  { db }: Dialect,
  form: DriverForm,
): Statement<SearchParameters, { readonly hits: number }> => {
  const driver = driverOf(form)
  return statement((slot: Slot<SearchParameters>) => ({
    compile: () =>
      sql<{ readonly hits: number }>`select count(*) as hits from (select 1 from ${driver.source}
        where ${driver.condition(slotsOf(slot, 0))} limit ${slot('limit')}) as found`.compile(db),
  }))
}

/** The highest row key there is. */
export const newestStatement = ({ db }: Dialect) =>
  statement(() => db.selectFrom('objects').select((select) => select.fn.max<number | null>('row_key').as('key')))
