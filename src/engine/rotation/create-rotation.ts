import { ConflictError, type ObjectStore, type Search } from '../../domain/object-store.ts'
import { DEFAULT_TENANT } from '../../domain/principal.ts'
import type { EngineParts } from '../run-item.ts'
import { createWriterPool } from '../writer-pool.ts'
import { rotateObject, type RotationTools } from './rotate-object.ts'

/** Milliseconds from one look at what is due to the next. */
const LOOK_EVERY = 1_000

/** Objects looked at each time. Those that have been rotated are found no more, so the next look finds others. */
const AT_ONCE = 100

/** Seconds until one that could not be rotated is tried again: doubled with each failure, up to the longest. */
const FIRST_WAIT = 60
const LONGEST_WAIT = 3_600

/** Failures that are remembered; the oldest are forgotten, which only has them tried again sooner. */
const MOST_REMEMBERED = 10_000

type Failed = { readonly wait: number; readonly notBefore: number }

type Office = {
  readonly tools: RotationTools
  readonly store: Pick<ObjectStore, 'search'>
  readonly failed: Map<string, Failed>
  readonly isStopped: () => boolean
}

/** Rotates what is due, and only then (2.1 sections 4.48 to 4.54). */
export type Rotation = {
  start(): void
  sweep(): Promise<void>
  stop(): Promise<void>
}

const dueAt = (now: number, offset: number): Search => ({
  tenant: DEFAULT_TENANT,
  owner: undefined,
  conditions: [{ kind: 'range', fact: 'rotationDue', from: 0, to: now }],
  storage: { online: true, archived: false, destroyed: false },
  now,
  offset,
  limit: AT_ONCE,
  count: false,
  // Replacements come last, so a client whose keys are rotated all the time holds up nobody else's.
  oldestFirst: true,
})

const remember = ({ failed }: Office, id: string, now: number): void => {
  const wait = Math.min((failed.get(id)?.wait ?? FIRST_WAIT / 2) * 2, LONGEST_WAIT)
  failed.delete(id)
  if (failed.size >= MOST_REMEMBERED) for (const oldest of failed.keys()) if (failed.delete(oldest)) break
  failed.set(id, { wait, notBefore: now + wait })
}

/** Whether the object needs no second look. */
const attempt = async (office: Office, id: string): Promise<boolean> => {
  const { tools, failed } = office
  const { clock, log } = tools.parts
  if ((failed.get(id)?.notBefore ?? 0) > clock.now()) return false
  try {
    if (await rotateObject(tools, DEFAULT_TENANT, id)) log.info('object rotated', { uid: id })
    failed.delete(id)
    return true
  } catch (error) {
    // Somebody changed it at the same time: the next look finds it again, unless that was a rotation.
    if (error instanceof ConflictError) return false
    remember(office, id, clock.now())
    log.warn('object could not be rotated', { uid: id, error })
    return false
  }
}

/** One page of what is due. Resolves to where the next page begins: behind those that stay due. */
const rotatePage = async (office: Office, offset: number): Promise<number> => {
  const { store, tools, isStopped } = office
  const { ids } = await store.search(dueAt(tools.parts.clock.now(), offset))
  let remaining = 0
  for (const id of ids) {
    if (isStopped()) break
    if (!(await attempt(office, id))) remaining += 1
  }
  return ids.length < AT_ONCE ? 0 : offset + remaining
}

export const createRotation = (parts: EngineParts, store: Pick<ObjectStore, 'search'>): Rotation => {
  let stopped = false
  let offset = 0
  let sweeping: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const office = { tools: { parts, pool: createWriterPool() }, store, failed: new Map(), isStopped: () => stopped }

  const look = async (): Promise<void> => {
    try {
      offset = await rotatePage(office, offset)
    } catch (error) {
      parts.log.error('what is due for rotation cannot be read', { error })
    } finally {
      sweeping = undefined
    }
  }

  const sweep = (): Promise<void> => (sweeping ??= look())

  return {
    sweep,
    start: () => {
      timer = setInterval(() => void sweep(), LOOK_EVERY).unref()
    },
    stop: async () => {
      stopped = true
      clearInterval(timer)
      await sweeping
    },
  }
}
