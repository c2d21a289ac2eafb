import { isPromise, type MaybePromise, then } from '../domain/maybe-promise.ts'
import { type ClientDirectory, DIRECTORY_FRESHNESS } from '../domain/principal.ts'
import { type DeviceIdentifiers, deviceKeys, type User, type UserDirectory } from '../domain/users.ts'

export type DirectoryParts = {
  readonly clients: Pick<ClientDirectory, 'findByFingerprint' | 'findBySubject'>
  readonly users: Pick<UserDirectory, 'find' | 'findDevice'>
  /** Another number after every change of clients or users, by whatever process. */
  readonly directoryVersion: () => MaybePromise<number>
  /** A clock that never goes back. */
  readonly milliseconds: () => number
}

/** Clients and users as they were a moment ago at most: asked for with every request, read from the database rarely. */
export type CurrentDirectory = {
  /** The number of the state that everything else answers for. */
  version(): MaybePromise<number>
  user(name: string): MaybePromise<User | undefined>
  device(identifiers: DeviceIdentifiers): MaybePromise<User | undefined>
}

const MOST_ENTRIES = 10_000

/** The version of the directory, read again when it is older than `DIRECTORY_FRESHNESS`: once for all who ask meanwhile. */
const createVersionWatch = ({ directoryVersion, milliseconds }: DirectoryParts): (() => MaybePromise<number>) => {
  let known = 0
  let readAt = -DIRECTORY_FRESHNESS - 1
  let reading: Promise<number> | undefined

  return () => {
    if (reading !== undefined) return reading
    const now = milliseconds()
    if (now - readAt < DIRECTORY_FRESHNESS) return known
    const read = then(directoryVersion(), (version) => {
      known = version
      // The time before it was asked for: what came after may not be in it.
      readAt = now
      return version
    })
    if (!isPromise(read)) return read
    reading = read.finally(() => {
      reading = undefined
    })
    return reading
  }
}

export const createCurrentDirectory = (parts: DirectoryParts): CurrentDirectory => {
  const { users } = parts
  const watch = createVersionWatch(parts)
  const found = new Map<string, User | undefined>()
  let foundAt: number | undefined

  const version = (): MaybePromise<number> =>
    then(watch(), (current) => {
      if (current !== foundAt) found.clear()
      foundAt = current
      return current
    })

  const keep = (key: string, at: number, user: User | undefined): User | undefined => {
    if (at !== foundAt) return user
    const [first] = found.keys()
    if (found.size >= MOST_ENTRIES && first !== undefined) found.delete(first)
    found.set(key, user)
    return user
  }

  const lookUp = (key: string, read: () => MaybePromise<User | undefined>): MaybePromise<User | undefined> =>
    then(version(), (at) => {
      if (found.has(key)) return found.get(key)
      return then(read(), (user) => keep(key, at, user))
    })

  const firstDevice = async (keys: readonly string[]): Promise<User | undefined> => {
    for (const key of keys) {
      const user = await users.findDevice(key)
      if (user !== undefined) return user
    }
    return undefined
  }

  return {
    version,
    user: (name) => lookUp(`user ${name}`, () => users.find(name)),
    device: (identifiers) => {
      const keys = deviceKeys(identifiers)
      return lookUp(`device ${keys[0] ?? ''}`, () => firstDevice(keys))
    },
  }
}
