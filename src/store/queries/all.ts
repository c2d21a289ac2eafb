import type { Dialect } from '../dialect.ts'
import { auditQueries, clientQueries, fenceQuery, settingQueries } from './administration.ts'
import { counterQueries, userQueries } from './users.ts'
import { recordQueries } from './records.ts'
import { archiveQueries, nameQueries, objectKeyQueries, objectQueries, resealQueries } from './objects.ts'

/** Everything but the searches, compiled for one engine. */
export const queriesFor = ({ name, db }: Dialect) => ({
  objects: objectQueries(db),
  archive: archiveQueries(db),
  reseal: resealQueries(db),
  objectKeys: objectKeyQueries(db),
  names: nameQueries(db),
  clients: clientQueries(db),
  users: userQueries(db),
  counters: counterQueries(db),
  settings: settingQueries(db),
  fence: fenceQuery(db, name),
  audit: auditQueries(db),
  records: recordQueries(db),
})

export type Queries = ReturnType<typeof queriesFor>
