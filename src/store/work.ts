import type { Sealed } from '../domain/bytes.ts'
import type { NameClaim, ObjectRow, SearchKey } from '../domain/object-store.ts'
import type { ProfileName } from '../domain/compatibility.ts'
import type { RecordChange } from '../domain/records.ts'
import type { Client } from '../domain/principal.ts'
import type { User, UserProof } from '../domain/users.ts'
import type { SqlValue } from './statement.ts'

/** What a writer is asked to do. Plain data: it crosses to another thread. */
export type Work =
  | { readonly kind: 'commit'; readonly commit: WrittenCommit }
  | { readonly kind: 'put-setting'; readonly name: string; readonly value: Buffer; readonly replace: boolean }
  | { readonly kind: 'replace-setting'; readonly name: string; readonly before: Buffer; readonly value: Buffer }
  | { readonly kind: 'directory'; readonly change: DirectoryChange }

/** A change of an object as what is bound to statements: whoever writes it need not know what it means. */
export type WrittenChange = {
  readonly kind: 'insert' | 'update'
  readonly id: string
  /** The values of the statement that writes the row. */
  readonly row: readonly SqlValue[]
  /** The columns of material that goes into the archive. */
  readonly archived: readonly SqlValue[]
  readonly gone: readonly SearchKey[]
  readonly added: readonly SearchKey[]
  readonly names: readonly NameClaim[]
}

export type WrittenCommit = {
  readonly changes: readonly WrittenChange[]
  /** The values of each record of the audit trail. */
  readonly audit: readonly (readonly SqlValue[])[]
  readonly records: readonly RecordChange[]
  /** Rows under another store key. */
  readonly reseals: readonly ObjectRow[]
  /** The oldest store key that anything of it is under. */
  readonly storeKey: number
}

/** A change of who may connect, or ask. */
export type DirectoryChange =
  | { readonly kind: 'add-client'; readonly client: Client }
  | { readonly kind: 'revoke-client'; readonly name: string; readonly at: number }
  | { readonly kind: 'remove-client'; readonly name: string; readonly at: number }
  | { readonly kind: 'profile-client'; readonly name: string; readonly profiles: readonly ProfileName[] }
  | { readonly kind: 'add-user'; readonly user: User }
  | { readonly kind: 'revoke-user'; readonly name: string; readonly at: number }
  | { readonly kind: 'remove-user'; readonly name: string }
  | { readonly kind: 'reseal-user'; readonly name: string; readonly before: Sealed; readonly secrets: Sealed }
  | { readonly kind: 'prove-user'; readonly name: string; readonly proof: UserProof }

/** What came of one piece of work. `done`: it is durable. All others: nothing of it is written. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'conflict'; readonly id: string }
  | { readonly kind: 'duplicate'; readonly what: 'name' | 'id' }
  | { readonly kind: 'duplicate-client'; readonly name: string }
  | { readonly kind: 'duplicate-user'; readonly name: string }
  | { readonly kind: 'failed'; readonly message: string }

/** What came of a group, member by member. `broken`: the disk failed, and the writer must not be used again. */
export type GroupOutcome = { readonly outcomes: readonly Outcome[]; readonly broken: string | undefined }
