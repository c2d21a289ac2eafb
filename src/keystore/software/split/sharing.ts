import { KmipError } from '../../../protocol/kmip-error.ts'

/** Whatever is wrong with shares that a client brings: one answer. */
export const unjoined = (): KmipError => new KmipError('CryptographicFailure', 'The Split Keys cannot be joined')

/** One share of a secret: which part it is, and its bytes. */
export type Share = { readonly part: number; readonly bytes: Buffer }

/** How many parts there are, and how many of them give the secret. */
export type Plan = { readonly parts: number; readonly threshold: number }

export type RandomBytes = (length: number) => Buffer

/** One way to share a secret (1.4 section 2.2.5, 2.1 section 13.1). Shares come in the order of their part numbers, from 1. */
export type Sharing = {
  split(secret: Buffer, plan: Plan, random: RandomBytes): readonly Buffer[]
  /** A share that a client brought, in the form in which `split` makes them; undefined where it is none. */
  normal(bytes: Buffer): Buffer | undefined
  /** The share that is part `at`, out of as many others as the threshold says; part 0 is the secret. */
  join(shares: readonly Share[], at: number): Buffer
}
