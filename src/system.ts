import { hash, randomFillSync } from 'node:crypto'
import type { Clock, Ids } from './domain/clock.ts'

/** The machine's clock and its random numbers, behind the interfaces that the rest of the server gets. */

/** A clock that can be told the time of the latest commit. */
export type SystemClock = Clock & {
  /** From now on nothing earlier is said; returns the seconds by which the machine is behind that, or 0. */
  notBefore(seconds: number): number
}

const machineTime = (): number => Math.floor(Date.now() / 1000)

/**
 * The time of the machine, never earlier than what it said before: a clock that is set back must not undo a state that
 * a date has brought about.
 */
export const createSystemClock = (): SystemClock => {
  let latest = 0
  return {
    now: () => {
      latest = Math.max(latest, machineTime())
      return latest
    },
    notBefore: (seconds) => {
      latest = Math.max(latest, seconds)
      return Math.max(0, seconds - machineTime())
    },
  }
}

const RANDOM_POOL = 4096

/** 48 bits of milliseconds, then a counter in the 12 bits of rand_a, so that ids of one millisecond keep their order. */
const COUNTER_LIMIT = 0xfff

/** 2.1 section 4.56: SHOULD be the SHA-256 of the Unique Identifier, and SHALL have its 32 bytes. */
export const shortIdentifier = (id: string): Buffer => hash('sha256', id, 'buffer')

/** UUID version 7 (RFC 9562 section 5.7): time-ordered, which keeps the indexes of a database growing at their end. */
export const createUuidV7Ids = (): Ids => {
  const pool = Buffer.alloc(RANDOM_POOL)
  let used = RANDOM_POOL
  let latest = 0
  let counter = 0

  const random = (): Buffer => {
    if (used + 8 > RANDOM_POOL) {
      randomFillSync(pool)
      used = 0
    }
    used += 8
    return pool.subarray(used - 8, used)
  }

  const tick = (): void => {
    const now = Date.now()
    if (now > latest) {
      latest = now
      counter = 0
    } else if (counter < COUNTER_LIMIT) counter += 1
    else {
      latest += 1
      counter = 0
    }
  }

  return {
    next: () => {
      tick()
      const bytes = Buffer.allocUnsafe(16)
      bytes.writeUIntBE(latest, 0, 6)
      bytes.writeUInt16BE(0x7000 | counter, 6)
      random().copy(bytes, 8)
      bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
      const hex = bytes.toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
    short: shortIdentifier,
  }
}
