import { ConflictError, type ObjectRow } from '../domain/object-store.ts'
import { materialColumns } from './object-record.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare } from './statement.ts'

/**
 * Writes rows under their new store key within the open transaction.
 * @throws ConflictError where another commit came first
 */
export const createResealWriter = (prepare: Prepare, { reseal }: Queries) => {
  const writeRow = prepare(reseal.row)
  const writeArchived = prepare(reseal.archived)

  return async ({ tenant, id, version, mac, material, lifecycle }: ObjectRow): Promise<void> => {
    const { sealed } = materialColumns(material)
    const isArchived = lifecycle.archiveDate !== undefined
    const written = await writeRow.first({ tenant, id, version, mac, sealed: isArchived ? null : sealed })
    if (written === undefined) throw new ConflictError(id)
    if (isArchived) await writeArchived.all({ object: written.object, sealed })
  }
}
