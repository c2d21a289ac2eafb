import type { CreateTableBuilder } from 'kysely'
import type { Dialect } from '../dialect.ts'

type Column = readonly [name: string, type: keyof Dialect['columns'], presence?: 'optional']

/** `counter` columns carry their own constraint: they are the primary key. */
export const table = (dialect: Dialect, name: string, columns: readonly Column[]): CreateTableBuilder<string, string> =>
  columns.reduce<CreateTableBuilder<string, string>>(
    (builder, [column, type, presence]) =>
      builder.addColumn(column, dialect.columns[type], (definition) =>
        type === 'counter' || presence === 'optional' ? definition : definition.notNull(),
      ),
    dialect.db.schema.createTable(name),
  )
