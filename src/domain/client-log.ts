import { KmipError } from '../protocol/kmip-error.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import type { ServerRecord } from './records.ts'

/*
 * What clients ask the server to log (2.1 sections 6.1.26 and 6.1.29). It is kept in the database, not in the server's
 * own log: a client must not write there.
 */

/** Most characters of one message. */
const LONGEST_MESSAGE = 4096

/** Entries kept of one client; its oldest make room. */
const MOST_ENTRIES = 10_000

const SECONDS_KEPT = 90 * 86_400

/** Entries looked at, at each new one, for those whose time is over. */
const SWEPT_AT_ONCE = 4

export type ClientLogEntry = {
  /** Seconds since 1970. */
  readonly at: number
  /** The client's name at that time. */
  readonly client: string
  readonly operation: string
  readonly message: string
}

type Entry = Pick<ClientLogEntry, 'operation' | 'message'>

const documentOf = (client: string, { operation, message }: Entry): Buffer =>
  Buffer.from(JSON.stringify({ client, operation, message }))

const textIn = (document: object, field: string): string => {
  const value: unknown = new Map<string, unknown>(Object.entries(document)).get(field)
  return typeof value === 'string' ? value : ''
}

export const entryOf = ({ createdAt, document }: Pick<ServerRecord, 'createdAt' | 'document'>): ClientLogEntry => {
  const parsed: unknown = JSON.parse(document.toString())
  const fields = typeof parsed === 'object' && parsed !== null ? parsed : {}
  const [client, operation, message] = ['client', 'operation', 'message'].map((field) => textIn(fields, field))
  return { at: createdAt, client: client ?? '', operation: operation ?? '', message: message ?? '' }
}

const isOver = ({ expiresAt }: ServerRecord, now: number): boolean => expiresAt !== undefined && expiresAt <= now

/**
 * Keeps an entry, and drops the oldest of the client where it has too many or their time is over.
 * @throws KmipError InvalidField for a text that is empty or too long
 */
export const keepEntry = (context: OperationContext, entry: Entry): MaybePromise<void> => {
  const { records, principal, ids, now } = context
  if (entry.message.length === 0 || entry.message.length > LONGEST_MESSAGE) {
    throw new KmipError('InvalidField', 'The text to be logged is empty or too long')
  }
  const kept = { kind: 'log', owner: principal.id } as const
  return then(records.count('log', principal.id), (count) =>
    then(records.list({ ...kept, limit: SWEPT_AT_ONCE }), (oldest) => {
      const room = Math.max(0, count + 1 - MOST_ENTRIES)
      for (const [index, record] of oldest.entries()) if (index < room || isOver(record, now)) records.remove(record)
      const document = documentOf(principal.name, entry)
      records.add({ ...kept, id: ids.next(), expiresAt: now + SECONDS_KEPT, document, sealed: undefined })
    }),
  )
}
