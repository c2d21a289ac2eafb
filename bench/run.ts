import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeResponse, encodeRequest, type Item } from '../spec-tests/helpers/messages.ts'
import { bareInserts } from './macro/bare-inserts.ts'
import { clientFiles, exchange, load, type RunningServer, serverFiles, startEcho, startKmipd } from './macro/server.ts'

/*
 * The figures that the project promises, each as a ratio against something measured in the same run:
 *
 *   npm run bench              a table, in about two minutes
 *   npm run bench -- --json    a line of JSON for each figure
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
const WARM_UP = 1.5

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rounded = (value: number): number => Math.round(value * 100) / 100

const aes256 = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
  { name: 'CryptographicUsageMask', value: 12 },
]

const createItem = (...names: readonly string[]): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: {
      templates: [],
      attributes: [
        ...aes256,
        ...names.map((name) => ({ name: 'Name', value: { nameValue: name, nameType: 'UninterpretedTextString' } })),
      ],
    },
  },
})

const unnamedCreate = encodeRequest('1.4', [createItem()])

const getItem = (id: string): Item => ({ operation: 'Get', request: { uniqueIdentifier: { by: 'id', id } } })

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

const run = (port: number, data: string, connections: number, requests: readonly Buffer[], seconds = SECONDS) =>
  load({ port, ...clientFiles(data), connections, warmUp: WARM_UP, seconds, requests: hex(requests) })

const BATCH = 100

const seed = async ({ server, data }: Bench, from: number, to: number): Promise<void> => {
  const numbers = Array.from({ length: (to - from) / BATCH }, (_, batch) => from + batch * BATCH)
  const messages = numbers.map((start) =>
    encodeRequest(
      '1.4',
      Array.from({ length: BATCH }, (_, index) => ({
        ...createItem(`key-${start + index}`),
        id: Buffer.from([index]),
      })),
    ),
  )
  // Several connections, so that their commits share transactions.
  const parts = Array.from({ length: 16 }, (_, part) => messages.filter((_message, index) => index % 16 === part))
  await Promise.all(parts.map((part) => exchange(server.port, clientFiles(data), part)))
}

const createdIds = async ({ server, data }: Bench, count: number): Promise<readonly string[]> => {
  const answers = await exchange(
    server.port,
    clientFiles(data),
    Array.from({ length: count }, () => unnamedCreate),
  )
  return answers.map((answer) => String(decodeResponse(answer, '1.4')[0]?.payload['uniqueIdentifier']))
}

const getFigure = async (bench: Bench): Promise<Figure> => {
  const requests = (await createdIds(bench, 100)).map((id) => encodeRequest('1.4', [getItem(id)]))
  const [first = unnamedCreate] = requests
  // Twice: the first Get of an object is also a change, from fresh to not fresh.
  await exchange(bench.server.port, clientFiles(bench.data), requests)
  const [answer = first] = await exchange(bench.server.port, clientFiles(bench.data), [first])
  const echo = await startEcho(serverFiles(bench.data), answer)
  const rounds = Array.from({ length: ROUNDS }, () => ({
    echo: run(echo.port, bench.data, 32, requests),
    ours: run(bench.server.port, bench.data, 32, requests),
  }))
  await echo.stop()
  const ratio = median(rounds.map(({ ours, echo: bare }) => ours.rate / bare.rate))
  const errors = rounds.reduce((sum, { ours }) => sum + ours.errors, 0)
  const { rate = 0, p50 = 0, p99 = 0, p999 = 0 } = rounds.at(-1)?.ours ?? {}
  const bare = Math.round(rounds.at(-1)?.echo.rate ?? 0)
  return {
    name: 'Get over TLS, 32 connections, of bare node:tls echo',
    value: rounded(ratio),
    goal: '>= 0.5',
    met: ratio >= 0.5 && errors === 0,
    detail: `${Math.round(rate)}/s of ${bare}/s, p50 ${rounded(p50)} p99 ${rounded(p99)} p99.9 ${rounded(p999)} ms, ${errors} errors`,
  }
}

const createFigure = (bench: Bench): Figure => {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const ours = run(bench.server.port, bench.data, 64, [unnamedCreate])
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
  return median(Array.from({ length: ROUNDS }, () => run(bench.server.port, bench.data, 8, requests, 2).rate))
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

/** With the objects that are there, so that it takes longer than what is measured meanwhile. */
const keyRotationFigure = async (bench: Bench): Promise<Figure> => {
  const requests = (await createdIds(bench, 100)).map((id) => encodeRequest('1.4', [getItem(id)]))
  await exchange(bench.server.port, clientFiles(bench.data), requests)
  const alone = run(bench.server.port, bench.data, 32, requests)
  kmipdRoot('rotate', '--data', bench.data)
  const before = sealedAgain(bench)
  const start = performance.now()
  const meanwhile = run(bench.server.port, bench.data, 32, requests)
  const rate = (sealedAgain(bench) - before) / ((performance.now() - start) / 1000)
  const ratio = meanwhile.rate / alone.rate
  return {
    name: 'Get while everything is sealed again under another key, of Get without',
    value: rounded(ratio),
    goal: '>= 0.5',
    met: ratio >= 0.5 && meanwhile.errors === 0,
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

const data = mkdtempSync(join(tmpdir(), 'kmipd-bench-'))
const bench: Bench = { data, server: await startKmipd(data) }
try {
  report(codecFigures())
  report([await getFigure(bench)])
  report([createFigure(bench)])
  report([await locateFigure(bench)])
  report([await keyRotationFigure(bench)])
  report([await startFigure(bench)])
} finally {
  await bench.server.stop()
  rmSync(data, { recursive: true, force: true })
}
