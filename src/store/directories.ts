import { then } from '../domain/maybe-promise.ts'
import type { ClientDirectory } from '../domain/principal.ts'
import type { UserDirectory } from '../domain/users.ts'
import { clientOf } from './client-record.ts'
import { DIRECTORY_COUNTER } from './directory-writer.ts'
import type { Prepared } from './statement.ts'
import type { OpenStore, StoreParts } from './store.ts'
import { userOf } from './user-record.ts'
import type { DirectoryChange } from './work.ts'

type Parts = Pick<StoreParts, 'queries' | 'prepare' | 'queue'>

/** Changes one of those that have names; false where there is none of that name. */
const changerOf =
  (byName: Prepared<{ name: string }, object>, queue: Parts['queue']) =>
  async (change: DirectoryChange & { readonly name: string }): Promise<boolean> => {
    if ((await byName.first({ name: change.name })) === undefined) return false
    await queue.add({ kind: 'directory', change })
    return true
  }

const createClientDirectory = ({ queries, prepare, queue }: Parts): ClientDirectory => {
  const byFingerprint = prepare(queries.clients.byFingerprint)
  const bySubject = prepare(queries.clients.bySubject)
  const byName = prepare(queries.clients.byName)
  const byId = prepare(queries.clients.byId)
  const list = prepare(queries.clients.list)

  const change = changerOf(byName, queue)

  return {
    findByFingerprint: async (fingerprint) => {
      const record = await byFingerprint.first({ fingerprint })
      return record && clientOf(record)
    },
    findBySubject: async (issuer, subject) => {
      const record = await bySubject.first({ issuer, subject })
      return record && clientOf(record)
    },
    findById: async (id) => {
      const record = await byId.first({ id })
      return record && clientOf(record)
    },
    add: (client) => queue.add({ kind: 'directory', change: { kind: 'add-client', client } }),
    list: async () => (await list.all({})).map(clientOf),
    revoke: (name, at) => change({ kind: 'revoke-client', name, at }),
    remove: (name, at) => change({ kind: 'remove-client', name, at }),
    setProfiles: (name, profiles) => change({ kind: 'profile-client', name, profiles }),
  }
}

const createUserDirectory = ({ queries, prepare, queue }: Parts): UserDirectory => {
  const byName = prepare(queries.users.byName)
  const byDevice = prepare(queries.users.byDevice)
  const list = prepare(queries.users.list)

  const change = changerOf(byName, queue)

  return {
    find: (name) => then(byName.first({ name }), (record) => record && userOf(record)),
    findDevice: (device) => then(byDevice.first({ device }), (record) => record && userOf(record)),
    add: (user) => queue.add({ kind: 'directory', change: { kind: 'add-user', user } }),
    list: async () => (await list.all({})).map(userOf),
    revoke: (name, at) => change({ kind: 'revoke-user', name, at }),
    remove: (name) => change({ kind: 'remove-user', name }),
    prove: (name, proof) => change({ kind: 'prove-user', name, proof }),
    reseal: async ({ name, secrets: before }, secrets) => {
      if (before !== undefined) await change({ kind: 'reseal-user', name, before, secrets })
    },
  }
}

/** Clients, users, and the number of their state. */
export const createDirectories = (parts: Parts): Pick<OpenStore, 'clients' | 'users' | 'directoryVersion'> => {
  const counter = parts.prepare(parts.queries.counters.read)
  return {
    clients: createClientDirectory(parts),
    users: createUserDirectory(parts),
    directoryVersion: () => then(counter.first({ name: DIRECTORY_COUNTER }), (row) => row?.value ?? 0),
  }
}
