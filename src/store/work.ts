import type { Sealed } from '../domain/bytes.ts'
import type { Commit } from '../domain/object-store.ts'
import type { ProfileName } from '../domain/compatibility.ts'
import type { Client } from '../domain/principal.ts'
import type { User, UserProof } from '../domain/users.ts'

/** What a writer is asked to do. Plain data: it crosses to another thread. */
export type Work =
  | { readonly kind: 'commit'; readonly commit: Commit }
  | { readonly kind: 'put-setting'; readonly name: string; readonly value: Buffer; readonly replace: boolean }
  | { readonly kind: 'replace-setting'; readonly name: string; readonly before: Buffer; readonly value: Buffer }
  | { readonly kind: 'directory'; readonly change: DirectoryChange }

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
