import { sql, type RawBuilder } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Migration } from './migration.ts'
import { table } from './table.ts'

/*
 * One index to search by values: its key is the attribute and the value together. What is asked for by range or by bits
 * moves into columns of the row, and values that nearly all objects have leave no key (docs/decisions/004).
 */

type Step = { compile(): { readonly sql: string } }

const DATES = [
  ['initial_date', '420039'],
  ['last_change_date', '420048'],
  ['original_creation_date', '4200bc'],
  ['process_start_date', '420067'],
  ['protect_stop_date', '420068'],
  ['compromise_occurrence_date', '420021'],
  ['rotate_date', '42016d'],
  ['rotation_due', 'rotation-due'],
] as const

/** Dates that had columns already. */
const LIFECYCLE = [
  ['activation_date', '420001'],
  ['deactivation_date', '42002f'],
  ['compromise_date', '420020'],
  ['destroy_date', '420033'],
  ['archive_date', '420005'],
] as const

const MASKS = [
  ['usage_mask', '42002c'],
  ['storage_mask', '42015e'],
] as const

const LIMITS = [
  ['limit_total', '420095.total'],
  ['limit_count', '420095.count'],
] as const

/** What nearly all objects have: values without their tags, or fields of a structure, the first of which begins it. */
const USUAL: readonly (readonly [attribute: string, values: readonly string[]])[] = [
  ['420120', ['06000000080000000000000000']],
  ['420121', ['06000000080000000000000000']],
  ['420122', ['06000000080000000000000001']],
  ['420123', ['06000000080000000000000000']],
  ['4200a8', ['06000000080000000000000001']],
  ['420049', ['0a0000000400000e1000000000']],
  ['420034', ['42003805000000040000000600000000', '42004205000000040000000100000000']],
  [
    '4200de',
    ['4200da05000000040000000500000000', '42002805000000040000000300000000', '42002a02000000040000010000000000'],
  ],
]

/** An encoded field of four or eight bytes. */
const FIELD = 16

const raw = (dialect: Dialect, builder: RawBuilder<unknown>): Step => ({ compile: () => builder.compile(dialect.db) })

const bytes = ({ name }: Dialect, hex: string): RawBuilder<Buffer> =>
  sql.raw(name === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'::bytea`)

/** A text column, or a text, as bytes. */
const asBytes = ({ name }: Dialect, text: RawBuilder<unknown>): RawBuilder<Buffer> =>
  name === 'sqlite' ? sql`cast(${text} as blob)` : sql`convert_to(${text}, 'UTF8')`

const joined = ({ name }: Dialect, attribute: RawBuilder<unknown>): RawBuilder<Buffer> =>
  name === 'sqlite'
    ? sql`cast(${attribute} || '=' || old.value as blob)`
    : sql`convert_to(${attribute} || '=', 'UTF8') || old.value`

const limitOf = ({ name }: Dialect): RawBuilder<unknown> =>
  name === 'sqlite'
    ? sql`cast(cast(old.value as text) as integer)`
    : sql`cast(convert_from(old.value, 'UTF8') as bigint)`

const held = (attribute: string, what: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(select max(${what}) from search_keys as old where old.object = objects.row_key and old.attribute = ${sql.lit(attribute)})`

const columns = (dialect: Dialect): readonly Step[] => [
  ...[...DATES, ...MASKS, ...LIMITS].map(([column]) =>
    dialect.db.schema.alterTable('objects').addColumn(column, dialect.columns.integer),
  ),
  raw(
    dialect,
    sql`update objects set ${sql.join([
      ...[...DATES, ...MASKS].map(
        ([column, attribute]) => sql`${sql.ref(column)} = ${held(attribute, sql`old.number`)}`,
      ),
      ...LIMITS.map(([column, attribute]) => sql`${sql.ref(column)} = ${held(attribute, limitOf(dialect))}`),
    ])}`,
  ),
]

const keyTable = (dialect: Dialect): Step =>
  table(dialect, 'object_keys', [
    ['key', 'bytes'],
    ['object', 'integer'],
  ])
    .addPrimaryKeyConstraint('object_keys_key', ['key', 'object'])
    .modifyEnd(dialect.tableEnd.clustered)

const plainKeys = (dialect: Dialect): Step => {
  const others = [...DATES, ...LIFECYCLE, ...MASKS, ...LIMITS].map(([, attribute]) => attribute)
  const not = [...others, ...USUAL.map(([attribute]) => attribute)].map((attribute) => sql.lit(attribute))
  return raw(
    dialect,
    sql`insert into object_keys select ${joined(dialect, sql`old.attribute`)}, old.object from search_keys as old
      where old.attribute not in (${sql.join(not)})`,
  )
}

const usualKeys =
  (dialect: Dialect) =>
  ([attribute, values]: (typeof USUAL)[number]): readonly Step[] => {
    const [first = ''] = values
    const structured = first.length === 2 * FIELD
    const usual = values.map((value) => bytes(dialect, value))
    const places = values.map((value) => bytes(dialect, value.slice(0, 6)))
    const told = structured
      ? sql`(length(old.value) = ${sql.lit(FIELD)} and substr(old.value, 1, 3) in (${sql.join(places)}))`
      : sql`old.value is not null`
    const whole = structured
      ? sql`(length(old.value) > ${sql.lit(FIELD)} and substr(old.value, 1, 3) = ${bytes(dialect, first.slice(0, 6))})`
      : sql`old.value is null`
    const marker = asBytes(dialect, sql.lit(`${attribute}=`))
    const has = (condition: RawBuilder<unknown>): RawBuilder<unknown> =>
      sql`exists (select 1 from search_keys as old where old.object = objects.row_key
        and old.attribute = ${sql.lit(attribute)} and ${condition})`
    return [
      raw(
        dialect,
        sql`insert into object_keys select ${marker}, row_key from objects where not (${sql.join(
          usual.map((value) => has(sql`old.value = ${value}`)),
          sql` and `,
        )} and not ${has(sql`${told} and old.value not in (${sql.join(usual)})`)})`,
      ),
      raw(
        dialect,
        sql`insert into object_keys select ${joined(dialect, sql`old.attribute`)}, old.object from search_keys as old
          where old.attribute = ${sql.lit(attribute)} and not ${whole} and (not ${told} or exists (
            select 1 from object_keys as new where new.key = ${marker} and new.object = old.object))`,
      ),
    ]
  }

const indexes = ({ db }: Dialect): readonly Step[] => [
  ...[...DATES, ...LIFECYCLE].map(([column]) =>
    db.schema
      .createIndex(`objects_${column}`)
      .on('objects')
      .columns(['tenant', column, 'row_key'])
      .where(sql.ref(column), 'is not', null),
  ),
  db.schema.dropIndex('objects_newest'),
  // Holds all that a search without a selective condition looks at, in the order in which it answers.
  db.schema
    .createIndex('objects_newest')
    .on('objects')
    .columns([
      'tenant',
      'row_key',
      'owner',
      'object_type',
      'activation_date',
      'deactivation_date',
      'compromise_date',
      'destroy_date',
      'archive_date',
      'usage_mask',
      'storage_mask',
    ]),
]

export const objectKeys: Migration = {
  version: 5,
  up: (dialect) => [
    ...columns(dialect),
    keyTable(dialect),
    plainKeys(dialect),
    ...USUAL.flatMap(usualKeys(dialect)),
    dialect.db.schema.dropTable('search_keys'),
    ...indexes(dialect),
  ],
}
