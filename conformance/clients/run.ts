import { type Judged, type Result, tableOf } from '../pykmip/results.ts'
import type { Client } from './client.ts'
import { libkms } from './libkms/run.ts'
import { mongodb } from './mongodb/run.ts'

/*
 * Real programs against the real server: `npm run conformance:clients -- [NAME ...]`. What they need comes from Debian
 * and npm; where it is missing they are skipped, and say so. (PyKMIP has a run of its own, conformance:pykmip.)
 */

const CLIENTS: readonly Client[] = [libkms, mongodb]

const judged = ({ name, ok, detail }: Result): Judged => ({ name, verdict: ok ? 'passed' : 'failed', detail })

const skip = (name: string, detail: string): Judged => ({ name, verdict: 'skipped', detail })

const playClient = async (client: Client): Promise<readonly Judged[]> => {
  const missing = client.missing()
  if (missing !== undefined) return [skip(client.name, missing)]
  try {
    const results = (await client.play()).map(judged)
    const skipped = (await client.skipped?.()) ?? []
    const nothing: Judged = { name: client.name, verdict: 'failed', detail: 'did nothing' }
    return [...(results.length === 0 ? [nothing] : results), ...skipped.map((reason) => skip(reason, ''))]
  } catch (error) {
    return [{ name: client.name, verdict: 'failed', detail: error instanceof Error ? error.message : 'failed' }]
  }
}

const wanted = process.argv.slice(2)
const all: Judged[] = []
for (const client of CLIENTS) {
  if (wanted.length === 0 || wanted.includes(client.name)) all.push(...(await playClient(client)))
}
console.log(tableOf(all))
process.exitCode = all.some(({ verdict }) => verdict === 'failed') ? 1 : 0
