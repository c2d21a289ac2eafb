import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { issue, makeAuthority } from '../../certs/test-pki.ts'
import type { TestIdentity } from '../../certs/test-pki.ts'
import { listen } from '../../src/net/tls-listener.ts'

/**
 * What the listener costs: requests per second through it against a bare node:tls echo of the same sizes, in turn.
 * `node bench/macro/listener.ts [rounds] [seconds]`. Servers are processes of their own, the client is this one.
 */

const REQUEST = 200
const RESPONSE = 320
const CONNECTIONS = 32

type Kind = 'bare' | 'listener'

type Setup = { readonly kind: Kind; readonly server: TestIdentity; readonly ca: string }

const isSetup = (message: unknown): message is Setup =>
  typeof message === 'object' && message !== null && 'kind' in message

const isPort = (message: unknown): message is number => typeof message === 'number'

const response = (() => {
  const bytes = Buffer.alloc(RESPONSE)
  bytes.writeUInt32BE(0x42007b01)
  bytes.writeUInt32BE(RESPONSE - 8, 4)
  return bytes
})()

const serveBare = async ({ server, ca }: Setup): Promise<number> => {
  const tls = createServer({ ...server, ca, requestCert: true, noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(response))
  })
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
  const address = tls.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const serveListener = async ({ server, ca }: Setup): Promise<number> => {
  const principal = { id: 'bench', name: 'bench', tenant: 'default', role: 'client', groups: [] } as const
  const silent = (): void => undefined
  const reply = { bytes: response, close: false, release: silent }
  const { port } = await listen({
    host: '127.0.0.1',
    port: 0,
    certificates: { ...server, ca: [ca] },
    handler: { handle: () => reply, refuse: () => ({ ...reply, close: true }) },
    identify: () => Promise.resolve(principal),
    ticketKeys: () => Buffer.alloc(48, 1),
    clock: { now: () => 0 },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  })
  return port
}

/** Answers received in `seconds` by closed-loop connections, each with one request on its way. */
const measure = async (port: number, client: TestIdentity, ca: string, seconds: number): Promise<number> => {
  const request = Buffer.alloc(REQUEST)
  request.writeUInt32BE(0x42007801)
  request.writeUInt32BE(REQUEST - 8, 4)
  let answers = 0
  const open = async (): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, cert: client.cert, key: client.key })
    await once(socket, 'secureConnect')
    socket.setNoDelay(true)
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received < RESPONSE) return
      received = 0
      answers += 1
      socket.write(request)
    })
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, open))
  for (const socket of sockets) socket.write(request)
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
  await wait(500)
  answers = 0
  const start = performance.now()
  await wait(seconds * 1000)
  const rate = (answers * 1000) / (performance.now() - start)
  for (const socket of sockets) socket.destroy()
  return rate
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const startServer = async (setup: Setup): Promise<{ readonly port: number; readonly stop: () => void }> => {
  const child = fork(import.meta.filename, ['server'])
  child.send(setup)
  const port = await new Promise<unknown>((resolve) => child.once('message', resolve))
  if (!isPort(port)) throw new Error('no port')
  return { port, stop: () => child.kill() }
}

const runClient = async (rounds: number, seconds: number): Promise<void> => {
  const authority = await makeAuthority('bench CA')
  const server = await issue(authority, { name: 'localhost', usage: 'server' })
  const client = await issue(authority)
  const kinds = ['bare', 'listener'] as const
  const rates: Record<Kind, number[]> = { bare: [], listener: [] }
  const servers = await Promise.all(kinds.map((kind) => startServer({ kind, server, ca: authority.cert })))
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, kind] of kinds.entries()) {
      rates[kind].push(await measure(servers[index]?.port ?? 0, client, authority.cert, seconds))
    }
  }
  for (const { stop } of servers) stop()
  const ratios = rates.listener.map((rate, round) => rate / (rates.bare[round] ?? 1))
  const [bare, listener] = kinds.map((kind) => Math.round(median(rates[kind])))
  console.log(JSON.stringify({ bare, listener, ratio: Number(median(ratios).toFixed(3)), rounds, seconds }))
}

const [first, second] = process.argv.slice(2)
if (first === 'server') {
  process.once('message', (setup) => {
    if (!isSetup(setup)) throw new Error('no setup')
    void (setup.kind === 'bare' ? serveBare(setup) : serveListener(setup)).then((port) => process.send?.(port))
  })
} else {
  await runClient(Number(first ?? 5), Number(second ?? 3))
}
