import { KmipError } from '../../protocol/kmip-error.ts'
import { blockTransform } from './block-transform.ts'
import { type Plan, undecrypted } from './cipher-plan.ts'
import type { CipherStream } from './cipher-stream.ts'
import type { CounterStart } from './counter.ts'

/*
 * Ciphers whose result comes as the data does.
 */

const EMPTY = Buffer.alloc(0)

const notWhole = (): KmipError =>
  new KmipError('InvalidField', 'The data is not a whole number of blocks, and there is no padding')

const checkLimit = (length: number, limit: number): void => {
  if (length > limit) throw new KmipError('InvalidField', 'The data is longer than the counter can count')
}

/** Whole blocks come out as they are there; the padding, or what has no padding, shows at the end. */
export const encryptingBlocks = (plan: Plan, start: CounterStart | undefined): CipherStream => {
  const { block } = plan.cipher
  const { mode, padding } = plan
  const running = blockTransform(plan, start?.iv, 'encrypt')
  let length = 0
  return {
    held: 0,
    gathers: false,
    update: (data) => {
      length += data.length
      checkLimit(length, start?.limit ?? Infinity)
      return running.update(data)
    },
    finish: () => {
      if (mode.padded && padding === undefined && length % block !== 0) throw notWhole()
      const last = padding === undefined ? EMPTY : running.update(padding.fill(length, block))
      return { data: Buffer.concat([last, running.final()]), tag: undefined }
    },
    close: () => undefined,
  }
}

const unpad = (clear: Buffer, { cipher, padding }: Plan): Buffer => {
  if (padding === undefined) return clear
  const count = padding.count(clear, cipher.block)
  if (count === undefined) throw undecrypted()
  return clear.subarray(0, clear.length - count)
}

/** The last block that is there stays behind where it may be padding. */
export const decryptingBlocks = (plan: Plan, start: CounterStart | undefined): CipherStream => {
  const { cipher, mode, padding } = plan
  const running = blockTransform(plan, start?.iv, 'decrypt')
  let length = 0
  let last = EMPTY
  return {
    get held() {
      return last.length
    },
    gathers: false,
    update: (data) => {
      length += data.length
      checkLimit(length, start?.limit ?? Infinity)
      const clear = running.update(data)
      if (padding === undefined) return clear
      const all = Buffer.concat([last, clear])
      const out = Math.max(0, all.length - cipher.block)
      last = Buffer.from(all.subarray(out))
      return all.subarray(0, out)
    },
    finish: () => {
      if (mode.padded && padding === undefined && length % cipher.block !== 0) throw notWhole()
      if (padding !== undefined && length % cipher.block !== 0) throw undecrypted()
      return { data: unpad(Buffer.concat([last, running.final()]), plan), tag: undefined }
    },
    close: () => {
      last.fill(0)
    },
  }
}
