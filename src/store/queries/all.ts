import type { Dialect } from '../dialect.ts'
import { auditQueries, clientQueries, settingQueries } from './administration.ts'
import { counterQueries, userQueries } from './users.ts'
import { recordQueries } from './records.ts'
import { archiveQueries, nameQueries, objectKeyQueries, objectQueries } from './objects.ts'

/** Everything but the searches, compiled for one engine. */
export const queriesFor = ({ db }: Dialect) => ({
  objects: objectQueries(db),
  archive: archiveQueries(db),
  objectKeys: objectKeyQueries(db),
  names: nameQueries(db),
  clients: clientQueries(db),
  users: userQueries(db),
  counters: counterQueries(db),
  settings: settingQueries(db),
  audit: auditQueries(db),
  records: recordQueries(db),
})

export type Queries = ReturnType<typeof queriesFor>
