import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kmipd, startKmipd, temporaryData } from '../../../spec-tests/helpers/server.ts'
import { type Result, resultIn } from '../../pykmip/results.ts'
import type { Client } from '../client.ts'
import { installMongodb, knowsDelegatedKeys, missingForMongodb } from './install.ts'

const run = promisify(execFile)

const CHECK = join(import.meta.dirname, 'check.js')

const resultsOf = async (setup: string, mode: 'write' | 'read'): Promise<readonly Result[]> => {
  const { stdout } = await run(process.execPath, ['--no-warnings', CHECK, setup, mode])
  return stdout.split('\n').flatMap((line) => resultIn(line) ?? [])
}

/** A document is encrypted, the server killed and started again, and the document read. */
const play = async (): Promise<readonly Result[]> => {
  const folder = await installMongodb()
  const delegated = await knowsDelegatedKeys()
  const { data, remove } = await temporaryData()
  let server = await startKmipd(data, ['--log-level', 'warn'])
  try {
    await kmipd('client', 'add', 'app', '--for', 'mongodb-drivers', '--data', data)
    const setup = join(data, 'setup.json')
    const write = async (): Promise<void> => {
      const files = {
        ca: join(data, 'pki/ca.crt'),
        pem: join(data, 'pki/clients/app.pem'),
        vault: join(data, 'vault.json'),
      }
      await writeFile(setup, JSON.stringify({ folder, port: server.port, delegated, ...files }))
    }
    await write()
    const written = await resultsOf(setup, 'write')
    await server.kill()
    server = await startKmipd(data, ['--log-level', 'warn'])
    await write()
    return [...written, ...(await resultsOf(setup, 'read'))]
  } finally {
    await server.kill()
    await remove()
  }
}

export const mongodb: Client = {
  name: 'MongoDB driver',
  missing: missingForMongodb,
  play,
  skipped: async () =>
    (await knowsDelegatedKeys())
      ? []
      : ['MongoDB driver: delegated keys need libmongocrypt 1.10 (the transcript mongodb-drivers has what they send)'],
}
