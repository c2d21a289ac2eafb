import type { Channel } from '../domain/authenticator.ts'
import type { MaybePromise } from '../domain/maybe-promise.ts'
import type { EndpointRole } from '../protocol/enumerations.ts'
import type { TtlvError } from '../ttlv/error.ts'

/** What a request came over: a TLS connection, or whatever stands in for one. Compared by identity. */
export type Session = Channel & {
  /** The role of this server on the connection; absent where it cannot change (2.1 section 6.1.54). */
  readonly role?: (() => EndpointRole) | undefined
}

/** A connection on which this server sends the requests: one that the client has turned, or one of its own. */
export type ClientChannel = {
  /**
   * Sends a request message, and resolves to the response message, whatever that is. One at a time.
   * Rejects where the connection is lost, or the peer does not answer in time.
   */
  ask(message: Buffer): Promise<Buffer>
  /** Gives the peer its role back: from now on it sends the requests again. */
  turnBack(): void
  /** Gives the connection up. `reason` is for the log. */
  close(reason: string): void
  readonly isOpen: boolean
  /** Resolves once the connection is gone or turned back. */
  readonly ended: Promise<void>
  /** Called where nothing has been sent for as long as a connection may be idle. */
  onIdle: () => void
}

/** A response message. `bytes` stays valid until `release`, which is called once, after it has been written. */
export type Reply = {
  readonly bytes: Buffer
  /** Whether the connection cannot be read on: the stream has lost its place. */
  readonly close: boolean
  /** The role of this server from here on, where the message has changed it. */
  readonly role?: EndpointRole | undefined
  /** Takes the connection, where this server is its client from here on. */
  readonly turned?: (channel: ClientChannel) => void
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
