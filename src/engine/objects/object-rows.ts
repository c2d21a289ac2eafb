import { storeKeyOf } from '../../domain/bytes.ts'
import { OBJECT_TYPE } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import { instancesOf } from '../../domain/attribute-set.ts'
import type { HeldKey, KeyStore } from '../../domain/key-store.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import type { Change, LifecycleColumns, NameClaim, ObjectRow, StoredMaterial } from '../../domain/object-store.ts'
import { isDestroyed } from '../../domain/managed-object.ts'
import { lifecycleOf } from '../../domain/state.ts'
import { decodeDocument, encodeDocument } from './document.ts'
import { searchFacts } from './search-facts.ts'
import { searchKeys } from './search-keys.ts'

type Unsigned = Omit<ObjectRow, 'mac'>

const lengthPrefixed = (part: Buffer): readonly Buffer[] => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return [length, part]
}

const numbers = (...values: readonly (number | undefined)[]): Buffer =>
  Buffer.from(values.map((value) => value ?? '').join(','))

const materialBytes = (material: StoredMaterial | undefined): readonly Buffer[] => {
  if (material === undefined) return []
  return material.kind === 'sealed' ? [material.sealed] : [Buffer.from(material.token), material.keyId]
}

const datesOf = (dates: LifecycleColumns): Buffer =>
  numbers(dates.activationDate, dates.deactivationDate, dates.compromiseDate, dates.destroyDate, dates.archiveDate)

/** What the MAC of a row covers: every column, so that none can be changed, swapped or taken from another row. */
const authenticated = (row: Unsigned): Buffer =>
  Buffer.concat(
    [
      Buffer.from(row.id),
      Buffer.from(row.tenant),
      Buffer.from(row.owner),
      numbers(row.version, row.objectType, row.sealVersion),
      datesOf(row.lifecycle),
      row.document,
      Buffer.from(row.material?.kind ?? 'none'),
      ...materialBytes(row.material),
    ].flatMap(lengthPrefixed),
  )

const storedMaterial = (key: HeldKey | undefined): StoredMaterial | undefined => key?.ref

const toRow = (object: ManagedObject, keys: KeyStore): ObjectRow => {
  const row: Unsigned = {
    id: object.id,
    version: object.rowVersion + 1,
    tenant: object.tenant,
    owner: object.owner,
    objectType: OBJECT_TYPE.code[object.objectType],
    document: encodeDocument(object.attributes),
    sealVersion: object.key?.sealVersion ?? 0,
    material: storedMaterial(object.key),
    lifecycle: lifecycleOf(object.attributes),
  }
  return { ...row, mac: keys.authenticate(authenticated(row)) }
}

/** Why a row fails its MAC, for the log. */
const mismatch = ({ id, mac }: ObjectRow, keys: KeyStore): Error => {
  const storeKey = storeKeyOf(mac)
  const isKnown = storeKey === undefined || keys.hasStoreKey(storeKey)
  return new Error(
    isKnown ? `object ${id} fails its MAC` : `object ${id} is under store key ${storeKey}, which is not there`,
  )
}

/** @throws KmipError CryptographicFailure where the row is not what was written */
const checkRow = (row: ObjectRow, keys: KeyStore): void => {
  if (keys.isAuthentic(authenticated(row), row.mac)) return
  throw new KmipError('CryptographicFailure', 'The stored object is damaged', { cause: mismatch(row, keys) })
}

/** Whether everything of the row is under the store key that is current. */
export const isUnderCurrentKey = ({ mac, material }: ObjectRow, keys: KeyStore): boolean =>
  storeKeyOf(mac) === keys.storeKey && (material?.kind !== 'sealed' || storeKeyOf(material.sealed) === keys.storeKey)

/**
 * The row as it is to be written, under the current store key.
 * @throws KmipError CryptographicFailure where it is not what was written
 */
export const resealedRow = (row: ObjectRow, keys: KeyStore): ObjectRow => {
  checkRow(row, keys)
  const { id, sealVersion, material } = row
  const fresh = {
    ...row,
    version: row.version + 1,
    material: material && storedMaterial(keys.reseal({ objectId: id, sealVersion, ref: material })),
  }
  return { ...fresh, mac: keys.authenticate(authenticated(fresh)) }
}

/** A destroyed object gives its names free. */
const namesOf = (object: ManagedObject): readonly NameClaim[] =>
  isDestroyed(object)
    ? []
    : [...new Set(instancesOf(object.attributes, 'Name').map(({ value }) => value.nameValue))].map((name) => ({
        tenant: object.tenant,
        name,
      }))

/** The change that brings the database to this object; `before` is the object as it was read. */
export const toChange = (object: ManagedObject, before: ManagedObject | undefined, keys: KeyStore): Change => {
  const held = {
    row: toRow(object, keys),
    facts: searchFacts(object),
    keys: searchKeys(object.attributes),
    names: namesOf(object),
  }
  if (object.rowVersion === 0) return { kind: 'insert', ...held }
  if (before === undefined) throw new Error('an object is changed that was not read')
  return { kind: 'update', ...held, keysBefore: searchKeys(before.attributes) }
}

/**
 * Reads a row back.
 * @throws KmipError CryptographicFailure where the row is not what was written
 */
export const fromRow = (row: ObjectRow, keys: KeyStore): ManagedObject => {
  const objectType = OBJECT_TYPE.nameOf(row.objectType)
  checkRow(row, keys)
  // It is authentic, so it was written by a version that knows more types.
  if (objectType === undefined) throw new KmipError('CryptographicFailure', 'The stored object is damaged')
  return {
    id: row.id,
    rowVersion: row.version,
    tenant: row.tenant,
    owner: row.owner,
    objectType,
    attributes: decodeDocument(row.document),
    key: row.material === undefined ? undefined : { objectId: row.id, sealVersion: row.sealVersion, ref: row.material },
  }
}
