import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'

/*
 * What a client of the PKCS#11 operation has open between two requests (2.1 section 6.1.37). It is in memory, belongs to
 * the client that initialized it, and a restart ends it. Never changed in place: an item that is run again begins where
 * it began before.
 */

/** What clients may have open. Sizes in bytes, times in seconds. */
export const PKCS11_LIMITS = {
  /** Instances of one client. */
  perClient: 16,
  inAll: 1024,
  /** Data and handles that instances hold. */
  bytesPerClient: 32 * 1024 * 1024,
  bytesInAll: 256 * 1024 * 1024,
  sessions: 64,
  handles: 10_000,
  /** Data that the functions of one instance hold between two requests, all sessions together. */
  data: 1024 * 1024,
  /** Parts that are kept apart: more are put together. */
  parts: 64,
  /** Attributes asked for at once, and bytes of what is told of them. */
  wanted: 256,
  told: 4 * 1024 * 1024,
  idle: 900,
} as const

export type ActiveKind = 'encrypt' | 'decrypt' | 'digest' | 'sign' | 'verify'

/** A function that was initialized and is not done. */
export type Active = {
  readonly parameters: CryptographicParameters
  /** Whether the key makes MACs rather than signatures. */
  readonly isMac: boolean
  /** Whether what is signed is a digest already. */
  readonly isDigested: boolean
  /** Unique Identifier of the key; absent for a digest. */
  readonly key: string | undefined
  readonly iv: Buffer | undefined
  readonly additionalData: Buffer | undefined
  /** Bytes of the tag at the end of what is encrypted; 0 where there is none. */
  readonly tagLength: number
  /** Parts so far; undefined while none has come. */
  readonly parts: readonly Buffer[] | undefined
}

export type CryptokiSession = {
  readonly isReadWrite: boolean
  readonly active: Readonly<Partial<Record<ActiveKind, Active>>>
  /** Handles that a search has found and not told yet. */
  readonly found: readonly number[] | undefined
}

export type CryptokiState = {
  readonly isLoggedIn: boolean
  readonly sessions: ReadonlyMap<number, CryptokiSession>
  /** Unique Identifiers by handle, and the other way round. */
  readonly objects: ReadonlyMap<number, string>
  readonly handles: ReadonlyMap<string, number>
  /** Bytes that both take. */
  readonly handleBytes: number
  /** The next handle, of a session or of an object. */
  readonly next: number
}

export const NEW_STATE: CryptokiState = {
  isLoggedIn: false,
  sessions: new Map(),
  objects: new Map(),
  handles: new Map(),
  handleBytes: 0,
  next: 1,
}

// What it takes -----------------------------------------------------------------------------------------------------------

const sizeOf = (buffers: readonly (Buffer | undefined)[]): number =>
  buffers.reduce((sum, buffer) => sum + (buffer?.length ?? 0), 0)

/** Data that one function holds. */
export const heldBy = ({ parts = [], iv, additionalData, parameters }: Active): number =>
  sizeOf([...parts, iv, additionalData, parameters.pSource])

/** Data that all functions of an instance hold. */
export const heldIn = ({ sessions }: CryptokiState): number =>
  [...sessions.values()]
    .flatMap(({ active }) => Object.values<Active | undefined>(active))
    .reduce((sum, active) => sum + (active === undefined ? 0 : heldBy(active)), 0)

/** Of a Unique Identifier that has a handle: itself, and its places in two tables. */
export const handleSize = (id: string): number => 200 + id.length

/** Of a list of handles. */
export const foundSize = ({ length }: readonly unknown[]): number => 8 * length

/** Bytes of all that an instance holds. */
export const stateSize = (state: CryptokiState): number =>
  [...state.sessions.values()].reduce(
    (sum, { found = [] }) => sum + foundSize(found),
    heldIn(state) + state.handleBytes,
  )

/** What belongs to one Correlation Value. */
export type CryptokiInstance = {
  readonly correlationValue: Buffer
  state: CryptokiState
  /** Whether it may hold so many more bytes, of those that its client and all clients may. */
  hasRoom(bytes: number): boolean
  close(): void
}

/** The instances of one client as one item of a message sees them. */
export type CryptokiInstances = {
  /** Undefined where there are too many already. */
  open(): CryptokiInstance | undefined
  find(correlationValue: Buffer): CryptokiInstance | undefined
}
