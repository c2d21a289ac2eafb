import { storeKeyOf } from '../domain/bytes.ts'
import { type Commit, ConflictError, type ObjectRow, OLDEST_STORE_KEY } from '../domain/object-store.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare } from './statement.ts'
import type { DirectoryChange, Work } from './work.ts'

/*
 * A store key is destroyed when nothing is under it any more. A server that has stood still meanwhile would go on sealing
 * under it, and nobody could ever open that: so every transaction looks at the oldest store key that may be written.
 */

const materialOf = ({ material }: ObjectRow): readonly Buffer[] =>
  material?.kind === 'sealed' ? [material.sealed] : []

const sealedInCommit = ({ changes, reseals = [], records = [] }: Commit): readonly Buffer[] => [
  ...[...changes.map(({ row }) => row), ...reseals].flatMap((row) => [row.mac, ...materialOf(row)]),
  ...records.flatMap(({ kind, record: { sealed } }) => (kind === 'remove' || sealed === undefined ? [] : [sealed])),
]

const sealedInDirectory = (change: DirectoryChange): readonly Buffer[] => {
  switch (change.kind) {
    case 'add-user':
      return change.user.secrets === undefined ? [] : [change.user.secrets]
    case 'prove-user':
      return change.proof.secrets === undefined ? [] : [change.proof.secrets]
    case 'reseal-user':
      return [change.secrets]
    default:
      return []
  }
}

/** The oldest store key that anything of a commit is under. */
export const oldestInCommit = (commit: Commit): number => {
  const { storeKey = Infinity } = commit
  return Math.min(storeKey, ...sealedInCommit(commit).map((bytes) => storeKeyOf(bytes) ?? Infinity))
}

/** The same of any work. */
const oldestIn = (work: Work): number => {
  if (work.kind === 'commit') return work.commit.storeKey
  if (work.kind !== 'directory') return Infinity
  return Math.min(...sealedInDirectory(work.change).map((bytes) => storeKeyOf(bytes) ?? Infinity))
}

export type Fence = {
  /** Looks where the fence is, which stays there until the open transaction has ended. */
  look(): Promise<void>
  /** @throws ConflictError for what is behind it */
  check(work: Work): void
}

export const createFence = (prepare: Prepare, queries: Queries): Fence => {
  const read = prepare(queries.fence)
  let oldest = 0
  return {
    look: async () => {
      const value = (await read.first({ name: OLDEST_STORE_KEY }))?.value
      oldest = value?.length === 4 ? value.readUInt32BE() : 0
    },
    check: (work) => {
      if (oldestIn(work) < oldest) throw new ConflictError('store key')
    },
  }
}
