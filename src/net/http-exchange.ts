import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Encoding } from '../encodings/encoding.ts'
import { json } from '../encodings/json.ts'
import { xml } from '../encodings/xml.ts'

/*
 * KMIP over HTTPS (Additional Message Encodings 1.0, section 2): POST /kmip with a message, whose encoding is that of its
 * Content-Type. Everything else is answered by its status, and no word more.
 */

const TARGET = '/kmip'

/** Encodings by Content-Type; TTLV needs none. */
const TYPES: ReadonlyMap<string, Encoding | undefined> = new Map([
  ['application/octet-stream', undefined],
  ['application/json', json],
  ['text/xml', xml],
])

/** The same message is longer as text: bytes are two digits each, and every item says its name. */
const TEXT_FACTOR = 4

/** What a request head says about the message that follows. */
export type Announced = {
  readonly type: string
  readonly encoding: Encoding | undefined
  readonly length: number
}

export type Refused = { readonly status: number; readonly headers?: Readonly<Record<string, string>> }

/** `type/subtype`, where its parameters say nothing but UTF-8. */
const mediaType = (value: string | undefined): string | undefined => {
  const [type = '', ...parameters] = (value ?? '').toLowerCase().split(';')
  return parameters.every((parameter) => /^\s*(charset\s*=\s*"?utf-8"?\s*)?$/.test(parameter)) ? type.trim() : undefined
}

/** The path of a target in either form (RFC 9112 section 3.2); a query makes it another one. */
const pathOf = (target: string): string => {
  if (target.startsWith('/') || !URL.canParse(target)) return target
  const { pathname, search } = new URL(target)
  return pathname + search
}

/** The length that a client has to give (section 2.4), or undefined. */
const contentLength = (headers: IncomingHttpHeaders): number | undefined => {
  const length = headers['content-length']
  return headers['transfer-encoding'] === undefined && length !== undefined ? Number(length) : undefined
}

/** Reads the head of a request, before anything of its body; `maxMessage` counts TTLV. */
export const readHead = ({ url = '', method, headers }: IncomingMessage, maxMessage: number): Announced | Refused => {
  if (pathOf(url) !== TARGET) return { status: 404 }
  if (method !== 'POST') return { status: 405, headers: { Allow: 'POST' } }
  const type = mediaType(headers['content-type'])
  if (type === undefined || !TYPES.has(type)) return { status: 415 }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return { status: 415 }
  const length = contentLength(headers)
  if (length === undefined) return { status: 411 }
  if (length === 0) return { status: 400 }
  const encoding = TYPES.get(type)
  if (length > (encoding === undefined ? 1 : TEXT_FACTOR) * maxMessage) return { status: 413 }
  return { type, encoding, length }
}

export const isRefused = (head: Announced | Refused): head is Refused => 'status' in head

/** Collects a body of known length; calls back once, and never where the request is cut short. */
export const collectBody = (request: IncomingMessage, then: (body: Buffer) => void): void => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => {
    if (request.complete) then(Buffer.concat(chunks))
  })
}

/** Section 2.5: Content-Length, and no cache keeps what may be a key. */
export const respond = (
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string,
): void => {
  response.writeHead(status, {
    ...headers,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache',
  })
  response.end(body)
}

export const refuse = (response: ServerResponse, { status, headers = {} }: Refused): void =>
  respond(response, status, headers, '')

/** How much of a text is read before anything of it is looked at. */
export const textLimits = (maxMessage: number) => ({
  maxBytes: TEXT_FACTOR * maxMessage,
  maxDepth: 32,
  maxItems: 10_000,
})
