import { createCipheriv, createDecipheriv } from 'node:crypto'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { type Plan, undecrypted } from '../cipher-plan.ts'

/** A way of wrapping that is made for keys: deterministic, and any change of the result is noticed. */
type KeyWrap = {
  /** The value whose return shows that nothing has been changed. */
  readonly initial: Buffer
  /** Whether so many bytes can be wrapped. */
  readonly takes: (length: number) => boolean
}

/** AES Key Wrap (RFC 3394 section 2.2.3.1): at least two blocks of eight bytes. */
const RFC_3394: KeyWrap = {
  initial: Buffer.from('a6a6a6a6a6a6a6a6', 'hex'),
  takes: (length) => length >= 16 && length % 8 === 0,
}

/** AES Key Wrap with Padding (RFC 5649 section 3): any length but none. */
const RFC_5649: KeyWrap = { initial: Buffer.from('a65959a6', 'hex'), takes: (length) => length > 0 }

const wayOf = ({ mode: { suffix } }: Plan): KeyWrap => (suffix === 'wrap-pad' ? RFC_5649 : RFC_3394)

/** @throws KmipError InvalidField for a length that the mode does not take */
export const keyWrap = (plan: Plan, data: Buffer): Buffer => {
  const { initial, takes } = wayOf(plan)
  if (!takes(data.length)) throw new KmipError('InvalidField', 'The mode does not wrap a key of this length')
  const cipher = createCipheriv(plan.name, plan.key, initial)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

/** Two blocks: the least that a wrapped key has. The library takes nothing for a wrapped nothing. */
const SHORTEST = 16

/** @throws KmipError CryptographicFailure for anything that {@link keyWrap} did not make with this key */
export const keyUnwrap = (plan: Plan, wrapped: Buffer): Buffer => {
  if (wrapped.length < SHORTEST) throw undecrypted()
  try {
    const decipher = createDecipheriv(plan.name, plan.key, wayOf(plan).initial)
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  } catch (cause) {
    throw undecrypted(cause)
  }
}
