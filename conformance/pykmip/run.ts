import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeFile } from 'node:fs/promises'
import { kmipd, type KmipServer, startKmipd, temporaryData } from '../../spec-tests/helpers/server.ts'
import { runDemos } from './demos.ts'
import { hasPykmip, python } from './python.ts'
import { judgeAll, type Result, resultIn, tableOf } from './results.ts'
import { makeMaterial, type Setup, writeSetup } from './setup.ts'

/*
 * The real PyKMIP 0.10 client against the real server: `npm run conformance:pykmip`. Needs Debian's python3-pykmip.
 * With PYKMIP_BYTES=1 a failure shows request and response.
 */

const CLIENTS = ['admin', 'alice', 'bob'] as const

const script = (name: string): string => join(import.meta.dirname, 'checks', name)

/** Runs a script of checks; one that breaks off is a failure of its own. */
const runChecks = async (name: string, setup: Setup, ...words: readonly string[]): Promise<readonly Result[]> => {
  const { code, lines, output } = await python(script(name), [setup.file, ...words])
  const results = lines.map(resultIn).filter((result) => result !== undefined)
  if (code === 0 && results.length > 0) return results
  return [...results, { name, ok: false, detail: `ended with ${String(code)}: ${output.slice(-500)}` }]
}

/** How long keys are made before the server is killed, in milliseconds. */
const WRITING = 1_500

/** Kills the server under a client that makes keys, starts it again, and reads back what the client was told. */
const runKill = async (server: KmipServer, setup: Setup, restart: () => Promise<Setup>): Promise<readonly Result[]> => {
  const writing = python(script('durable_write.py'), [setup.file])
  await setTimeout(WRITING)
  await server.kill()
  const { lines } = await writing
  const again = await restart()
  const file = join(server.data, '../pykmip/keys.json')
  await writeFile(file, `[${lines.join(',')}]`, { mode: 0o600 })
  const made = { name: 'killed: keys were made until then', ok: lines.length > 0, detail: `${lines.length} keys` }
  return [made, ...(await runChecks('durable_read.py', again, file))]
}

const runAll = async (): Promise<readonly Result[]> => {
  const { data, remove } = await temporaryData()
  let server = await startKmipd(data, ['--log-level', 'warn'])
  try {
    for (const client of CLIENTS.slice(1)) await kmipd('client', 'add', client, '--data', data)
    const material = await makeMaterial(server)
    const setup = await writeSetup(server, CLIENTS, material)
    const results = [
      ...(await runChecks('pie_api.py', setup)),
      ...(await runChecks('proxy_api.py', setup)),
      ...(await runChecks('two_clients.py', setup)),
      ...(await runDemos(setup.config('alice'))),
    ]
    const restart = async (): Promise<Setup> => {
      server = await startKmipd(data, ['--log-level', 'warn'])
      return writeSetup(server, CLIENTS, material)
    }
    results.push(...(await runKill(server, setup, restart)))
    const code = await server.stop()
    return [...results, { name: 'the server stops as it should', ok: code === 0, detail: `exit code ${String(code)}` }]
  } finally {
    await server.kill()
    await remove()
  }
}

const main = async (): Promise<number> => {
  if (!hasPykmip()) {
    console.log('PyKMIP is not installed (apt-get install python3-pykmip)')
    console.log(`0 passed, ${process.env['CI'] === 'true' ? '1 failed, 0 skipped' : '0 failed, 1 skipped'}`)
    return process.env['CI'] === 'true' ? 1 : 0
  }
  const judged = judgeAll(await runAll())
  console.log(tableOf(judged))
  return judged.some(({ verdict }) => verdict === 'failed') ? 1 : 0
}

process.exitCode = await main()
