import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../domain/clock.ts'
import { type RngParameters, UNSPECIFIED } from '../../../domain/random-generator.ts'
import { createSeedPool } from './seed-pool.ts'
import { BLOCK_BYTES, createX931, type Generator, KEY_BYTES } from './x931.ts'

/** Where the bits of key material come from. */
export type RandomSource = {
  /** What the standard calls it. */
  readonly parameters: RngParameters
  bytes(length: number): Buffer
  /** A generator for a purpose that needs bytes again and again; undefined where the library makes such keys alone. */
  readonly open: (() => Generator) | undefined
  /** Mixes in what a client brought, and tells how many bytes of it. */
  seed(material: Buffer): number
  /** Mixes in what another generator of the server's own gives: into everything that comes after it. */
  stir(material: Buffer): void
}

const X931_PARAMETERS: RngParameters = {
  rngAlgorithm: 'ANSIX9_31',
  cryptographicAlgorithm: 'AES',
  cryptographicLength: KEY_BYTES * 8,
}

/** DT: the time, and a count of all blocks, so that no two are the same. */
const createDates = (clock: Clock): ((count: number) => Buffer) => {
  let blocks = 0n
  return (count) => {
    const dates = Buffer.alloc(count * BLOCK_BYTES)
    const time = BigInt(clock.now())
    for (let at = 0; at < dates.length; at += BLOCK_BYTES) {
      dates.writeBigInt64BE(time, at)
      dates.writeBigUInt64BE(blocks, at + BLOCK_BYTES / 2)
      blocks += 1n
    }
    return dates
  }
}

/**
 * ANSI X9.31 with AES-256, its key and seed fresh from the system for each request: nobody who learns a state learns
 * what came before or comes after.
 */
export const createX931Source = (clock: Clock): RandomSource => {
  const pool = createSeedPool()
  const stirred = createSeedPool()
  const dates = createDates(clock)

  const open = (): Generator => {
    const fresh = randomBytes(KEY_BYTES + BLOCK_BYTES)
    const [key, seed] = [fresh.subarray(0, KEY_BYTES), fresh.subarray(KEY_BYTES)]
    stirred.mixInto(fresh)
    pool.mixInto(seed)
    return createX931({ key, seed, dates })
  }

  return {
    parameters: X931_PARAMETERS,
    bytes: (length) => {
      const generator = open()
      try {
        return generator.bytes(length)
      } finally {
        generator.close()
      }
    },
    open,
    // The seed of X9.31 is one block: what is longer is not used.
    seed: (material) => pool.add(material.subarray(0, BLOCK_BYTES)),
    stir: (material) => void stirred.add(material),
  }
}

/** The generator of the library, which does not tell what it is: the operator's configuration of OpenSSL decides. */
export const createSystemSource = (): RandomSource => {
  const pool = createSeedPool()
  return {
    parameters: UNSPECIFIED,
    bytes: (length) => {
      const bytes = randomBytes(length)
      pool.mixInto(bytes)
      return bytes
    },
    open: undefined,
    seed: (material) => pool.add(material),
    stir: (material) => void pool.add(material),
  }
}

const SOURCES = { 'ansi-x9.31': createX931Source, system: createSystemSource } as const

export const createRandomSource = (generator: keyof typeof SOURCES, clock: Clock): RandomSource =>
  SOURCES[generator](clock)
