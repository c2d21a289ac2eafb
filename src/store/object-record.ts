import type { Selectable } from 'kysely'
import type { LifecycleColumns, ObjectRow, SearchFacts, StoredMaterial } from '../domain/object-store.ts'
import type { ObjectsTable } from './tables.ts'

/** Columns that only searches look at. */
type FactColumn =
  | 'initial_date'
  | 'last_change_date'
  | 'original_creation_date'
  | 'process_start_date'
  | 'protect_stop_date'
  | 'compromise_occurrence_date'
  | 'rotate_date'
  | 'rotation_due'
  | 'usage_mask'
  | 'storage_mask'
  | 'limit_total'
  | 'limit_count'

/** A row of the table of objects as it is read: without its key, and without what only searches look at. */
export type ObjectRecord = Omit<Selectable<ObjectsTable>, 'row_key' | FactColumn>

/** A row as it is written. */
export type WrittenRecord = ObjectRecord & Pick<Selectable<ObjectsTable>, FactColumn>

/** The columns of the table that an `ObjectRow` is made of, besides those of its material. */
export const ROW_COLUMNS = [
  'tenant',
  'id',
  'version',
  'owner',
  'object_type',
  'activation_date',
  'deactivation_date',
  'compromise_date',
  'destroy_date',
  'archive_date',
  'seal_version',
  'mac',
  'document',
] as const satisfies readonly (keyof ObjectRecord)[]

const NO_KEY = Buffer.alloc(0)

/** Columns that do not belong together were not written so: they make material that fails the MAC of the row. */
const materialOf = (record: ObjectRecord): StoredMaterial | undefined => {
  const { sealed, resident_token: token, resident_key: keyId } = record
  if (token !== null || keyId !== null) return { kind: 'resident', token: token ?? '', keyId: keyId ?? NO_KEY }
  return sealed === null ? undefined : { kind: 'sealed', sealed }
}

const lifecycleOf = (record: ObjectRecord): LifecycleColumns => ({
  activationDate: record.activation_date ?? undefined,
  deactivationDate: record.deactivation_date ?? undefined,
  compromiseDate: record.compromise_date ?? undefined,
  destroyDate: record.destroy_date ?? undefined,
  archiveDate: record.archive_date ?? undefined,
})

export const rowOf = (record: ObjectRecord): ObjectRow => ({
  id: record.id,
  version: record.version,
  tenant: record.tenant,
  owner: record.owner,
  objectType: record.object_type,
  document: record.document,
  mac: record.mac,
  sealVersion: record.seal_version,
  material: materialOf(record),
  lifecycle: lifecycleOf(record),
})

type MaterialColumns = Pick<ObjectRecord, 'sealed' | 'resident_token' | 'resident_key'>

/** The columns of material, in whichever table it is. */
export const materialColumns = (material: StoredMaterial | undefined): MaterialColumns => ({
  sealed: material?.kind === 'sealed' ? material.sealed : null,
  resident_token: material?.kind === 'resident' ? material.token : null,
  resident_key: material?.kind === 'resident' ? material.keyId : null,
})

/**
 * Material that is gone leaves nulls: Destroy clears what the row held (1.4 section 4.21, 2.1 section 6.1.14), and
 * Archive moves it away.
 */
export const recordOf = (row: ObjectRow): ObjectRecord => ({
  tenant: row.tenant,
  id: row.id,
  version: row.version,
  owner: row.owner,
  object_type: row.objectType,
  activation_date: row.lifecycle.activationDate ?? null,
  deactivation_date: row.lifecycle.deactivationDate ?? null,
  compromise_date: row.lifecycle.compromiseDate ?? null,
  destroy_date: row.lifecycle.destroyDate ?? null,
  archive_date: row.lifecycle.archiveDate ?? null,
  seal_version: row.sealVersion,
  mac: row.mac,
  document: row.document,
  ...materialColumns(row.lifecycle.archiveDate === undefined ? row.material : undefined),
})

/** What searches look at, as columns. */
export const factColumns = (facts: SearchFacts): Pick<WrittenRecord, FactColumn> => ({
  initial_date: facts.initialDate ?? null,
  last_change_date: facts.lastChangeDate ?? null,
  original_creation_date: facts.originalCreationDate ?? null,
  process_start_date: facts.processStartDate ?? null,
  protect_stop_date: facts.protectStopDate ?? null,
  compromise_occurrence_date: facts.compromiseOccurrenceDate ?? null,
  rotate_date: facts.rotateDate ?? null,
  rotation_due: facts.rotationDue ?? null,
  usage_mask: facts.usageMask ?? null,
  storage_mask: facts.storageMask ?? null,
  limit_total: facts.limitTotal ?? null,
  limit_count: facts.limitCount ?? null,
})
