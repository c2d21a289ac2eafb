import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRequest, type Item } from '../spec-tests/helpers/messages.ts'
import { bareInserts } from './macro/bare-inserts.ts'
import {
  clientFiles,
  exchange,
  loadOn,
  type Measured,
  type RunningServer,
  serverFiles,
  startEcho,
  startKmipd,
} from './macro/server.ts'
import { createItem, type Mode, MODES } from './modes.ts'

/*
 * The figures that the project promises, each as a ratio against something measured in the same run:
 *
 *   npm run bench                  a table, in about two minutes
 *   npm run bench -- --full        with the figures of every mode, in about four
 *   npm run bench -- --only get    one of them: codec, get, get-batch, discover, encrypt, encrypt-64k,
 *                                  hmac, full, resumed, create, locate, rotation, start
 *   npm run bench -- --json        a line of JSON for each figure
 */

type Figure = {
  readonly name: string
  readonly value: number
  readonly goal: string
  readonly met: boolean
  /** Absolute numbers, which hold for this machine alone. */
  readonly detail: string
}

const ROUNDS = 3
const SECONDS = 3
const WARM_UP = 1

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rounded = (value: number): number => Math.round(value * 100) / 100

const namedItem = (name: string): Item =>
  createItem([{ name: 'Name', value: { nameValue: name, nameType: 'UninterpretedTextString' } }])

const locateItem = (name: string): Item => ({
  operation: 'Locate',
  request: {
    filters: [
      {
        ref: { name: 'Name' },
        value: { type: 'Structure', value: nameValue(name) },
      },
    ],
  },
})

/** The fields of a Name, encoded: a filter may have any of them. */
const nameValue = (name: string): Buffer => {
  const text = Buffer.from(name)
  const header = Buffer.alloc(8)
  header.writeUInt32BE(0x42005507)
  header.writeUInt32BE(text.length, 4)
  const padding = Buffer.alloc((8 - (text.length % 8)) % 8)
  return Buffer.concat([header, text, padding, Buffer.from('42005405000000040000000100000000', 'hex')])
}

type Bench = { readonly data: string; server: RunningServer }

const hex = (messages: readonly Buffer[]): readonly string[] => messages.map((message) => message.toString('hex'))

type Traffic = {
  readonly connections: number
  readonly requests: readonly Buffer[]
  readonly seconds?: number
  readonly connect?: 'full' | 'resumed' | undefined
}

const run = (server: RunningServer, data: string, traffic: Traffic): Measured => {
  const { connections, requests, seconds = SECONDS, connect } = traffic
  const task = { ...clientFiles(data), connections, warmUp: WARM_UP, seconds, requests: hex(requests) }
  return loadOn(server, connect === undefined ? task : { ...task, connect })
}

const exchangeWith =
  ({ server, data }: Bench) =>
  (messages: readonly Buffer[]): Promise<readonly Buffer[]> =>
    exchange(server.port, clientFiles(data), messages)

const BATCH = 100

const seed = async ({ server, data }: Bench, from: number, to: number): Promise<void> => {
  const numbers = Array.from({ length: (to - from) / BATCH }, (_, batch) => from + batch * BATCH)
  const messages = numbers.map((start) =>
    encodeRequest(
      '1.4',
      Array.from({ length: BATCH }, (_, index) => ({
        ...namedItem(`key-${start + index}`),
        id: Buffer.from([index]),
      })),
    ),
  )
  // Several connections, so that their commits share transactions.
  const parts = Array.from({ length: 16 }, (_, part) => messages.filter((_message, index) => index % 16 === part))
  await Promise.all(parts.map((part) => exchange(server.port, clientFiles(data), part)))
}

const requestsOf = (bench: Bench, mode: Mode): Promise<readonly Buffer[]> => mode.requests(exchangeWith(bench))

type TlsFigure = { readonly mode: Mode; readonly goal: number; readonly connect?: 'full' | 'resumed' }

const detailOf = ({ rate, errors, p50, p99, p999 }: Measured, bare: Measured, processor: number): string => {
  const times = `p50 ${rounded(p50)} p99 ${rounded(p99)} p99.9 ${rounded(p999)} ms`
  return `${Math.round(rate)}/s of ${Math.round(bare.rate)}/s, ${times}, by processor time ${rounded(processor)}, ${errors} errors`
}

const WHAT = { full: ' over a new connection, full handshake', resumed: ' over a new connection, resumed' }

