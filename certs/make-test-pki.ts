import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, makeAuthority } from './test-pki.ts'
import type { TestIdentity } from './test-pki.ts'

/** `node certs/make-test-pki.ts DIRECTORY`: a root, a server and a client certificate, valid for an hour. */
const makeTestPki = async (directory: string): Promise<void> => {
  mkdirSync(directory, { recursive: true })
  const save = (name: string, { cert, key }: TestIdentity): void => {
    writeFileSync(join(directory, `${name}.crt`), cert)
    writeFileSync(join(directory, `${name}.key`), key, { mode: 0o600 })
  }
  const authority = await makeAuthority('kmipd test CA')
  save('ca', authority)
  save('server', await issue(authority, { name: 'localhost', usage: 'server' }))
  save('client', await issue(authority, { name: 'client' }))
}

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: node certs/make-test-pki.ts DIRECTORY')
  process.exitCode = 2
} else {
  await makeTestPki(directory)
}
