import { bitLength } from '../asymmetric/big-integer.ts'
import type { Generator } from '../random/x931.ts'

/** Adds one, or takes one away, where no carry leaves the number. */
const step = (number: Buffer, by: 1 | -1): void => {
  const carries = by === 1 ? 0xff : 0
  for (let at = number.length - 1; at >= 0; at -= 1) {
    const digit = number[at] ?? 0
    number[at] = digit + by
    if (digit !== carries) return
  }
}

/**
 * A private number from 1 to `order` - 1, each as likely as the other: candidates that are too large are thrown away
 * (FIPS 186-4 Appendices B.1.2 and B.4.2). As long as the order in bytes.
 */
export const drawScalar = (generator: Generator, order: Buffer): Buffer => {
  const largest = Buffer.from(order)
  step(largest, -1)
  step(largest, -1)
  const excess = order.length * 8 - bitLength(order)
  for (;;) {
    const candidate = generator.bytes(order.length)
    for (let at = 0, rest = excess; rest > 0; at += 1, rest -= 8) {
      candidate[at] = (candidate[at] ?? 0) & (rest >= 8 ? 0 : 0xff >> rest)
    }
    if (candidate.compare(largest) <= 0) {
      step(candidate, 1)
      return candidate
    }
    candidate.fill(0)
  }
}
