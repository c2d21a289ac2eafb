import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { connect, type TLSSocket } from 'node:tls'
import { createFrameSplitter } from '../../src/ttlv/frame.ts'

/*
 * The load generator, a process of its own: connections that each send a request, wait for the answer and send the next.
 * Only answers with Result Status Success count; everything else is an error and is reported as one. Reads its task from
 * the command line as JSON and prints its result as JSON.
 */

export type LoadTask = {
  readonly port: number
  readonly ca: string
  readonly certificate: string
  readonly key: string
  readonly connections: number
  /** Seconds: dropped, then measured. */
  readonly warmUp: number
  readonly seconds: number
  /** Request messages in hex, sent in turn. */
  readonly requests: readonly string[]
}

export type LoadResult = {
  /** Successful answers per second. */
  readonly rate: number
  readonly errors: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

const RESPONSE_MESSAGE = 0x42007b
const SUCCESS = Buffer.from('42007f05000000040000000000000000', 'hex')

type Tally = { counting: boolean; count: number; errors: number; readonly latencies: number[] }

const open = (task: LoadTask): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      {
        port: task.port,
        host: '127.0.0.1',
        ca: readFileSync(task.ca),
        cert: readFileSync(task.certificate),
        key: readFileSync(task.key),
        servername: 'localhost',
      },
      () => resolve(socket),
    )
    socket.setNoDelay(true)
    socket.once('error', reject)
  })

const drive = (socket: TLSSocket, requests: readonly Buffer[], tally: Tally): void => {
  const splitter = createFrameSplitter({ tag: RESPONSE_MESSAGE, maxSize: 16 * 1024 * 1024 })
  let sent = 0
  let at = 0
  const send = (): void => {
    const request = requests[at % requests.length]
    at += 1
    sent = performance.now()
    if (request !== undefined) socket.write(request)
  }
  socket.on('data', (chunk: Buffer) => {
    for (const message of splitter.push(chunk)) {
      if (tally.counting) {
        if (message.includes(SUCCESS)) {
          tally.count += 1
          tally.latencies.push(performance.now() - sent)
        } else tally.errors += 1
      }
      send()
    }
  })
  socket.on('error', () => {
    tally.errors += 1
  })
  send()
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const run = async (task: LoadTask): Promise<LoadResult> => {
  const requests = task.requests.map((hex) => Buffer.from(hex, 'hex'))
  const sockets = await Promise.all(Array.from({ length: task.connections }, () => open(task)))
  const tally: Tally = { counting: false, count: 0, errors: 0, latencies: [] }
  for (const [index, socket] of sockets.entries()) {
    // Connections start at different requests, so that they do not all ask for the same.
    const offset = (index * 31) % requests.length
    drive(socket, [...requests.slice(offset), ...requests.slice(0, offset)], tally)
  }
  await sleep(task.warmUp)
  tally.counting = true
  const start = performance.now()
  await sleep(task.seconds)
  tally.counting = false
  const elapsed = (performance.now() - start) / 1000
  for (const socket of sockets) socket.destroy()
  const sorted = tally.latencies.sort((a, b) => a - b)
  return {
    rate: tally.count / elapsed,
    errors: tally.errors,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
  }
}

const [argument] = process.argv.slice(2)
if (argument !== undefined) console.log(JSON.stringify(await run(JSON.parse(argument) as LoadTask)))
