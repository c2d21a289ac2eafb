import { exclusiveOr } from '../mask.ts'
import type { BinaryField } from './binary-field.ts'
import type { Share, Sharing } from './sharing.ts'

/** What the share of `part` counts for at the place `at` (Lagrange). Addition and subtraction are both XOR. */
const weight = (field: BinaryField, part: number, shares: readonly Share[], at: number): number =>
  shares
    .filter((other) => other.part !== part)
    .reduce((product, other) => {
      const factor = field.multiply(at ^ other.part, field.inverse(part ^ other.part))
      return field.multiply(product, factor)
    }, 1)

/** The polynomial with these coefficients, the lowest first, at the place `at` (Horner). */
const evaluate = (field: BinaryField, coefficients: readonly Buffer[], at: number): Buffer =>
  coefficients.reduceRight((sum, coefficient) => exclusiveOr(field.scale(sum, at), coefficient))

/** Shamir's scheme over a binary field, applied to each piece of the secret; a share stands at its part number. */
export const binarySharing = (field: BinaryField): Sharing => ({
  split: (secret, { parts, threshold }, random) => {
    const coefficients = [secret, ...Array.from({ length: threshold - 1 }, () => random(secret.length))]
    const shares = Array.from({ length: parts }, (_, index) => Buffer.from(evaluate(field, coefficients, index + 1)))
    for (const coefficient of coefficients.slice(1)) coefficient.fill(0)
    return shares
  },
  normal: (bytes) => bytes,
  join: (shares, at) =>
    shares
      .map(({ part, bytes }) => field.scale(bytes, weight(field, part, shares, at)))
      .reduce((sum, summand) => exclusiveOr(sum, summand)),
})
