/** What may be logged. A name that is not here does not go out: that is how key material stays in. */
export const LOG_FIELDS = [
  'address',
  'algorithm',
  'attempt',
  'backend',
  'bytes',
  'cipher',
  'client',
  'code',
  'command',
  'correlation',
  'count',
  'durationMs',
  'file',
  'fingerprint',
  'group',
  'host',
  'issuer',
  'items',
  'objectType',
  'operation',
  'peer',
  'place',
  'port',
  'principal',
  'protocol',
  'reason',
  'role',
  'root',
  'seconds',
  'state',
  'status',
  'storeKey',
  'subject',
  'tenant',
  'uid',
  'validFrom',
  'validTo',
  'version',
  'worker',
] as const

export type LogValue = string | number | boolean | bigint | undefined

export type LogFields = { readonly [name in (typeof LOG_FIELDS)[number]]?: LogValue } & {
  /** Printed as its name, code and message, and where it came from. */
  readonly error?: unknown
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** A log as the other rooms see it: a fixed text that says what happened, and fields for what varies. */
export type Log = { readonly [level in LogLevel]: (event: string, fields?: LogFields) => void }
