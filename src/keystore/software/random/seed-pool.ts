import { createHash, randomBytes } from 'node:crypto'

/**
 * What clients brought as seed, hashed into one state. What it gives is added to bytes of the system: the sum is at
 * least as random as those, whoever knows or chooses the seed.
 */
export type SeedPool = {
  /** Answers how many bytes were added. */
  add(material: Buffer): number
  /** Adds to `bytes`, never twice the same. */
  mixInto(bytes: Buffer): void
}

const STATE_BYTES = 64

export const createSeedPool = (): SeedPool => {
  let state: Buffer | undefined
  let uses = 0n

  const stream = (seeded: Buffer, length: number): Buffer => {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(uses)
    uses += 1n
    return createHash('shake256', { outputLength: length }).update(seeded).update(counter).digest()
  }

  return {
    add: (material) => {
      const before = state ?? randomBytes(STATE_BYTES)
      state = createHash('sha512').update(before).update(material).digest()
      before.fill(0)
      return material.length
    },
    mixInto: (bytes) => {
      if (state === undefined || bytes.length === 0) return
      const added = stream(state, bytes.length)
      for (const [index, byte] of added.entries()) bytes[index] = (bytes[index] ?? 0) ^ byte
      added.fill(0)
    },
  }
}
