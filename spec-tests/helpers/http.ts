import type { TLSSocket } from 'node:tls'

/** A response as it came over the wire. */
export type HttpResponse = {
  readonly status: number
  readonly version: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type HttpWire = {
  readonly socket: TLSSocket
  /** The next response; undefined where the server has closed the connection before one. */
  next(): Promise<HttpResponse | undefined>
  readonly isClosed: boolean
  readonly closed: Promise<void>
}

const parseHead = (head: string): Omit<HttpResponse, 'body'> => {
  const [first = '', ...lines] = head.split('\r\n')
  const [version = '', status = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(status), version, headers }
}

/** Reads responses byte by byte: what is tested is what stands on the wire, not what a client makes of it. */
export const httpWire = (socket: TLSSocket): HttpWire => {
  let held = Buffer.alloc(0)
  let isClosed = false
  socket.on('data', (chunk: Buffer) => (held = Buffer.concat([held, chunk])))
  socket.on('error', () => undefined)
  // Not `once` of node:events, which fails where the server cuts the connection while we write.
  const happened = (event: 'close' | 'data'): Promise<void> =>
    new Promise((resolve) => socket.once(event, () => resolve()))
  const closed = happened('close').then(() => {
    isClosed = true
  })

  const take = (): HttpResponse | undefined => {
    const end = held.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const head = parseHead(held.toString('latin1', 0, end))
    const size = head.status < 200 ? 0 : Number(head.headers['content-length'] ?? 0)
    if (held.length < end + 4 + size) return undefined
    const body = Buffer.from(held.subarray(end + 4, end + 4 + size))
    held = held.subarray(end + 4 + size)
    return { ...head, body }
  }

  const next = async (): Promise<HttpResponse | undefined> => {
    for (;;) {
      const response = take()
      if (response !== undefined || isClosed) return response
      await Promise.race([happened('data'), closed])
    }
  }

  return {
    socket,
    next,
    get isClosed() {
      return isClosed
    },
    closed,
  }
}

/** A POST of a message, as a client of the text sends it (Additional Message Encodings 1.0, section 2.4). */
export const post = (body: Buffer | string, type: string, more: readonly string[] = []): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        'POST /kmip HTTP/1.1',
        'Host: localhost',
        `Content-Type: ${type}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Cache-Control: no-cache',
        ...more,
        '',
        '',
      ].join('\r\n'),
    ),
    Buffer.from(body),
  ])
