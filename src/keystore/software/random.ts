import { createHash, randomBytes } from 'node:crypto'

/** The random number generator as clients use it. */
export type RandomSource = {
  bytes(length: number): Buffer
  /** Mixes in what a client brought. */
  seed(material: Buffer): void
}

/**
 * The generator of the library, which takes no seed itself: what clients bring is hashed into a state whose output is
 * added to it. The sum is at least as random as the library's part, whoever knows or chooses the other.
 */
export const createRandomSource = (): RandomSource => {
  let state: Buffer | undefined
  let answers = 0n

  const mask = (seeded: Buffer, length: number): Buffer => {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(answers)
    answers += 1n
    return createHash('shake256', { outputLength: length }).update(seeded).update(counter).digest()
  }

  return {
    bytes: (length) => {
      const own = randomBytes(length)
      if (state === undefined || length === 0) return own
      const added = mask(state, length)
      for (let at = 0; at < length; at += 1) own.writeUInt8(own.readUInt8(at) ^ added.readUInt8(at), at)
      return own
    },
    seed: (material) => {
      state = createHash('sha512')
        .update(state ?? randomBytes(64))
        .update(material)
        .digest()
    },
  }
}
