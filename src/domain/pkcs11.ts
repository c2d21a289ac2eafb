import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'

/*
 * What a client of the PKCS#11 operation has open between two requests (2.1 section 6.1.37). It is in memory, belongs to
 * the client that initialized it, and a restart ends it. Never changed in place: an item that is run again begins where
 * it began before.
 */

/** What one client may have open. Sizes in bytes, times in seconds. */
export const PKCS11_LIMITS = {
  instancesPerClient: 16,
  instances: 1024,
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
  /** The next handle, of a session or of an object. */
  readonly next: number
}

export const NEW_STATE: CryptokiState = {
  isLoggedIn: false,
  sessions: new Map(),
  objects: new Map(),
  handles: new Map(),
  next: 1,
}

/** What belongs to one Correlation Value. */
export type CryptokiInstance = {
  readonly correlationValue: Buffer
  state: CryptokiState
  close(): void
}

/** The instances of one client as one item of a message sees them. */
export type CryptokiInstances = {
  /** Undefined where there are too many already. */
  open(): CryptokiInstance | undefined
  find(correlationValue: Buffer): CryptokiInstance | undefined
}
