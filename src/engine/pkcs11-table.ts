import type { Clock, Ids } from '../domain/clock.ts'
import type { Principal } from '../domain/principal.ts'
import {
  type CryptokiInstance,
  type CryptokiInstances,
  type CryptokiState,
  NEW_STATE,
  PKCS11_LIMITS,
} from '../domain/pkcs11.ts'

type Entry = { readonly id: string; readonly owner: string; state: CryptokiState; lastUsed: number }

/** What all clients have open of PKCS#11. */
export type Pkcs11Table = {
  readonly size: number
  /** `item` stands for what asks: run again, it finds everything as it was. */
  instancesFor(principal: Principal, item: object): CryptokiInstances
}

const ownerOf = ({ tenant, id }: Principal): string => `${tenant}\n${id}`

const correlationOf = (id: string): Buffer => Buffer.from(id, 'hex')

export const createPkcs11Table = (clock: Clock, ids: Ids): Pkcs11Table => {
  const entries = new Map<string, Entry>()
  /** What an item has found: the entry, with the state that it was in. */
  const begun = new WeakMap<object, { readonly entry: Entry; readonly state: CryptokiState; readonly isNew: boolean }>()

  const sweep = (): void => {
    const oldest = clock.now() - PKCS11_LIMITS.idle
    for (const [id, { lastUsed }] of entries) if (lastUsed < oldest) entries.delete(id)
  }

  const instanceOf = (entry: Entry): CryptokiInstance => ({
    correlationValue: correlationOf(entry.id),
    get state() {
      return entry.state
    },
    set state(state) {
      entry.state = state
    },
    close: () => void entries.delete(entry.id),
  })

  /** The same for each run of an item: what a run before has done is taken back. */
  const rewind = (item: object): void => {
    const before = begun.get(item)
    if (before === undefined) return
    const { entry, state, isNew } = before
    entry.state = state
    if (isNew) entries.delete(entry.id)
    else entries.set(entry.id, entry)
  }

  const open = (principal: Principal, item: object): CryptokiInstance | undefined => {
    sweep()
    const owner = ownerOf(principal)
    const own = [...entries.values()].filter((entry) => entry.owner === owner).length
    if (own >= PKCS11_LIMITS.instancesPerClient || entries.size >= PKCS11_LIMITS.instances) return undefined
    const id = ids.next().replaceAll('-', '')
    const entry = { id, owner, state: NEW_STATE, lastUsed: clock.now() }
    entries.set(id, entry)
    begun.set(item, { entry, state: NEW_STATE, isNew: true })
    return instanceOf(entry)
  }

  const find = (principal: Principal, item: object, correlationValue: Buffer): CryptokiInstance | undefined => {
    sweep()
    const entry = entries.get(correlationValue.toString('hex'))
    if (entry?.owner !== ownerOf(principal)) return undefined
    entry.lastUsed = clock.now()
    begun.set(item, { entry, state: entry.state, isNew: false })
    return instanceOf(entry)
  }

  return {
    get size() {
      return entries.size
    },
    instancesFor: (principal, item) => {
      rewind(item)
      return {
        open: () => open(principal, item),
        find: (correlationValue) => find(principal, item, correlationValue),
      }
    },
  }
}
