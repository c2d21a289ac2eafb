import { existsSync, writeFileSync } from 'node:fs'
import type { OpenClients, Program } from '../../src/cli/program.ts'
import { makeProof, renewProof } from '../../src/access/make-proof.ts'
import { containerFor } from '../../src/keystore/software/pkcs12/write.ts'
import { dataPaths } from '../../src/config/data-paths.ts'
import { type Client, type ClientDirectory, DuplicateClientError } from '../../src/domain/principal.ts'
import type { RecordStore, StoredRecord } from '../../src/domain/records.ts'
import { DuplicateUserError, type User, type UserDirectory } from '../../src/domain/users.ts'
import { shortIdentifier } from '../../src/system.ts'

/** A directory of clients that lives as long as the test. */
export const memoryDirectory = (initial: readonly Client[]): ClientDirectory => {
  const clients = [...initial]
  const clashes = (a: Client, b: Client): boolean =>
    a.name === b.name ||
    (a.fingerprint !== undefined && a.fingerprint === b.fingerprint) ||
    (a.subject !== undefined && a.subject === b.subject && a.issuer === b.issuer)
  return {
    findByFingerprint: (fingerprint) => Promise.resolve(clients.find((client) => client.fingerprint === fingerprint)),
    findBySubject: (issuer, subject) =>
      Promise.resolve(clients.find((client) => client.issuer === issuer && client.subject === subject)),
    findById: (id) => Promise.resolve(clients.find((client) => client.id === id)),
    add: (client) => {
      if (clients.some((known) => clashes(known, client))) return Promise.reject(new DuplicateClientError(client.name))
      clients.push(client)
      return Promise.resolve()
    },
    list: () => Promise.resolve([...clients]),
    setProfiles: (name, profiles) => {
      const index = clients.findIndex((client) => client.name === name)
      const client = clients[index]
      if (client !== undefined) clients[index] = { ...client, profiles }
      return Promise.resolve(client !== undefined)
    },
    revoke: (name, at) => {
      const index = clients.findIndex((client) => client.name === name)
      const client = clients[index]
      if (client !== undefined) clients[index] = { ...client, revokedAt: at }
      return Promise.resolve(client !== undefined)
    },
    remove: (name) => {
      const index = clients.findIndex((client) => client.name === name)
      if (index >= 0) clients.splice(index, 1)
      return Promise.resolve(index >= 0)
    },
  }
}

/** Records that are there to be read, newest last. */
export const memoryRecords = (all: readonly StoredRecord[]): RecordStore => ({
  read: (kind, tenant, id) =>
    all.find((record) => record.kind === kind && record.tenant === tenant && record.id === id),
  list: (tenant, { kind, owner, after, newestFirst = false, limit }) => {
    const listed = all
      .filter((record) => record.kind === kind && record.tenant === tenant)
      .filter((record) => owner === undefined || record.owner === owner)
      .filter(({ sequence }) => after === undefined || (newestFirst ? sequence < after : sequence > after))
    return (newestFirst ? listed.toReversed() : listed).slice(0, limit)
  },
  count: (kind) => all.filter((record) => record.kind === kind).length,
  expired: () => [],
  all: () => all,
})

/** A directory of users that lives as long as the test. */
export const memoryUsers = (initial: readonly User[] = []): UserDirectory => {
  const users = [...initial]
  const change = (name: string, how: (user: User) => User | undefined): Promise<boolean> => {
    const index = users.findIndex((user) => user.name === name)
    const user = users[index]
    if (user === undefined) return Promise.resolve(false)
    const changed = how(user)
    users.splice(index, 1, ...(changed === undefined ? [] : [changed]))
    return Promise.resolve(true)
  }
  return {
    find: (name) => users.find((user) => user.name === name),
    findDevice: (device) => users.find((user) => user.device === device),
    add: (user) => {
      if (users.some(({ name }) => name === user.name)) return Promise.reject(new DuplicateUserError(user.name))
      users.push(user)
      return Promise.resolve()
    },
    list: () => Promise.resolve([...users]),
    revoke: (name, at) => change(name, (user) => ({ ...user, revokedAt: at })),
    remove: (name) => change(name, () => undefined),
    reseal: async ({ name }, secrets) => {
      await change(name, (user) => ({ ...user, secrets }))
    },
    prove: (name, proof) => change(name, (user) => ({ ...user, ...proof, version: user.version + 1 })),
  }
}

const noKeys = (): Promise<never> => Promise.reject(new Error('this program has no keystore'))

const noHsm = (): Promise<never> => Promise.reject(new Error('this program has no HSM'))

export type MemoryProgram = Program & {
  readonly directory: ClientDirectory
  readonly users: UserDirectory
  readonly records: StoredRecord[]
}

/**
 * A program for commands that need no server: the directory of clients is in memory, the root key is a file without a
 * key in it.
 */
export const memoryProgram = (now: number): MemoryProgram => {
  const directory = memoryDirectory([])
  let made = 0
  const records: StoredRecord[] = []
  const open: OpenClients = { directory, close: () => Promise.resolve() }
  const users = memoryUsers()
  return {
    directory,
    records,
    users,
    clock: { now: () => now },
    ids: {
      short: shortIdentifier,
      next: () => {
        made += 1
        return `client-${made}`
      },
    },
    ensureRootKey: (config) => {
      const { rootKey } = dataPaths(config)
      if (existsSync(rootKey)) return Promise.resolve(false)
      writeFileSync(rootKey, 'a root key\n', { mode: 0o600 })
      return Promise.resolve(true)
    },
    openClients: () => Promise.resolve(open),
    openRecords: () => Promise.resolve({ records: memoryRecords(records), close: () => Promise.resolve() }),
    openUsers: () =>
      Promise.resolve({
        directory: users,
        makeProof: (user, password, options) => makeProof(noKeys, user, password, options),
        renewProof: (user, password) => renewProof(noKeys, user, password),
        close: () => Promise.resolve(),
      }),
    openBeside: () => Promise.reject(new Error('this program has no database')),
    hsm: {
      listTokens: noHsm,
      initializeToken: noHsm,
      ensureRoot: noHsm,
      status: noHsm,
      test: noHsm,
      list: noHsm,
      newPin: () => '1234',
    },
    openKeyRotation: () => Promise.reject(new Error('this program has no database')),
    makeContainer: containerFor,
    startServer: () => Promise.reject(new Error('this program has no server')),
  }
}
