import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { notification } from '../../src/operations/notify.ts'
import { pushedObject } from '../../src/operations/put.ts'
import { endpointRole } from '../../src/operations/set-endpoint-role.ts'
import { OPERATION, type Operation } from '../../src/protocol/enumerations.ts'
import { protocolVersion, requestMessage, responseMessage } from '../../src/protocol/message.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { type Fields, repeated, struct } from '../../src/schema/struct.ts'
import { type Version, versionNumbers, versionOf } from '../../src/schema/version.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import type { ClientIdentity } from './server.ts'

/* The other way round: a client that takes requests of the server and answers them. */

/** A request of the server as a client reads it. */
export type ServerRequest = {
  readonly version: Version
  readonly operation: Operation
  readonly payload: Readonly<Record<string, unknown>>
}

const versions = { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) }

const FIELDS: Readonly<Partial<Record<Operation, Fields>>> = {
  Notify: notification,
  Put: pushedObject,
  SetEndpointRole: endpointRole,
  DiscoverVersions: versions,
}

export const decodeRequest = (bytes: Buffer): ServerRequest => {
  const { header, items } = requestMessage.compile('2.1').read(bytes, 0)
  const { major, minor } = header.protocolVersion
  const version = versionOf(major, minor) ?? '2.1'
  const [item] = items
  const operation = item && OPERATION.nameOf(item.operation)
  if (item === undefined || operation === undefined) throw new Error('no operation in the request')
  const fields = FIELDS[operation]
  const payload = fields === undefined ? {} : struct(operation, fields).compile(version).read(item.payload, 0)
  return { version, operation, payload }
}

/** What a client answers: success with or without a payload, or a failure. */
export type ClientAnswer = { readonly payload?: Buffer; readonly failed?: boolean }

export const payloadOf = (fields: Fields, value: unknown, version: Version = '2.1'): Buffer => {
  const writer = new Writer()
  struct('payload', fields)
    .compile(version)
    .write(writer, TAG.ResponsePayload, value as never)
  return Buffer.from(writer.bytes())
}

export const encodeAnswer = (
  { version, operation }: Pick<ServerRequest, 'version' | 'operation'>,
  { payload, failed = false }: ClientAnswer = {},
): Buffer => {
  const writer = new Writer()
  responseMessage.compile(version).write(writer, TAG.ResponseMessage, {
    header: {
      protocolVersion: versionNumbers(version),
      timeStamp: Math.floor(Date.now() / 1000),
      attestationType: [],
      batchCount: 1,
    },
    items: [
      {
        operation: OPERATION.code[operation],
        resultStatus: failed ? 'OperationFailed' : 'Success',
        resultReason: failed ? 'OperationNotSupported' : undefined,
        resultMessage: failed ? 'no' : undefined,
        payload,
      },
    ],
  })
  return Buffer.from(writer.bytes())
}

export const versionsPayload = (...spoken: readonly Version[]): Buffer =>
  payloadOf(versions, { protocolVersions: spoken.map(versionNumbers) })

/** What a client that behaves says to the server's first questions; undefined where the request is none of them. */
export const introduction = (request: ServerRequest, ...spoken: readonly Version[]): Buffer | undefined => {
  if (request.operation === 'Query') return encodeAnswer(request, { failed: true })
  return request.operation === 'DiscoverVersions'
    ? encodeAnswer(request, spoken.length === 0 ? { failed: true } : { payload: versionsPayload(...spoken) })
    : undefined
}

/** A client that listens. `answer` gives what to say to each request; nothing where it says nothing. */
export const listenAsClient = async (
  identity: ClientIdentity,
  answer: (request: Buffer, socket: TLSSocket) => Buffer | undefined,
) => {
  const sockets = new Set<TLSSocket>()
  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true }, (socket) => {
    sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 8 && held.length >= 8 + held.readUInt32BE(4)) {
        const size = 8 + held.readUInt32BE(4)
        const said = answer(Buffer.from(held.subarray(0, size)), socket)
        held = held.subarray(size)
        if (said !== undefined && socket.writable) socket.write(said)
      }
    })
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    /** Connections so far. */
    get connections() {
      return sockets.size
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
