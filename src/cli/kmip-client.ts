import { X509Certificate } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { OPERATION, type Operation } from '../protocol/enumerations.ts'
import { requestMessage, responseMessage } from '../protocol/message.ts'
import { TAG } from '../protocol/tags.ts'
import type { Kind } from '../schema/kind.ts'
import { extendedTypesIn, type Version, versionNumbers } from '../schema/version.ts'
import { createFrameSplitter, type FrameSplitter } from '../ttlv/frame.ts'
import { scan } from '../ttlv/scan.ts'
import { Writer } from '../ttlv/writer.ts'

/** One operation as a client asks for it, and as it is answered. */
export type Call<Request, Response> = {
  readonly operation: Operation
  readonly request: Kind<Request>
  readonly response: Kind<Response>
}

/** The server answered, and the answer is no success. */
export class OperationFailedError extends Error {
  readonly reason: string

  constructor(operation: Operation, reason: string, message: string) {
    super(`${operation}: ${reason} (${message})`)
    this.name = 'OperationFailedError'
    this.reason = reason
  }
}

/** A request message of one item (1.4 section 7.1, 2.1 section 8.1). */
export const encodeRequest = <Request>(
  version: Version,
  { operation, request }: Pick<Call<Request, unknown>, 'operation' | 'request'>,
  value: Request,
): Buffer => {
  const payload = new Writer()
  request.compile(version).write(payload, TAG.RequestPayload, value)
  const message = new Writer()
  requestMessage.compile(version).write(message, TAG.RequestMessage, {
    header: { protocolVersion: versionNumbers(version), attestationType: [], batchCount: 1 },
    items: [{ operation: OPERATION.code[operation], payload: payload.bytes(), messageExtension: [] }],
  })
  return message.bytes()
}

/**
 * The payload of a response message of one item (1.4 section 7.1, 2.1 section 8.4).
 * @throws OperationFailedError where the item failed; TtlvError, SchemaError where the message is none
 */
export const decodeResponse = <Response>(
  version: Version,
  { operation, response }: Pick<Call<unknown, Response>, 'operation' | 'response'>,
  message: Buffer,
): Response => {
  scan(message, extendedTypesIn(version))
  const [item, ...more] = responseMessage.compile(version).read(message, 0).items
  if (item === undefined || more.length > 0) throw new Error(`${operation}: the answer is not one item`)
  if (item.resultStatus !== 'Success')
    throw new OperationFailedError(
      operation,
      item.resultReason ?? item.resultStatus,
      item.resultMessage ?? 'no message',
    )
  if (item.payload === undefined) throw new Error(`${operation}: the answer has no payload`)
  return response.compile(version).read(item.payload, 0)
}

export type KmipClientOptions = {
  readonly host: string
  readonly port: number
  /** PEM of the very certificate that the server must show: no name and no authority is asked. */
  readonly serverCertificate: string
  readonly certificate: string
  readonly key: string
}

/** A connection to a KMIP server, for one request after the other. */
export type KmipClient = {
  /** @throws OperationFailedError, or an Error where the connection is lost or the answer is none */
  call<Request, Response>(version: Version, call: Call<Request, Response>, value: Request): Promise<Response>
  close(): void
}

/** How long an answer may take, in milliseconds. */
const PATIENCE = 10_000

const LARGEST_ANSWER = 1024 * 1024

const openSocket = (options: KmipClientOptions): Promise<TLSSocket> => {
  const { host, port, serverCertificate, certificate, key } = options
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = connect({
    host,
    port,
    cert: certificate,
    key,
    // This one certificate is trusted, not what follows it in its file: it need not lead to a root, nor name the host.
    ca: new X509Certificate(serverCertificate).toString(),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.2',
  })
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('the server does not answer')))
  socket.once('secureConnect', () => resolve(socket))
  socket.once('error', reject)
  return promise
}

const nextMessage = (socket: TLSSocket, splitter: FrameSplitter): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const onData = (chunk: Buffer): void => {
    try {
      const [message] = splitter.push(chunk)
      if (message !== undefined) resolve(message)
    } catch (error) {
      reject(error instanceof Error ? error : new Error('the answer is no message'))
    }
  }
  const onClose = (): void => reject(new Error('the server has closed the connection'))
  socket.on('data', onData)
  socket.once('close', onClose)
  socket.once('error', reject)
  return promise.finally(() => {
    socket.off('data', onData)
    socket.off('close', onClose)
    socket.off('error', reject)
  })
}

/**
 * Connects with a client certificate.
 * @throws Error where there is no server, or it shows another certificate
 */
export const connectKmip = async (options: KmipClientOptions): Promise<KmipClient> => {
  const socket = await openSocket(options)
  // What comes between two requests is noticed by the next one.
  socket.on('error', () => undefined)
  const splitter = createFrameSplitter({ tag: TAG.ResponseMessage, maxSize: LARGEST_ANSWER })
  return {
    call: async (version, call, value) => {
      if (socket.destroyed) throw new Error('the server has closed the connection')
      const answer = nextMessage(socket, splitter)
      socket.write(encodeRequest(version, call, value))
      return decodeResponse(version, call, await answer)
    },
    close: () => void socket.end(),
  }
}
