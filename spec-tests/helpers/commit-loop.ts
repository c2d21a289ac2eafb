import { ConflictError, DuplicateError } from '../../src/domain/object-store.ts'
import { StoreError } from '../../src/store/errors.ts'
import { openSqliteStore, type OpenStore } from '../../src/store/sqlite.ts'
import { commitOf, insertOf, objectRow, searchKey } from './rows.ts'

/*
 * A process of its own that commits in a loop until it is killed or the disk fails. Arguments: the database, a prefix
 * for identifiers, callers at a time, bytes of each document. Prints `ack <id>` after each commit, `refused <problem>`
 * for each that fails, and `read <id>` for what can still be read after a failure.
 */

const [path = '', prefix = '', callers = '1', bytes = '100'] = process.argv.slice(2)

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const problemOf = (error: unknown): string => {
  if (error instanceof StoreError) return error.problem
  return error instanceof ConflictError || error instanceof DuplicateError ? error.name : 'unexpected'
}

const commitUntilRefused = async (store: OpenStore, caller: number): Promise<void> => {
  for (let count = 0; ; count += 1) {
    const id = `${prefix}-${caller}-${count}`
    const row = objectRow(id, { document: Buffer.alloc(Number(bytes), count) })
    await store.objects.commit(commitOf(insertOf(row, { keys: [searchKey('id', id)], names: [id] })))
    say(`ack ${id}`)
  }
}

const attempt = async (work: Promise<void>): Promise<void> => {
  try {
    await work
  } catch (error) {
    say(`refused ${problemOf(error)}`)
  }
}

await attempt(
  (async () => {
    const store = await openSqliteStore({ path })
    await Promise.all(
      Array.from({ length: Number(callers) }, (_, caller) => attempt(commitUntilRefused(store, caller))),
    )
    await attempt(store.objects.commit(commitOf(insertOf(objectRow('afterwards')))))
    const row = await store.objects.read('default', `${prefix}-0-0`)
    if (row !== undefined) say(`read ${row.id}`)
    await store.close()
  })(),
)
