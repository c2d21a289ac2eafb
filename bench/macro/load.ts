import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { createFrameSplitter } from '../../src/ttlv/frame.ts'

/*
 * The load generator, a process of its own: connections that each send a request, wait for the answer and send the next.
 * Only answers with Result Status Success count; everything else is an error and is reported as one. Reads its task as
 * JSON and prints its result as JSON.
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
  /** Connections last (the default), or are made anew for each request: with a full handshake, or a resumed one. */
  readonly connect?: 'full' | 'resumed'
}

export type LoadResult = {
  /** Successful answers per second. */
  readonly rate: number
  readonly errors: number
  /** Answers in all, while warming up, too. */
  readonly answers: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

const RESPONSE_MESSAGE = 0x42007b
const SUCCESS = Buffer.from('42007f05000000040000000000000000', 'hex')

type Tally = { counting: boolean; answers: number; count: number; errors: number; readonly latencies: number[] }

const open = (task: LoadTask, secureContext: SecureContext, session?: Buffer): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const options = { port: task.port, host: '127.0.0.1', secureContext, servername: 'localhost' }
    const socket = connect({ ...options, ...(session === undefined ? {} : { session }) }, () => resolve(socket))
    socket.setNoDelay(true)
    socket.once('error', reject)
  })

const note = (tally: Tally, message: Buffer, sent: number): void => {
  tally.answers += 1
  if (!tally.counting) return
  if (message.includes(SUCCESS)) {
    tally.count += 1
    tally.latencies.push(performance.now() - sent)
  } else tally.errors += 1
}

const splitterOf = () => createFrameSplitter({ tag: RESPONSE_MESSAGE, maxSize: 16 * 1024 * 1024 })

const drive = (socket: TLSSocket, requests: readonly Buffer[], tally: Tally): void => {
  const splitter = splitterOf()
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
      note(tally, message, sent)
      send()
    }
  })
  socket.on('error', () => {
    tally.errors += 1
  })
  send()
}

/** One request over a connection of its own, from the TCP connection to the answer; returns the session for the next. */
const visit = async (
  task: LoadTask,
  secureContext: SecureContext,
  request: Buffer,
  tally: Tally,
  session: Buffer | undefined,
): Promise<Buffer | undefined> => {
  const sent = performance.now()
  const socket = await open(task, secureContext, session)
  const splitter = splitterOf()
  let next = session
  socket.on('session', (given: Buffer) => (next = given))
  socket.write(request)
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      for (const message of splitter.push(chunk)) {
        note(tally, message, sent)
        resolve()
      }
    })
    socket.on('close', () => resolve())
  })
  if (session !== undefined && !socket.isSessionReused()) tally.errors += 1
  socket.destroy()
  return next
}

const keepVisiting = async (
  task: LoadTask,
  secureContext: SecureContext,
  request: Buffer,
  tally: Tally,
  until: () => boolean,
): Promise<void> => {
  let session: Buffer | undefined
  while (until()) {
    const given = await visit(task, secureContext, request, tally, session)
    session = task.connect === 'resumed' ? given : undefined
  }
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

/** Starts the traffic; the result ends it. */
const start = async (task: LoadTask, tally: Tally): Promise<() => Promise<unknown>> => {
  const requests = task.requests.map((hex) => Buffer.from(hex, 'hex'))
  const [first] = requests
  const files = { ca: readFileSync(task.ca), cert: readFileSync(task.certificate), key: readFileSync(task.key) }
  const secureContext = createSecureContext(files)
  const places = Array.from({ length: task.connections }, (_, index) => index)
  if (task.connect !== undefined && first !== undefined) {
    let goesOn = true
    const visits = places.map(() => keepVisiting(task, secureContext, first, tally, () => goesOn))
    return () => {
      goesOn = false
      return Promise.all(visits)
    }
  }
  const sockets = await Promise.all(places.map(() => open(task, secureContext)))
  for (const [index, socket] of sockets.entries()) {
    // Connections start at different requests, so that they do not all ask for the same.
    const offset = (index * 31) % requests.length
    drive(socket, [...requests.slice(offset), ...requests.slice(0, offset)], tally)
  }
  return () => {
    for (const socket of sockets) socket.destroy()
    return Promise.resolve()
  }
}

const run = async (task: LoadTask): Promise<LoadResult> => {
  const tally: Tally = { counting: false, answers: 0, count: 0, errors: 0, latencies: [] }
  const stop = await start(task, tally)
  await sleep(task.warmUp)
  tally.counting = true
  const begin = performance.now()
  await sleep(task.seconds)
  tally.counting = false
  const elapsed = (performance.now() - begin) / 1000
  await stop()
  const sorted = tally.latencies.sort((a, b) => a - b)
  return {
    rate: tally.count / elapsed,
    errors: tally.errors,
    answers: tally.answers,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
  }
}

if (import.meta.main) console.log(JSON.stringify(await run(JSON.parse(readFileSync(0, 'utf8')) as LoadTask)))
