import { TtlvError } from './error.ts'
import { ITEM_TYPE } from './item-type.ts'
import { HEADER_LENGTH, lengthAt, tagAt, typeAt } from './reader.ts'

export type FrameOptions = {
  /** The tag that every message starts with. */
  readonly tag: number
  /** Another tag that a message may start with at the moment; asked for each message. */
  readonly otherTag?: () => number | undefined
  /** Largest message in bytes, header included. */
  readonly maxSize: number
}

/** Cuts a stream of chunks into messages by their declared length. */
export type FrameSplitter = {
  /**
   * Takes the next chunk and returns the messages it completes, in order.
   * @throws TtlvError `malformed` where the stream is not at the start of a message, `limit` past `maxSize`; both as
   * soon as the eight bytes of the header are there. Behind complete messages it is the next call that throws, be it
   * with no bytes, so that they can be answered. The stream cannot be read on after either.
   */
  push(chunk: Buffer): readonly Buffer[]
  /** Bytes held of a message that is not complete yet. */
  readonly pending: number
}

const messageSize = (header: Buffer, { tag, otherTag, maxSize }: FrameOptions): number => {
  const isExpected = tagAt(header, 0) === tag || tagAt(header, 0) === otherTag?.()
  if (!isExpected || typeAt(header, 0) !== ITEM_TYPE.Structure) {
    throw new TtlvError('malformed', 'not the start of a message', 0)
  }
  const size = HEADER_LENGTH + lengthAt(header, 0)
  if (size > maxSize) throw new TtlvError('size', `message of ${size} bytes`, 4)
  return size
}

/** Chunks up to this size are worth joining: each costs some 150 bytes besides its own. */
const SMALL = 4096

/**
 * Adds a chunk, joined with those before it while it is no smaller than they are: a message that comes in single bytes
 * is held in a few dozen buffers, and each byte is copied a dozen times at most.
 */
const append = (chunks: Buffer[], chunk: Buffer): void => {
  let added = chunk
  for (let last = chunks.at(-1); last !== undefined; last = chunks.at(-1)) {
    if (last.length > added.length || last.length + added.length > SMALL) break
    chunks.pop()
    added = Buffer.concat([last, added])
  }
  chunks.push(added)
}

/**
 * One splitter per connection. Chunks are kept and joined once, when the message is complete: joining all of them on
 * every chunk would cost quadratic time. A message within one chunk is not copied.
 */
export const createFrameSplitter = (options: FrameOptions): FrameSplitter => {
  let chunks: Buffer[] = []
  let held = 0
  let size = 0

  const keep = (rest: Buffer): void => {
    chunks = rest.length > 0 ? [rest] : []
    held = rest.length
    size = 0
  }

  const push = (chunk: Buffer): readonly Buffer[] => {
    if (chunk.length > 0) append(chunks, chunk)
    held += chunk.length
    const messages: Buffer[] = []
    for (;;) {
      if (held < HEADER_LENGTH) return messages
      if (size === 0) {
        if ((chunks[0]?.length ?? 0) < HEADER_LENGTH) chunks = [Buffer.concat(chunks, held)]
        try {
          size = messageSize(chunks[0] ?? chunk, options)
        } catch (error) {
          if (messages.length === 0) throw error
          return messages
        }
      }
      if (held < size) return messages
      const joined = chunks.length === 1 ? (chunks[0] ?? chunk) : Buffer.concat(chunks, held)
      messages.push(joined.subarray(0, size))
      keep(joined.subarray(size))
    }
  }

  return {
    push,
    get pending() {
      return held
    },
  }
}
