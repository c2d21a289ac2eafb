import type { TLSSocket } from 'node:tls'
import type { Session } from '../engine/message-handler.ts'
import type { ConnectionContext } from './connection-state.ts'

/** A connection as the listener sees it, whatever is spoken on it. */
export type OpenConnection = {
  readonly socket: TLSSocket
  /** Answers what it has and closes; idle connections close at once. */
  finish(): void
  /** Enforces its deadlines. `time`: seconds since 1970. */
  sweep(time: number): void
}

/**
 * Starts to speak on a socket whose handshake is done and whose peer is known; the peer's certificate ends at `validTo`,
 * in seconds since 1970.
 */
export type Speak = (socket: TLSSocket, session: Session, validTo: number, context: ConnectionContext) => OpenConnection
