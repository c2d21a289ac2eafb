import type { Change, Commit, ObjectRow, SearchKey } from '../domain/object-store.ts'
import { oldestInCommit } from './fence.ts'
import { factColumns, materialColumns, recordOf } from './object-record.ts'
import type { Queries } from './queries/all.ts'
import type { SqlValue } from './statement.ts'
import type { WrittenChange, WrittenCommit } from './work.ts'

/** What is in one list and not in another. */
export const without = <R>(all: readonly R[], others: readonly R[], identity: (one: R) => string): readonly R[] => {
  const known = new Set(others.map(identity))
  return all.filter((one) => !known.has(identity(one)))
}

const keyIdentity = (key: SearchKey): string => key.toString('latin1')

const archivedColumns = ({ lifecycle, material }: ObjectRow): readonly SqlValue[] => {
  if (lifecycle.archiveDate === undefined || material === undefined) return []
  const columns = materialColumns(material)
  return [columns.sealed, columns.resident_token, columns.resident_key]
}

const keysOf = (change: Change): Pick<WrittenChange, 'gone' | 'added'> =>
  change.kind === 'insert'
    ? { gone: [], added: change.keys }
    : {
        gone: without(change.keysBefore, change.keys, keyIdentity),
        added: without(change.keys, change.keysBefore, keyIdentity),
      }

/** Turns commits into what is bound to the statements of `queries`. */
export const createCommitWriter = ({ objects, audit }: Queries): ((commit: Commit) => WrittenCommit) => {
  const changeOf = (change: Change): WrittenChange => {
    const { kind, row, facts, names } = change
    const record = { ...recordOf(row), ...factColumns(facts) }
    return {
      kind,
      id: row.id,
      row: (kind === 'insert' ? objects.insert : objects.update).bind(record),
      archived: archivedColumns(row),
      ...keysOf(change),
      names,
    }
  }
  return (commit) => ({
    changes: commit.changes.map(changeOf),
    audit: commit.audit.map(({ objectId, ...record }) => audit.append.bind({ ...record, object_id: objectId ?? null })),
    records: commit.records ?? [],
    reseals: commit.reseals ?? [],
    storeKey: oldestInCommit(commit),
  })
}
