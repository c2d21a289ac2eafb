import { httpWire, post } from '../../spec-tests/helpers/http.ts'
import { type ClientIdentity, connectTo, type KmipServer } from '../../spec-tests/helpers/server.ts'
import type { Encoding } from '../../src/encodings/encoding.ts'
import { json } from '../../src/encodings/json.ts'
import { xml } from '../../src/encodings/xml.ts'

/** What a case is played over: it sends TTLV and receives TTLV, whatever is on the wire. */
export type CaseConnection = {
  /** Rejects where there is no answer. */
  ask(message: Buffer): Promise<Buffer>
  close(): void
}

const LIMITS = { maxBytes: 10_000_000, maxDepth: 32, maxItems: 100_000 }

/** How a message goes over HTTPS (Additional Message Encodings 1.0, section 2.4). */
type Form = { readonly type: string; readonly encoding: Encoding | undefined }

/** Cases of the encodings say in their names which one they are about. */
const FORMS: Readonly<Record<string, Form>> = {
  HTTPS: { type: 'application/octet-stream', encoding: undefined },
  JSON: { type: 'application/json', encoding: json },
  XML: { type: 'text/xml', encoding: xml },
}

const formOf = (name: string): Form | undefined => FORMS[/^MSGENC[-_]([A-Z]+)[-_]/.exec(name)?.[1] ?? '']

const overHttps = async ({ httpsPort }: KmipServer, identity: ClientIdentity, form: Form): Promise<CaseConnection> => {
  const { socket } = await connectTo({ port: httpsPort }, identity)
  const wire = httpWire(socket)
  const { type, encoding } = form
  return {
    ask: async (message) => {
      socket.write(post(encoding === undefined ? message : encoding.fromTtlv(message), type))
      const response = await wire.next()
      if (response === undefined) throw new Error('the server closed the connection')
      const { status, headers, body } = response
      if (status !== 200) throw new Error(`status ${status}`)
      if (headers['content-type'] !== type || headers['cache-control'] !== 'no-cache') throw new Error('other headers')
      return encoding === undefined ? body : encoding.toTtlv(body.toString(), LIMITS)
    },
    close: () => void socket.destroy(),
  }
}

/** A connection for one case: TLS, or HTTPS where the case is about that. */
export const connectForCase = async (
  server: KmipServer,
  identity: ClientIdentity,
  name: string,
): Promise<CaseConnection> => {
  const form = formOf(name)
  if (form !== undefined) return overHttps(server, identity, form)
  const connection = await connectTo(server, identity)
  return {
    ask: async (message) => {
      connection.write(message)
      const answer = await connection.next()
      if (answer === undefined) throw new Error('the server closed the connection')
      return answer
    },
    close: () => void connection.socket.destroy(),
  }
}
