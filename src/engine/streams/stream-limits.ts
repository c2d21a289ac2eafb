/**
 * What open streams may take: each holds state in memory between two requests, and a client need never come back. Sizes
 * in bytes, times in seconds.
 */
export const STREAM_LIMITS = {
  /** Open streams of one client. */
  perClient: 64,
  inAll: 1024,
  /**
   * Data that one stream holds. It matters only where nothing may come out before the last part, as in authenticated
   * decryption: what comes out then has to fit into one response.
   */
  bytesPerStream: 4 * 1024 * 1024,
  bytesPerClient: 16 * 1024 * 1024,
  bytesInAll: 64 * 1024 * 1024,
  /** From one part to the next. */
  idle: 300,
} as const

export type StreamLimits = { readonly [K in keyof typeof STREAM_LIMITS]: number }
