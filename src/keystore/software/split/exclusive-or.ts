import { exclusiveOr } from '../mask.ts'
import type { Sharing } from './sharing.ts'

/** XOR: all shares but the last are random, and all of them together give the secret. */
export const exclusiveOrSharing: Sharing = {
  split: (secret, { parts }, random) => {
    const masks = Array.from({ length: parts - 1 }, () => random(secret.length))
    return [...masks, masks.reduce(exclusiveOr, Buffer.from(secret))]
  },
  normal: (bytes) => bytes,
  join: (shares) => {
    const [first = Buffer.alloc(0), ...others] = shares.map(({ bytes }) => bytes)
    return others.reduce(exclusiveOr, Buffer.from(first))
  },
}
