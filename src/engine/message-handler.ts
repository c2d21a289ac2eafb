import type { Channel } from '../domain/authenticator.ts'
import type { MaybePromise } from '../domain/maybe-promise.ts'
import type { TtlvError } from '../ttlv/error.ts'

/** What a request came over: a TLS connection, or whatever stands in for one. Compared by identity. */
export type Session = Channel

/** A response message. `bytes` stays valid until `release`, which is called once, after it has been written. */
export type Reply = {
  readonly bytes: Buffer
  /** Whether the connection cannot be read on: the stream has lost its place. */
  readonly close: boolean
  release(): void
}

/** The engine as the network sees it. Neither function throws, and no promise of theirs is rejected. */
export type MessageHandler = {
  /** Answers one request message. The message buffer is not used any more once the reply is there. */
  handle(message: Buffer, session: Session): MaybePromise<Reply>
  /**
   * Answers what is no message, in the version of what could be read of it; the reply always asks to close, for a stream
   * has lost its place there.
   */
  refuse(error: TtlvError, session: Session, message?: Buffer): Reply
}