/** A mode against bare node:tls that answers each message with as many bytes, in turn. */
const tlsFigure = async (bench: Bench, { mode, goal, connect }: TlsFigure): Promise<Figure> => {
  const requests = await requestsOf(bench, mode)
  const [answer = Buffer.alloc(0)] = await exchangeWith(bench)(requests.slice(0, 1))
  const echo = await startEcho(serverFiles(bench.data), answer)
  const traffic = { connections: connect === undefined ? 32 : 8, requests, connect }
  const rounds = Array.from({ length: ROUNDS }, () => ({
    bare: run(echo, bench.data, traffic),
    ours: run(bench.server, bench.data, traffic),
  }))
  await echo.stop()
  const ratio = median(rounds.map(({ ours, bare }) => ours.rate / bare.rate))
  const processor = median(rounds.map(({ ours, bare }) => bare.processor / ours.processor))
  const errors = rounds.reduce((sum, { ours }) => sum + ours.errors, 0)
  const last = rounds.at(-1)
  return {
    name: `${mode.name}${connect === undefined ? ' over TLS, 32 connections' : WHAT[connect]}, of bare node:tls`,
    value: rounded(ratio),
    goal: `>= ${goal}`,
    met: ratio >= goal && errors === 0,
    detail: last === undefined ? '' : detailOf(last.ours, last.bare, processor),
  }
}

/** Objects in batches against objects one by one. */
const batchFigure = async (bench: Bench): Promise<Figure> => {
  const { get, 'get-batch': batch } = MODES
  const one = { connections: 32, requests: await requestsOf(bench, get) }
  const many = { connections: 32, requests: await requestsOf(bench, batch) }
  const rounds = Array.from({ length: ROUNDS }, () => ({
    one: run(bench.server, bench.data, one),
    many: run(bench.server, bench.data, many),
  }))
  const ratio = median(rounds.map((round) => (round.many.rate * batch.perMessage) / round.one.rate))
  const errors = rounds.reduce((sum, round) => sum + round.many.errors, 0)
  const last = rounds.at(-1)
  return {
    name: `${batch.name}, objects, of Get one by one`,
    value: rounded(ratio),
    goal: '>= 3',
    met: ratio >= 3 && errors === 0,
    detail: `${Math.round((last?.many.rate ?? 0) * batch.perMessage)}/s of ${Math.round(last?.one.rate ?? 0)}/s, ${errors} errors`,
  }
}

const createFigure = async (bench: Bench): Promise<Figure> => {
  const requests = await requestsOf(bench, MODES.create)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const ours = run(bench.server, bench.data, { connections: 64, requests })
    return { ours, bare: bareInserts(join(bench.data, 'kmipd.db'), bench.data, 3000) }
  })
  const ratio = median(rounds.map(({ ours, bare }) => ours.rate / bare))
  const errors = rounds.reduce((sum, { ours }) => sum + ours.errors, 0)
  const { ours, bare = 0 } = rounds.at(-1) ?? {}
  return {
    name: 'durable Create, 64 connections, of the same rows inserted one by one',
    value: rounded(ratio),
    goal: '>= 3',
    met: ratio >= 3 && errors === 0,
    detail: `${Math.round(ours?.rate ?? 0)}/s of ${Math.round(bare)}/s, p99 ${rounded(ours?.p99 ?? 0)} ms, ${errors} errors`,
  }
}

const locateAt = (bench: Bench, objects: number) => {
  const requests = Array.from({ length: 200 }, (_, index) =>
    encodeRequest('1.4', [locateItem(`key-${Math.floor((index * objects) / 200)}`)]),
  )
  return median(
    Array.from({ length: ROUNDS }, () => run(bench.server, bench.data, { connections: 8, requests, seconds: 2 }).rate),
  )
}

const locateFigure = async (bench: Bench): Promise<Figure> => {
  await seed(bench, 0, 1000)
  const few = locateAt(bench, 1000)
  await seed(bench, 1000, 100_000)
  const many = locateAt(bench, 100_000)
  const ratio = few / many
  return {
    name: 'Locate by Name, time with 100,000 objects of that with 1,000',
    value: rounded(ratio),
    goal: '<= 1.5',
    met: ratio <= 1.5,
    detail: `${Math.round(many)}/s against ${Math.round(few)}/s`,
  }
}

const kmipdRoot = (...words: readonly string[]): string =>
  execFileSync(process.execPath, ['--no-warnings', 'src/main.ts', 'root', ...words], {
    encoding: 'utf8',
    cwd: join(import.meta.dirname, '..'),
  })

/** What has been sealed again, as the operator is told it. */
const sealedAgain = ({ data }: Bench): number =>
  Number(/(\d+) sealed again/.exec(kmipdRoot('status', '--data', data))?.[1] ?? 0)

/** Objects that no other figure has made, so that there is something to seal again whatever ran before. */
const SEALED_OBJECTS = [200_000, 230_000] as const

const keyRotationFigure = async (bench: Bench): Promise<Figure> => {
  await seed(bench, ...SEALED_OBJECTS)
  const traffic = { connections: 32, requests: await requestsOf(bench, MODES.get) }
  const alone = run(bench.server, bench.data, traffic)
  kmipdRoot('rotate', '--data', bench.data)
  const before = sealedAgain(bench)
  const start = performance.now()
  const meanwhile = run(bench.server, bench.data, traffic)
  const rate = (sealedAgain(bench) - before) / ((performance.now() - start) / 1000)
  const ratio = meanwhile.rate / alone.rate
  return {
    name: 'Get while everything is sealed again under another key, of Get without',
    value: rounded(ratio),
    goal: '>= 0.5',
    met: ratio >= 0.5 && rate > 0 && meanwhile.errors === 0,
    detail: `p99 ${rounded(meanwhile.p99)} against ${rounded(alone.p99)} ms; ${Math.round(rate)}/s sealed again, ${meanwhile.errors} errors`,
  }
}

