import type { Clock, Ids } from '../../domain/clock.ts'
import type { DataStream, StreamedOperation } from '../../domain/key-store.ts'
import type { Principal } from '../../domain/principal.ts'
import type { StreamTerms } from '../../domain/streams.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import { createUsage } from '../usage.ts'
import { createWatch } from '../watch.ts'
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.ts'

/** A stream between its parts. */
export type OpenEntry = {
  /** The Correlation Value in hex. */
  readonly id: string
  readonly owner: string
  readonly terms: StreamTerms
  readonly stream: DataStream
  /** What is verified, once it came. */
  proof: Buffer | undefined
  /** Bytes as they were counted last. */
  bytes: number
  lastUsed: number
  /** The message that is at it. */
  user: object | undefined
  /** Whether it ends with the part that is in work. */
  isEnding: boolean
}

/** The open streams of all clients, in memory: a restart ends them. */
export type StreamTable = {
  readonly size: number
  /** Bytes of data that they hold. */
  readonly bytes: number
  /** @throws KmipError ServerLimitExceeded where there are too many already */
  checkRoom(principal: Principal): void
  add(principal: Principal, terms: StreamTerms, stream: DataStream): OpenEntry
  /** The stream of that client and operation; undefined for any other, as if it were not there. */
  find(principal: Principal, correlationValue: Buffer, operation: StreamedOperation): OpenEntry | undefined
  /** @throws KmipError ServerLimitExceeded where so many more bytes are too many */
  checkBytes(entry: OpenEntry, more: number): void
  /** Counts what the stream holds now, and starts its time again. */
  touch(entry: OpenEntry): void
  remove(entry: OpenEntry): void
  /** Ends the streams of a key whose material has been destroyed. */
  forget(objectId: string): void
}

const ownerOf = ({ tenant, id }: Principal): string => `${tenant}\n${id}`

const sizeOf = ({ stream, proof }: OpenEntry): number => stream.held + (proof?.length ?? 0)

const tooMuch = (): KmipError =>
  new KmipError('ServerLimitExceeded', 'Too many streams are open, or they hold too much data')

type Entries = Map<string, OpenEntry>

const createEntry = (id: string, owner: string, terms: StreamTerms, stream: DataStream, now: number): OpenEntry => ({
  id,
  owner,
  terms,
  stream,
  proof: undefined,
  bytes: 0,
  lastUsed: now,
  user: undefined,
  isEnding: false,
})

/** Removes what has not been used for too long. The entries are in the order of their last use. */
const sweepOf = (entries: Entries, clock: Clock, idle: number, remove: (entry: OpenEntry) => void) => (): boolean => {
  for (const entry of entries.values()) {
    if (clock.now() - entry.lastUsed <= idle) break
    if (entry.user === undefined) remove(entry)
  }
  return entries.size > 0
}

export const createStreamTable = (clock: Clock, ids: Ids, limits: StreamLimits = STREAM_LIMITS): StreamTable => {
  const entries: Entries = new Map()
  const usage = createUsage(limits)

  const remove = (entry: OpenEntry): void => {
    if (!entries.delete(entry.id)) return
    usage.add(entry.owner, -1, -entry.bytes)
    entry.stream.close()
  }

  const sweep = sweepOf(entries, clock, limits.idle, remove)
  // For streams that nobody asks for again: what they hold is held for twice their time at most.
  const watch = createWatch(limits.idle, sweep)

  return {
    get size() {
      return entries.size
    },
    get bytes() {
      return usage.bytes
    },
    checkRoom: (principal) => {
      sweep()
      if (!usage.hasRoom(ownerOf(principal))) throw tooMuch()
    },
    add: (principal, terms, stream) => {
      const entry = createEntry(ids.next().replaceAll('-', ''), ownerOf(principal), terms, stream, clock.now())
      entries.set(entry.id, entry)
      usage.add(entry.owner, 1, 0)
      watch()
      return entry
    },
    find: (principal, correlationValue, operation) => {
      sweep()
      const entry = entries.get(correlationValue.toString('hex'))
      return entry?.owner === ownerOf(principal) && entry.terms.operation === operation ? entry : undefined
    },
    checkBytes: (entry, more) => {
      if (entry.bytes + more > limits.bytesPerStream || !usage.hasBytes(entry.owner, more)) throw tooMuch()
    },
    touch: (entry) => {
      if (!entries.delete(entry.id)) return
      entry.lastUsed = clock.now()
      entries.set(entry.id, entry)
      const bytes = sizeOf(entry)
      usage.add(entry.owner, 0, bytes - entry.bytes)
      entry.bytes = bytes
    },
    remove,
    forget: (objectId) => {
      for (const entry of entries.values()) {
        if (entry.terms.key?.objectId !== objectId) continue
        if (entry.user === undefined) remove(entry)
        else entry.isEnding = true
      }
    },
  }
}
