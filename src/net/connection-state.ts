import type { TLSSocket } from 'node:tls'
import type { MessageHandler, Reply, Session } from '../engine/message-handler.ts'
import type { Log } from '../observe/log.ts'
import type { TtlvError } from '../ttlv/error.ts'
import type { FrameSplitter } from '../ttlv/frame.ts'
import type { Asking } from './asking.ts'
import type { Limits, Pulse } from './limits.ts'

/** What all connections of a listener share. */
export type ConnectionContext = {
  readonly handler: MessageHandler
  readonly limits: Limits
  readonly log: Log
  readonly pulse: Pulse
}

/** A request in work, or answered but behind an earlier one that is not, or behind a peer that does not read. */
export type Answer = { readonly since: number; reply: Reply | undefined }

/**
 * - `open`: reads requests;
 * - `finishing`: answers those it has and then closes, because the peer has said its last or the server stops;
 * - `closing`: has closed its side and drops what still comes, until the peer closes too;
 * - `closed`: the socket is gone.
 */
export type Phase = 'open' | 'finishing' | 'closing' | 'closed'

/** One authenticated connection. Times are on the pulse; 0 stands for "not now". */
export type Connection = {
  readonly socket: TLSSocket
  readonly session: Session
  /** When the peer's certificate ends, in seconds since 1970. */
  readonly validTo: number
  readonly context: ConnectionContext
  readonly splitter: FrameSplitter
  phase: Phase
  /** Complete requests that wait for a place in work. */
  backlog: readonly Buffer[]
  /** What ended the sequence of messages; answered after them. */
  damage: TtlvError | undefined
  /** In the order of their requests, in which they are answered. */
  readonly answers: Answer[]
  /** The other way round: set where the peer has turned the connection, and this server asks. */
  asking: Asking | undefined
  isReading: boolean
  receivingSince: number
  blockedSince: number
  idleSince: number
}
