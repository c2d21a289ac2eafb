import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialize, modulePids, newSite } from '../spec-tests/helpers/hsm-server.ts'
import { type ShimmedToken, withShim } from '../spec-tests/helpers/hsm-shim.ts'
import { softHsm } from '../spec-tests/helpers/hsm-softhsm.ts'
import { decodeResponse, encodeRequest, type Item } from '../spec-tests/helpers/messages.ts'
import { clientFiles, exchange, load, type RunningServer, startKmipd } from './macro/server.ts'

/*
 * What it costs that the root key is in an HSM, each figure as a ratio against the software root key in the same run:
 *
 *   npm run bench:hsm [-- --json]      with SoftHSM 2, in about two minutes
 */

const ROUNDS = 9
const SECONDS = 1
const WARM_UP = 0.5

const createItem: Item = {
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: {
      templates: [],
      attributes: [
        { name: 'CryptographicAlgorithm', value: 'AES' },
        { name: 'CryptographicLength', value: 256 },
        { name: 'CryptographicUsageMask', value: 12 },
      ],
    },
  },
}

const create = encodeRequest('1.4', [createItem])

type Site = { readonly data: string; readonly server: RunningServer; readonly gets: readonly Buffer[] }

const KEYS = 100

const open = async (data: string): Promise<Site> => {
  const server = await startKmipd(data)
  const answers = await exchange(
    server.port,
    clientFiles(data),
    Array.from({ length: KEYS }, () => create),
  )
  const gets = answers.map((answer) => {
    const id = String(decodeResponse(answer, '1.4')[0]?.payload['uniqueIdentifier'])
    return encodeRequest('1.4', [{ operation: 'Get', request: { uniqueIdentifier: { by: 'id', id } } }])
  })
  // The first Get of an object is also a change, from fresh to not fresh.
  await exchange(server.port, clientFiles(data), gets)
  return { data, server, gets }
}

const run = ({ server, data }: Site, requests: readonly Buffer[], connections: number) =>
  load({
    port: server.port,
    ...clientFiles(data),
    connections,
    warmUp: WARM_UP,
    seconds: SECONDS,
    requests: requests.map((request) => request.toString('hex')),
  })

type Result = ReturnType<typeof run>
type Pair = { readonly software: Result; readonly hsm: Result }

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rounded = (value: number): number => Math.round(value * 100) / 100

const report = (name: string, value: number, goal: string, isMet: boolean, detail: string): void => {
  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ name, value: rounded(value), goal, met: isMet, detail, node: process.version }))
  else
    console.log(
      `${isMet ? 'met   ' : 'MISSED'} ${String(rounded(value)).padStart(6)}  goal ${goal.padEnd(7)} ${name}\n               ${detail}`,
    )
}

/** By turns, and each first by turns, so that what else the machine does falls on both. */
const pairs = (one: Site, other: Site, requests: (site: Site) => readonly Buffer[], connections: number) =>
  Array.from({ length: ROUNDS }, (_, round): Pair => {
    const [first, second] = round % 2 === 0 ? [one, other] : [other, one]
    const results = [run(first, requests(first), connections), run(second, requests(second), connections)] as const
    return round % 2 === 0 ? { software: results[0], hsm: results[1] } : { software: results[1], hsm: results[0] }
  })

const reportRate = (name: string, results: readonly Pair[], goal: number): void => {
  const ratio = median(results.map(({ software, hsm }) => hsm.rate / software.rate))
  const errors = results.reduce((sum, { software, hsm }) => sum + software.errors + hsm.errors, 0)
  const rates = `${Math.round(median(results.map(({ hsm }) => hsm.rate)))}/s of ${Math.round(median(results.map(({ software }) => software.rate)))}/s`
  report(name, ratio, `>= ${goal}`, ratio >= goal && errors === 0, `${rates}, ${errors} errors`)
}

/** Every call to the module hangs, and so does each process that takes the place of the one that was ended for it. */
const reportHanging = (site: Site, token: ShimmedToken): void => {
  const calm = Array.from({ length: ROUNDS }, () => run(site, site.gets, 8))
  token.setFaults({ of: '*', fault: 'hang' })
  for (const pid of modulePids({ pid: site.server.pid ?? 0 })) process.kill(pid, 'SIGKILL')
  const hanging = Array.from({ length: ROUNDS }, () => run(site, site.gets, 8))
  const [before, after] = [calm, hanging].map((results) => median(results.map(({ p99 }) => p99)))
  const errors = hanging.reduce((sum, result) => sum + result.errors, 0)
  token.setFaults()
  const ratio = (after ?? 0) / (before ?? 1)
  const detail = `${rounded(after ?? 0)} ms after ${rounded(before ?? 0)} ms, ${errors} errors`
  report('p99 of Get while the HSM hangs, of that before', ratio, '<= 2', ratio <= 2 && errors === 0, detail)
}

const folder = mkdtempSync(join(tmpdir(), 'kmipd-bench-'))
const token = await withShim(await softHsm.prepare(folder), folder)
const site = newSite(token)
await initialize(site)
// The servers of the bench have the environment of this process.
Object.assign(process.env, token.env)
const software = await open(join(folder, 'software'))
const hsm = await open(site.data)
try {
  const get = pairs(software, hsm, ({ gets }) => gets, 32)
  reportRate('Get with the root key in an HSM, of the software root key', get, 0.95)
  const creates = pairs(software, hsm, () => [create], 64)
  reportRate('Create with the root key in an HSM, of the software root key', creates, 0.8)
  reportHanging(hsm, token)
} finally {
  await hsm.server.stop()
  await software.server.stop()
  rmSync(folder, { recursive: true, force: true })
}
