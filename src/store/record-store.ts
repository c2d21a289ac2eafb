import { then } from '../domain/maybe-promise.ts'
import { ConflictError } from '../domain/object-store.ts'
import type { RecordChange, RecordStore } from '../domain/records.ts'
import type { Queries } from './queries/all.ts'
import { recordRowOf, storedRecordOf } from './server-record.ts'
import type { Prepare } from './statement.ts'

/** Comes after every record: a list from the newest begins there. */
const BEYOND = Number.MAX_SAFE_INTEGER

export const createRecordStore = (prepare: Prepare, { records }: Queries): RecordStore => {
  const read = prepare(records.read)
  const oldest = prepare(records.oldest)
  const newest = prepare(records.newest)
  const oldestOfOwner = prepare(records.oldestOfOwner)
  const newestOfOwner = prepare(records.newestOfOwner)
  const count = prepare(records.count)
  const countOfOwner = prepare(records.countOfOwner)
  const expired = prepare(records.expired)
  const all = prepare(records.all)

  return {
    read: (kind, tenant, id) => then(read.first({ kind, tenant, id }), (row) => row && storedRecordOf(row)),
    list: (tenant, { kind, owner, newestFirst = false, after = newestFirst ? BEYOND : 0, limit }) => {
      const range = { kind, tenant, after, limit }
      const rows =
        owner === undefined
          ? (newestFirst ? newest : oldest).all(range)
          : (newestFirst ? newestOfOwner : oldestOfOwner).all({ ...range, owner })
      return then(rows, (found) => found.map(storedRecordOf))
    },
    count: (kind, tenant, owner) => {
      const counted = owner === undefined ? count.first({ kind, tenant }) : countOfOwner.first({ kind, tenant, owner })
      return then(counted, (row) => row?.total ?? 0)
    },
    all: (after, limit) => then(all.all({ after, limit }), (rows) => rows.map(storedRecordOf)),
    expired: (kind, now, limit) => then(expired.all({ kind, now, limit }), (rows) => rows.map(storedRecordOf)),
  }
}

/** Writes records within the open transaction. @throws ConflictError where another commit came first */
export const createRecordWriter = (prepare: Prepare, { records }: Queries) => {
  const insert = prepare(records.insert)
  const update = prepare(records.update)
  const remove = prepare(records.remove)

  const write = ({ kind, record }: RecordChange) => {
    if (kind === 'remove') return remove.first(recordRowOf(record))
    return (record.version === 1 ? insert : update).first(recordRowOf(record))
  }

  return async (changes: readonly RecordChange[]): Promise<void> => {
    for (const change of changes) {
      if ((await write(change)) === undefined) throw new ConflictError(change.record.id)
    }
  }
}
