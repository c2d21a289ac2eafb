import { DuplicateClientError } from '../domain/principal.ts'
import { DuplicateUserError } from '../domain/users.ts'
import { clientRecordOf, profilesColumn } from './client-record.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare } from './statement.ts'
import { userRecordOf } from './user-record.ts'
import type { DirectoryChange } from './work.ts'

/** Counts the changes of clients and users. */
export const DIRECTORY_COUNTER = 'directory'

/**
 * Changes clients and users within the open transaction, and the number by which every server notices.
 * @throws DuplicateClientError, DuplicateUserError
 */
export const createDirectoryWriter = (prepare: Prepare, { clients, users, counters }: Queries) => {
  const count = prepare(counters.next)
  const insertClient = prepare(clients.insert)
  const revokeClient = prepare(clients.revoke)
  const removeClient = prepare(clients.remove)
  const profileClient = prepare(clients.setProfiles)
  const insertUser = prepare(users.insert)
  const revokeUser = prepare(users.revoke)
  const removeUser = prepare(users.remove)
  const resealUser = prepare(users.reseal)
  const proveUser = prepare(users.prove)

  const write = async (change: DirectoryChange): Promise<void> => {
    switch (change.kind) {
      case 'add-client':
        if ((await insertClient.first(clientRecordOf(change.client))) === undefined) {
          throw new DuplicateClientError(change.client.name)
        }
        return
      case 'revoke-client':
        await revokeClient.all({ name: change.name, at: change.at })
        return
      case 'remove-client':
        await removeClient.all({ name: change.name, at: change.at })
        return
      case 'profile-client':
        await profileClient.all({ name: change.name, profiles: profilesColumn(change.profiles) })
        return
      case 'add-user':
        if ((await insertUser.first(userRecordOf(change.user))) === undefined) {
          throw new DuplicateUserError(change.user.name)
        }
        return
      case 'revoke-user':
        await revokeUser.all({ name: change.name, at: change.at })
        return
      case 'remove-user':
        await removeUser.all({ name: change.name })
        return
      case 'reseal-user':
        await resealUser.all({ name: change.name, before: change.before, secrets: change.secrets })
        return
      case 'prove-user': {
        const { verifier, oneTime, secrets } = change.proof
        await proveUser.all({ name: change.name, verifier, one_time: Number(oneTime), secrets: secrets ?? null })
      }
    }
  }

  return async (change: DirectoryChange): Promise<void> => {
    await write(change)
    await count.all({ name: DIRECTORY_COUNTER })
  }
}
