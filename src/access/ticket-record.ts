import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { KeyStore } from '../domain/key-store.ts'
import { OPERATION, type Operation } from '../protocol/enums/operation.ts'

/*
 * A ticket as it is kept: under the digest of its value, and with a MAC, so that whoever changes the database makes no
 * ticket and none better.
 */

const operation = z.custom<Operation>((value) => typeof value === 'string' && OPERATION.has(value))

const source = z.discriminatedUnion('kind', [
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

export const encodeTicket = (keys: Sealing, id: string, ticket: KeptTicket): Buffer => {
  const text = Buffer.from(JSON.stringify(ticket))
  const mac = keys.authenticate(authenticated(id, text))
  return Buffer.concat([Buffer.of(mac.length), mac, text])
}

/** @throws Error where the record is not what was written */
export const decodeTicket = (keys: Sealing, id: string, document: Buffer): KeptTicket => {
  const macEnd = 1 + (document[0] ?? 0)
  const text = document.subarray(macEnd)
  if (!keys.isAuthentic(authenticated(id, text), document.subarray(1, macEnd))) {
    throw new Error('the record of a ticket is not what was written')
  }
  return kept.parse(JSON.parse(text.toString()))
}
