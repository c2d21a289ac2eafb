import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClientIdentity, identityOf, kmipd, startKmipd, temporaryData } from '../../spec-tests/helpers/server.ts'
import { captureFiles, hasCaptures, playCapture } from './captures.ts'
import { playTranscript } from './play.ts'
import { readTranscript, type Transcript } from './transcript.ts'

/*
 * What products send, as they send it, against the real server: `npm run conformance:products -- [PRODUCT ...]`. The
 * transcripts are written from what is known about the products (FORMAT.md says how they are read); exchanges that were
 * recorded from real ones are played, too, where they lie beside the project.
 */

const FOLDER = join(import.meta.dirname, 'transcripts')

type Result = { readonly name: string; readonly problems: readonly string[] }

const transcripts = (wanted: readonly string[]): readonly Transcript[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.kmip'))
    .sort()
    .map((file) => readTranscript(readFileSync(join(FOLDER, file), 'utf8')))
    .filter(({ product }) => wanted.length === 0 || wanted.includes(product))

/** A client of the product, or another device of it, which is the same principal. */
const identitiesFor = (data: string, { product }: Transcript) => {
  const known = new Map<string, Promise<ClientIdentity>>()
  const add = async (name: string): Promise<ClientIdentity> => {
    const client = name === 'main' ? product : `${product}-${name}`
    const same = name === 'main' ? [] : ['--principal', product]
    await kmipd('client', 'add', client, '--for', product, '--form', 'pair', ...same, '--data', data)
    return identityOf(data, client)
  }
  return (name: string): Promise<ClientIdentity> => {
    const identity = known.get(name) ?? add(name)
    known.set(name, identity)
    return identity
  }
}

const playAll = async (wanted: readonly string[]): Promise<readonly Result[]> => {
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, ['--log-level', 'error'])
  try {
    const results: Result[] = []
    for (const transcript of transcripts(wanted)) {
      const problems = await playTranscript(transcript, server, identitiesFor(data, transcript))
      results.push({ name: `${transcript.product}: ${transcript.title}`, problems })
    }
    for (const file of hasCaptures() && wanted.length === 0 ? captureFiles() : []) {
      const problems = await playCapture(file, server, await identityOf(data, 'admin'))
      results.push({ name: `recorded: ${file}`, problems })
    }
    return results
  } finally {
    await server.kill()
    await remove()
  }
}

const results = await playAll(process.argv.slice(2))
for (const { name, problems } of results) {
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  for (const problem of problems) console.log(`       ${problem}`)
}
if (!hasCaptures()) console.log('skip recorded exchanges: they are not on this machine')
const failed = results.filter(({ problems }) => problems.length > 0).length
console.log(`${results.length - failed} passed, ${failed} failed, ${hasCaptures() ? 0 : 1} skipped`)
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1