const startFigure = async (bench: Bench): Promise<Figure> => {
  const query = encodeRequest('1.4', [{ operation: 'DiscoverVersions', request: { protocolVersions: [] } }])
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await bench.server.stop()
    const start = performance.now()
    bench.server = await startKmipd(bench.data)
    await exchange(bench.server.port, clientFiles(bench.data), [query])
    times.push((performance.now() - start) / 1000)
  }
  const seconds = median(times)
  return {
    name: 'start with existing data to the first answer, seconds',
    value: rounded(seconds),
    goal: '< 1',
    met: seconds < 1,
    detail: `of ${times.map(rounded).join(', ')}`,
  }
}

type CodecResult = {
  readonly version: string
  readonly ratio: number
  readonly ratioToText: number
  readonly ratioToKmipJson: number
  readonly ratioToKmipXml: number
}

const codecFiguresOf = (result: CodecResult): readonly Figure[] => [
  {
    name: `codec, Get in ${result.version}, of JSON.parse and JSON.stringify`,
    value: result.ratio,
    goal: '>= 3',
    met: result.ratio >= 3,
    detail: `${result.ratioToText} where JSON finds its bytes ready as text`,
  },
  {
    name: `codec, Get in ${result.version}, TTLV of KMIP in JSON`,
    value: result.ratioToKmipJson,
    goal: 'none',
    met: true,
    detail: `${result.ratioToKmipXml} of KMIP in XML; both read and write their text besides the TTLV`,
  },
]

const codecFigures = (): readonly Figure[] => {
  const output = execFileSync(process.execPath, [join(import.meta.dirname, 'micro/codec.ts'), '--json'], {
    encoding: 'utf8',
  })
  return output
    .trim()
    .split('\n')
    .flatMap((line) => codecFiguresOf(JSON.parse(line) as CodecResult))
}

const report = (figures: readonly Figure[]): void => {
  for (const figure of figures) {
    if (process.argv.includes('--json')) console.log(JSON.stringify({ ...figure, node: process.version }))
    else
      console.log(
        `${figure.met ? 'met   ' : 'MISSED'} ${String(figure.value).padStart(6)}  goal ${figure.goal.padEnd(7)} ${figure.name}\n               ${figure.detail}`,
      )
  }
}

type Row = {
  readonly name: string
  /** Measured only where all are asked for, or this one. */
  readonly extra?: true
  readonly measure: (bench: Bench) => Promise<readonly Figure[]> | readonly Figure[]
}

const tlsRow = (name: string, figure: TlsFigure, extra?: true): Row => ({
  name,
  ...(extra && { extra }),
  measure: async (bench) => [await tlsFigure(bench, figure)],
})

const ROWS: readonly Row[] = [
  { name: 'codec', measure: codecFigures },
  tlsRow('get', { mode: MODES.get, goal: 0.5 }),
  { name: 'get-batch', extra: true, measure: async (bench) => [await batchFigure(bench)] },
  tlsRow('discover', { mode: MODES.discover, goal: 0.8 }, true),
  tlsRow('encrypt', { mode: MODES.encrypt, goal: 0.5 }, true),
  tlsRow('encrypt-64k', { mode: MODES['encrypt-64k'], goal: 0.6 }, true),
  tlsRow('hmac', { mode: MODES.hmac, goal: 0.5 }, true),
  tlsRow('full', { mode: MODES.discover, goal: 0.9, connect: 'full' }, true),
  tlsRow('resumed', { mode: MODES.discover, goal: 0.9, connect: 'resumed' }, true),
  { name: 'create', measure: async (bench) => [await createFigure(bench)] },
  { name: 'locate', measure: async (bench) => [await locateFigure(bench)] },
  { name: 'rotation', measure: async (bench) => [await keyRotationFigure(bench)] },
  { name: 'start', measure: async (bench) => [await startFigure(bench)] },
]

const chosen = (): readonly Row[] => {
  const at = process.argv.indexOf('--only')
  const only = at < 0 ? undefined : process.argv[at + 1]
  if (only !== undefined) return ROWS.filter(({ name }) => name === only)
  return process.argv.includes('--full') ? ROWS : ROWS.filter(({ extra }) => extra !== true)
}

const data = mkdtempSync(join(tmpdir(), 'kmipd-bench-'))
const bench: Bench = { data, server: await startKmipd(data) }
try {
  for (const { measure } of chosen()) report(await measure(bench))
} finally {
  await bench.server.stop()
  rmSync(data, { recursive: true, force: true })
}
