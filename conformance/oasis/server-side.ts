import { join } from 'node:path'
import { decodeRequest, encodeAnswer, listenAsClient } from '../../spec-tests/helpers/as-server.ts'
import { type ClientIdentity, connectTo, kmipd, type KmipServer } from '../../spec-tests/helpers/server.ts'
import { decodeResponse, encodeRequest } from '../../spec-tests/helpers/messages.ts'
import { CRYPTOGRAPHIC_USAGE_MASK } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import type { Bindings } from './bindings.ts'
import { compareRequest } from './compare.ts'
import { decodeItem } from './decode.ts'
import { encodeMessage, type Resolve } from './encode.ts'
import type { Element, Exchange } from './parse.ts'

/*
 * The exchanges that the server begins (1.4 section 5, 2.1 section 6.2): here the runner is the client that listens. The
 * server is told by its operator where, and what to push.
 */

const child = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((candidate) => candidate.name === name)

const itemOf = ({ request }: Exchange): Element | undefined => child(request, 'BatchItem')

const operationOf = (exchange: Exchange): string | undefined => child(itemOf(exchange), 'Operation')?.value

/** Whether the server sends the request: Put and Notify are only ever sent by one, and some cases say it by their name. */
export const isServersOwn = (name: string, exchange: Exchange): boolean =>
  ['Put', 'Notify'].includes(operationOf(exchange) ?? '') || name.includes('S2C')

const CREATE = {
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: {
      templates: [],
      attributes: [
        { name: 'CryptographicAlgorithm', value: 'AES' },
        { name: 'CryptographicLength', value: 256 },
        { name: 'CryptographicUsageMask', value: CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt') },
      ],
    },
  },
} as const

/** The object to push. A case without one is about what comes before any push: anything will do. */
const objectOf = async (
  server: KmipServer,
  identity: ClientIdentity,
  exchange: Exchange,
  bindings: Bindings,
): Promise<string> => {
  const spelled = child(child(itemOf(exchange), 'RequestPayload'), 'UniqueIdentifier')?.value ?? ''
  const known = bindings.values.get(spelled)
  if (known !== undefined) return known
  const connection = await connectTo(server, identity)
  try {
    const [result] = decodeResponse(await connection.ask(encodeRequest('1.4', [CREATE])), '1.4')
    return String(result?.payload['uniqueIdentifier'])
  } finally {
    connection.close()
  }
}

/** How long the server may take until it comes, in milliseconds. */
const PATIENCE = 30_000

/** Lets the server send the request of the exchange, answers it as the case does, and says what was different. */
export const playServersOwn = async (
  server: KmipServer,
  identity: ClientIdentity,
  version: Version,
  exchange: Exchange,
  { bindings, resolve }: { readonly bindings: Bindings; readonly resolve: Resolve },
): Promise<readonly string[]> => {
  const { promise, resolve: finish } = Promise.withResolvers<readonly string[]>()
  const timer = setTimeout(() => finish(['the server has not come']), PATIENCE)
  const client = await listenAsClient(identity, (bytes) => {
    const request = decodeRequest(bytes)
    if (request.operation !== operationOf(exchange)) {
      return encodeAnswer(request, { failed: request.operation === 'Query' })
    }
    finish(compareRequest(exchange.request, decodeItem(bytes), bindings))
    return encodeMessage(exchange.response, resolve)
  })
  const { data } = server
  try {
    const id = await objectOf(server, identity, exchange, bindings)
    const where = ['--address', `127.0.0.1:${client.port}`, '--certificate', join(data, 'pki/clients/admin.crt')]
    await kmipd('client', 'notify', 'admin', '--data', data, '--speaks', version, ...where)
    await kmipd('put', id, '--to', 'admin', '--data', data)
    return await promise
  } finally {
    clearTimeout(timer)
    await kmipd('client', 'notify', 'admin', '--data', data, '--off')
    await client.close()
  }
}
