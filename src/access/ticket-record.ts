import { createHash } from 'node:crypto'
import { z } from 'zod'
import { storeKeyOf } from '../domain/bytes.ts'
import type { KeyStore } from '../domain/key-store.ts'
import { OPERATION, type Operation } from '../protocol/enums/operation.ts'

/*
 * A ticket as it is kept: under the digest of its value, and with a MAC, so that whoever changes the database makes no
 * ticket and none better.
 */

const operation = z.custom<Operation>((value) => typeof value === 'string' && OPERATION.has(value))

const seen = z.object({ id: z.string(), version: z.number() })

const source = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('object'), user: seen, credential: seen }),
  z.object({ kind: z.literal('user'), name: z.string(), version: z.number() }),
  z.object({
    kind: z.literal('certificate'),
    certificate: z.object({
      fingerprint: z.string(),
      issuer: z.string(),
      subject: z.string(),
      trusted: z.boolean(),
      validFrom: z.number(),
      validTo: z.number(),
    }),
  }),
])

const right = z.object({
  operations: z.array(operation).readonly().optional(),
  objects: z.array(z.string()).readonly().optional(),
  groups: z.array(z.string()).readonly().optional(),
  uses: z.number().optional(),
})

const kept = z.object({
  principal: z.object({ id: z.string(), name: z.string(), tenant: z.string(), role: z.enum(['admin', 'client']) }),
  /** Who logged in is looked up again whenever the ticket is shown. */
  source: source.optional(),
  /** What is left; absent: no limit. */
  requests: z.number().optional(),
  uses: z.number().optional(),
  rights: z.array(right).readonly().optional(),
})

export type KeptTicket = Readonly<z.output<typeof kept>>

export type Sealing = Pick<KeyStore, 'authenticate' | 'isAuthentic'>

/** Random: a plain digest tells nothing about it. */
export const ticketIdOf = (value: Buffer): string => createHash('sha256').update(value).digest('hex')

const authenticated = (id: string, text: Buffer): Buffer => Buffer.concat([Buffer.from(`ticket ${id}\n`), text])

/** MAC and text, where the one is that of the other. @throws Error */
const authenticParts = (
  keys: Sealing,
  id: string,
  document: Buffer,
): { readonly mac: Buffer; readonly text: Buffer } => {
  const macEnd = 1 + (document[0] ?? 0)
  const parts = { mac: document.subarray(1, macEnd), text: document.subarray(macEnd) }
  if (!keys.isAuthentic(authenticated(id, parts.text), parts.mac)) {
    throw new Error('the record of a ticket is not what was written')
  }
  return parts
}

const withMac = (keys: Sealing, id: string, text: Buffer): Buffer => {
  const mac = keys.authenticate(authenticated(id, text))
  return Buffer.concat([Buffer.of(mac.length), mac, text])
}

/**
 * The document with a MAC under the current store key; undefined where it has one.
 * @throws Error where the record is not what was written
 */
export const renewTicket = (
  keys: Sealing & Pick<KeyStore, 'storeKey'>,
  id: string,
  document: Buffer,
): Buffer | undefined => {
  const { mac, text } = authenticParts(keys, id, document)
  return storeKeyOf(mac) === keys.storeKey ? undefined : withMac(keys, id, text)
}

/** @throws Error where the record is not what was written */
export const decodeTicket = (keys: Sealing, id: string, document: Buffer): KeptTicket =>
  kept.parse(JSON.parse(authenticParts(keys, id, document).text.toString()))

export const encodeTicket = (keys: Sealing, id: string, ticket: KeptTicket): Buffer =>
  withMac(keys, id, Buffer.from(JSON.stringify(ticket)))
