import { setTimeout } from 'node:timers/promises'
import type { Clock, Ids } from '../../domain/clock.ts'
import type { ObjectStore } from '../../domain/object-store.ts'
import {
  isUnderWay,
  type ReadKeyRotation,
  readKeyRotation,
  type KeyRotation,
  type RotatingKeys,
  writeKeyRotation,
} from '../../domain/key-rotation.ts'
import { BEGINNING, type Counted, type Place, runPass, sum } from './pass.ts'
import type { StageParts } from './stages.ts'

/*
 * Watches for the wish to change store keys, and fulfils it. Every server of a database watches; one of them works. What it
 * has done is in the rows, so that whoever goes on after it, or twice, does no harm.
 */

export type KeyRotationParts = StageParts & {
  readonly store: ObjectStore
  readonly rotating: RotatingKeys
  readonly clock: Clock
  readonly ids: Ids
  /** Seconds until every server of the database has noticed what stands there. */
  readonly grace?: number
  /** Milliseconds from one look to the next. */
  readonly interval?: number
}

export type KeyRotationWatch = {
  start(): void
  /** Ends after the batch that is under way; the next start goes on there. */
  stop(): Promise<void>
}

/** Where nothing else is said. */
const INTERVAL = 500
const AFTER_FAILURE = 2_000

/** Seconds from one look at the tokens to the next: one that could not be asked is there again, or there is another. */
const TEND = 60

/** Where nothing else is said; they look twice a second. */
const GRACE = 10

/** Seconds after which a worker that has not been seen is taken for gone. */
const LEASE = 30

/** Seconds between two notes of how far it is. */
const NOTE = 2

/** Seconds for which destroyed keys are kept in memory: somebody may be using what was read before. */
const LINGER = 60

/** Passes until it is given up that one finds nothing: each is begun after the old key has been closed. */
const MOST_PASSES = 5

/** Another server has taken the work. */
class LostError extends Error {}

type Work = {
  readonly parts: KeyRotationParts
  readonly worker: string
  readonly signal: AbortSignal
  latest: ReadKeyRotation
}

const advance = async (work: Work, changes: Partial<KeyRotation>): Promise<void> => {
  const { parts, worker, latest } = work
  const now = parts.clock.now()
  const since = changes.phase === undefined ? latest.rotation.since : now
  const written = await writeKeyRotation(parts.store.settings, latest, {
    ...latest.rotation,
    since,
    ...changes,
    worker,
    seenAt: now,
  })
  if (written === undefined) throw new LostError()
  work.latest = written
}

/** A server that shares its database waits until the others have noticed; one that is alone has noticed. */
const waitForOthers = async ({ parts, signal, latest }: Work): Promise<void> => {
  if (parts.store.exclusive) return
  const { grace = GRACE, clock } = parts
  const left = Math.max(0, latest.rotation.since + grace - clock.now())
  await setTimeout(left * 1000, undefined, { signal })
}

const publish = async (work: Work): Promise<void> => {
  const { storeKey, roots } = await work.parts.rotating.publish(work.latest.rotation.roots)
  await advance(work, { phase: 'published', storeKey, roots })
  work.parts.log.info('new store key', { storeKey, root: roots.join(', ') })
}

const activate = async (work: Work): Promise<void> => {
  await waitForOthers(work)
  await work.parts.rotating.activate()
  const of = await work.parts.store.lastPlace()
  await advance(work, { phase: 'sealing', ...BEGINNING, of, resealed: 0, left: 0 })
}

/** How far it is, into the database and the log, from time to time. */
const noteFor = (work: Work, before: Counted) => {
  let notedAt = performance.now()
  return async (place: Place, counted: Counted): Promise<void> => {
    if (performance.now() - notedAt < NOTE * 1000) return
    notedAt = performance.now()
    const { resealed, left } = sum(before, counted)
    await advance(work, { ...place, resealed, left })
    work.parts.log.info('sealing again', { count: resealed, place: `${place.stage}/${place.position}` })
  }
}

const pass = async (work: Work, place: Place, before: Counted): Promise<Counted> =>
  runPass(work.parts, place, work.signal, noteFor(work, before))

/** Passes until one finds nothing under an older key that could still be sealed again. */
const passUntilClean = async (work: Work, first: Counted): Promise<Counted> => {
  let counted = first
  for (let count = 0; count < MOST_PASSES; count += 1) {
    const { resealed, left } = await pass(work, BEGINNING, { ...counted, left: 0 })
    counted = { resealed: counted.resealed + resealed, left }
    if (resealed === 0) return counted
  }
  throw new Error('something is still written under an older store key')
}

