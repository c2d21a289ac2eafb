/**
 * What one client can take from the others. Times in milliseconds, sizes in bytes; a time is kept to within a quarter
 * of the shortest of them, and never cut short.
 */
export const DEFAULT_LIMITS = {
  /** Largest request message, header included; refused on its first eight bytes. */
  maxMessage: 1_048_576,
  /** From the TCP connection to the end of the handshake, and from there to the end of the identification. */
  handshake: 5_000,
  /** From the first byte of a request to its last. */
  receive: 30_000,
  /** From request to reply, writing included: longer than the engine gives itself, which can still say what failed. */
  work: 35_000,
  /** Without a request; clients with connection pools expect five minutes at least. */
  idle: 600_000,
  /** For a peer to close its side after we have closed ours. */
  linger: 2_000,
  /** For the requests in work when the server stops. */
  drain: 10_000,
  /** TCP keep-alive: finds peers that are gone without a word. */
  keepAlive: 60_000,
  /** Connections in all, handshakes included; an idle one takes some 70 kB. */
  maxConnections: 10_000,
  maxPerAddress: 1_000,
  /** Requests of one connection in work at the same time; further ones wait unread. */
  maxInFlight: 32,
  /** Replies that may wait behind a peer which has stopped reading, before it is given up. */
  maxUnsent: 1_048_576,
} as const

export type Limits = { readonly [name in keyof typeof DEFAULT_LIMITS]: number }

/** The time base of the deadlines: read on every request, so it moves only with the sweep that enforces them. */
export type Pulse = {
  /** Milliseconds on the monotonic clock, at the last sweep. */
  now: number
  /** Milliseconds between sweeps: what `now` may lag behind. */
  readonly interval: number
}

export const sweepInterval = ({ handshake, receive, work, idle, linger }: Limits): number =>
  Math.max(5, Math.min(1_000, Math.min(handshake, receive, work, idle, linger) / 4))

/** Whether more than `limit` has passed since `mark`. A mark can be one interval too old, so one is added. */
export const isOver = (pulse: Pulse, mark: number, limit: number): boolean => pulse.now - mark > limit + pulse.interval
