import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Plan } from './cipher-plan.ts'
import { exclusiveOr } from './mask.ts'

/** A cipher that takes data as it comes, and pads nothing. */
export type BlockTransform = { update(data: Buffer): Buffer; final(): Buffer }

export type Direction = 'encrypt' | 'decrypt'

const EMPTY = Buffer.alloc(0)

const library = ({ name, key }: Plan, iv: Buffer | undefined, direction: Direction): BlockTransform =>
  direction === 'encrypt'
    ? createCipheriv(name, key, iv ?? null).setAutoPadding(false)
    : createDecipheriv(name, key, iv ?? null).setAutoPadding(false)

/** Takes whole blocks, each as soon as it is there. */
const blockwise = (block: number, next: (data: Buffer) => Buffer): BlockTransform => {
  let rest = EMPTY
  return {
    update: (data) => {
      const all = Buffer.concat([rest, data])
      const whole = all.length - (all.length % block)
      const out = Buffer.alloc(whole)
      for (let at = 0; at < whole; at += block) next(all.subarray(at, at + block)).copy(out, at)
      rest = all.subarray(whole)
      return out
    },
    final: () => EMPTY,
  }
}

/**
 * Propagating cipher block chaining, which the library does not have: what goes into a block is mixed with the clear
 * text and the ciphertext of the one before, the IV in place of both at first.
 */
const pcbc = (plan: Plan, iv: Buffer, direction: Direction): BlockTransform => {
  const ecb = library(plan, undefined, direction)
  let chain = iv
  return blockwise(plan.cipher.block, (input) => {
    const output =
      direction === 'encrypt' ? ecb.update(exclusiveOr(input, chain)) : exclusiveOr(ecb.update(input), chain)
    chain = exclusiveOr(input, output)
    return output
  })
}

/** Counts up by one, from the end. */
const countUp = (counter: Buffer): void => {
  for (let at = counter.length - 1, carry = 1; at >= 0; at -= 1) {
    const sum = counter.readUInt8(at) + carry
    counter.writeUInt8(sum & 0xff, at)
    carry = sum >> 8
  }
}

/** CTR of SP 800-38A section 6.5 with blocks of eight bytes. */
const ctr = (plan: Plan, iv: Buffer): BlockTransform => {
  const ecb = library(plan, undefined, 'encrypt')
  const counter = Buffer.from(iv)
  let stream = EMPTY
  const more = (length: number): void => {
    const counters: Buffer[] = []
    for (let bytes = stream.length; bytes < length; bytes += counter.length) {
      counters.push(Buffer.from(counter))
      countUp(counter)
    }
    stream = Buffer.concat([stream, ecb.update(Buffer.concat(counters))])
  }
  return {
    update: (data) => {
      more(data.length)
      const out = exclusiveOr(data, stream)
      stream = stream.subarray(data.length)
      return out
    },
    final: () => EMPTY,
  }
}

export const blockTransform = (plan: Plan, iv: Buffer | undefined, direction: Direction): BlockTransform => {
  switch (plan.mode.way) {
    case 'pcbc':
      return pcbc(plan, iv ?? EMPTY, direction)
    case 'ctr':
      return ctr(plan, iv ?? EMPTY)
    default:
      return library(plan, iv, direction)
  }
}
