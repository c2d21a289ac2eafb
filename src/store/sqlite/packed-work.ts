import { deserialize, serialize } from 'node:v8'
import type { SqlValue } from '../statement.ts'
import type { Work, WrittenChange, WrittenCommit } from '../work.ts'
import { createPacker, createUnpacker, type Packer, type Unpacker } from './packed-values.ts'

/*
 * A group of work as one piece of memory. Commits of objects are what counts, and are packed as their values; everything
 * else comes seldom and goes by `node:v8`.
 */

const COMMIT = 'commit'
const OTHER = 'other'

const addAll = (packer: Packer, values: readonly SqlValue[]): void => {
  packer.add(values.length)
  for (const value of values) packer.add(value)
}

const addChange = (packer: Packer, { kind, id, row, archived, gone, added, names }: WrittenChange): void => {
  packer.add(kind)
  packer.add(id)
  addAll(packer, row)
  addAll(packer, archived)
  addAll(packer, gone)
  addAll(packer, added)
  packer.add(names.length)
  for (const { tenant, name } of names) {
    packer.add(tenant)
    packer.add(name)
  }
}

const addCommit = (packer: Packer, { changes, audit, storeKey, records, reseals }: WrittenCommit): void => {
  packer.add(COMMIT)
  packer.add(changes.length)
  for (const change of changes) addChange(packer, change)
  packer.add(audit.length)
  for (const record of audit) addAll(packer, record)
  packer.add(storeKey)
  packer.add(records.length === 0 && reseals.length === 0 ? null : serialize({ records, reseals }))
}

export const packGroup = (group: readonly Work[]): Uint8Array<ArrayBuffer> => {
  const packer = createPacker()
  for (const work of group) {
    if (work.kind === 'commit') addCommit(packer, work.commit)
    else {
      packer.add(OTHER)
      packer.add(serialize(work))
    }
  }
  return packer.end()
}

const some = <T>(count: number, take: () => T): readonly T[] => Array.from({ length: count }, take)

const changeIn = (unpacker: Unpacker): WrittenChange => {
  const { value, text, bytes, count } = unpacker
  return {
    kind: text() === 'insert' ? 'insert' : 'update',
    id: text(),
    row: some(count(), value),
    archived: some(count(), value),
    gone: some(count(), bytes),
    added: some(count(), bytes),
    names: some(count(), () => ({ tenant: text(), name: text() })),
  }
}

type Besides = Pick<WrittenCommit, 'records' | 'reseals'>

const NOTHING: Besides = { records: [], reseals: [] }

const isBesides = (value: unknown): value is Besides =>
  typeof value === 'object' && value !== null && 'records' in value && 'reseals' in value
const isWork = (value: unknown): value is Work => typeof value === 'object' && value !== null && 'kind' in value

const besidesIn = (packed: SqlValue): Besides => {
  if (packed === null) return NOTHING
  const besides: unknown = Buffer.isBuffer(packed) ? deserialize(packed) : undefined
  if (!isBesides(besides)) throw new Error('a commit holds records and rows besides')
  return besides
}

const otherIn = (packed: Buffer): Work => {
  const work: unknown = deserialize(packed)
  if (!isWork(work)) throw new Error('the writer takes work only')
  return work
}

const commitIn = (unpacker: Unpacker): Work => {
  const { value, count } = unpacker
  const changes = some(count(), () => changeIn(unpacker))
  const audit = some(count(), () => some(count(), value))
  return { kind: 'commit', commit: { changes, audit, storeKey: count(), ...besidesIn(value()) } }
}

export const unpackGroup = (packed: Uint8Array<ArrayBuffer>): readonly Work[] => {
  const unpacker = createUnpacker(packed)
  const group: Work[] = []
  while (!unpacker.atEnd) group.push(unpacker.text() === COMMIT ? commitIn(unpacker) : otherIn(unpacker.bytes()))
  return group
}