const settle = async ({ rotating, log }: KeyRotationParts): Promise<void> => {
  for (const { id, path } of await rotating.settle())
    log.info('root key is needed no more, but for backups made before', { root: id, file: path })
}

const seal = async (work: Work): Promise<void> => {
  const { parts, latest } = work
  const { rotating, log } = parts
  const { stage, position, resealed, left } = latest.rotation
  const before = { resealed, left }
  const first = await pass(work, { stage, position }, before)
  await waitForOthers(work)
  await rotating.closeOld()
  const counted = await passUntilClean(work, sum(before, first))
  if (counted.left === 0) await rotating.destroyOld()
  await settle(parts)
  await advance(work, { phase: 'done', ...counted })
  if (counted.left === 0) log.info('everything is under the new store key', { count: counted.resealed })
  else log.error('older store keys are kept for what does not open', { count: counted.left })
}

const STEPS = { wished: publish, published: activate, sealing: seal } as const

/** From where it is to the end. */
const fulfil = async (work: Work): Promise<void> => {
  for (;;) {
    const { phase } = work.latest.rotation
    if (phase === 'done' || phase === 'failed') return
    await STEPS[phase](work)
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error')

/** What cannot begin is given up, and says why; what has begun is tried again. */
const attempt = async (work: Work): Promise<void> => {
  try {
    await advance(work, {})
    await fulfil(work)
  } catch (error) {
    if (error instanceof LostError) return
    if (work.latest.rotation.phase !== 'wished') throw error
    work.parts.log.error('no new store key', { error })
    await advance(work, { phase: 'failed', reason: reasonOf(error) })
  }
}

const mayWork = ({ store, clock }: KeyRotationParts, { worker, seenAt }: KeyRotation, me: string): boolean =>
  store.exclusive || worker === '' || worker === me || clock.now() - seenAt > LEASE

/** What this server has taken note of: the state of a rotation, the one that has ended, the one whose keys are forgotten. */
type Seen = { state: string; settled: string; forgotten: string; tendedAt: number }

/** What follows once a rotation has ended, in every server. */
const conclude = async (parts: KeyRotationParts, seen: Seen, { id, since }: KeyRotation): Promise<void> => {
  if (seen.settled !== id) await settle(parts)
  seen.settled = id
  if (seen.forgotten === id || parts.clock.now() < since + LINGER) return
  parts.rotating.forget()
  seen.forgotten = id
}

/** A token that fails is no reason to do nothing else. */
const tend = async ({ rotating, clock, log }: KeyRotationParts, seen: Seen): Promise<void> => {
  const now = clock.now()
  if (now < seen.tendedAt + TEND) return
  seen.tendedAt = now
  try {
    const count = await rotating.tend()
    if (count > 0) log.info('store keys are wrapped under another root key', { count })
  } catch (error) {
    log.error('store keys could not be wrapped under every root key', { error })
  }
}

const look = async (parts: KeyRotationParts, seen: Seen, worker: string, signal: AbortSignal): Promise<void> => {
  await tend(parts, seen)
  const latest = await readKeyRotation(parts.store.settings)
  if (latest === undefined) return
  const { rotation } = latest
  const state = `${rotation.id} ${rotation.phase}`
  if (seen.state !== state && rotation.storeKey > 0) await parts.rotating.refresh()
  seen.state = state
  if (isUnderWay(rotation)) {
    if (mayWork(parts, rotation, worker)) await attempt({ parts, worker, signal, latest })
    return
  }
  await conclude(parts, seen, rotation)
}

/** Rests; ends early, and without an error, where the watch ends. */
const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  setTimeout(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)

const watch = async (parts: KeyRotationParts, signal: AbortSignal): Promise<void> => {
  const worker = parts.ids.next()
  const seen: Seen = { state: '', settled: '', forgotten: '', tendedAt: -TEND }
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    try {
      await look(parts, seen, worker, signal)
      await rest(parts.interval ?? INTERVAL, signal)
    } catch (error) {
      if (isOver()) return
      parts.log.error('the change of store keys does not go on now', { error })
      await rest(AFTER_FAILURE, signal)
    }
  }
}

/** Watches from `start` on. */
export const createKeyRotation = (parts: KeyRotationParts): KeyRotationWatch => {
  const end = new AbortController()
  let running = Promise.resolve()
  return {
    start: () => {
      running = watch(parts, end.signal)
    },
    stop: async () => {
      end.abort()
      await running
    },
  }
}
