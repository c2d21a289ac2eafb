import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { kmipd, startKmipd, temporaryData } from '../../../spec-tests/helpers/server.ts'
import { python } from '../../pykmip/python.ts'
import { type Result, resultIn } from '../../pykmip/results.ts'
import type { Client } from '../client.ts'

const LIBRARY = '/usr/lib/x86_64-linux-gnu/libkms_message.so.0'

const play = async (): Promise<readonly Result[]> => {
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, ['--log-level', 'warn'])
  try {
    await kmipd('client', 'add', 'kms', '--for', 'mongodb-drivers', '--data', data)
    const pem = join(data, 'pki/clients/kms.pem')
    const words = [String(server.port), join(data, 'pki/ca.crt'), pem, pem]
    const { code, lines, output } = await python(join(import.meta.dirname, 'check.py'), words)
    const results = lines.flatMap((line) => resultIn(line) ?? [])
    return code === 0 ? results : [...results, { name: 'libkms_message', ok: false, detail: output.slice(-500) }]
  } finally {
    await server.kill()
    await remove()
  }
}

export const libkms: Client = {
  name: 'libkms_message',
  missing: () => (existsSync(LIBRARY) ? undefined : 'libmongocrypt0 is not installed (apt-get install)'),
  play,
}
