import { KmipError } from '../../protocol/kmip-error.ts'
import type { StreamLimits } from './stream-limits.ts'

type Usage = { readonly streams: number; readonly bytes: number }

/** What open streams take, by their owners and in all. */
export type StreamUsage = {
  readonly bytes: number
  /** @throws KmipError ServerLimitExceeded where there is no room for one more stream */
  checkRoom(owner: string): void
  /** @throws KmipError ServerLimitExceeded where so many more bytes are too many */
  checkBytes(owner: string, more: number): void
  add(owner: string, streams: number, bytes: number): void
}

const tooMuch = (): KmipError =>
  new KmipError('ServerLimitExceeded', 'Too many streams are open, or they hold too much data')

const NONE: Usage = { streams: 0, bytes: 0 }

export const createStreamUsage = (limits: StreamLimits): StreamUsage => {
  const usages = new Map<string, Usage>()
  let total = NONE

  const usageOf = (owner: string): Usage => usages.get(owner) ?? NONE

  return {
    get bytes() {
      return total.bytes
    },
    checkRoom: (owner) => {
      if (total.streams >= limits.inAll || usageOf(owner).streams >= limits.perClient) throw tooMuch()
    },
    checkBytes: (owner, more) => {
      if (usageOf(owner).bytes + more > limits.bytesPerClient || total.bytes + more > limits.bytesInAll) throw tooMuch()
    },
    add: (owner, streams, bytes) => {
      const usage = usageOf(owner)
      const next = { streams: usage.streams + streams, bytes: usage.bytes + bytes }
      if (next.streams === 0) usages.delete(owner)
      else usages.set(owner, next)
      total = { streams: total.streams + streams, bytes: total.bytes + bytes }
    },
  }
}

/** @throws KmipError ServerLimitExceeded */
export const checkStreamSize = (bytes: number, { bytesPerStream }: StreamLimits): void => {
  if (bytes > bytesPerStream) throw tooMuch()
}
