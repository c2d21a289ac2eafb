import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownServerPair, pkiOf } from '../../src/cli/pki-of.ts'
import type { RunningServer } from '../../src/cli/program.ts'
import { runCli } from '../../src/cli/run.ts'
import { setUp } from '../../src/cli/set-up.ts'
import { program } from '../../src/compose.ts'
import { loadConfig } from '../../src/config/load.ts'
import { readServerCertificates } from '../../src/pki/server-certificates.ts'
import { recordingIo } from '../cli/recording-io.ts'
import type { HsmToken } from './hsm-token.ts'
import { temporaryDirectory } from './temporary.ts'

/* A server with its root key in an HSM, and the commands of its operator, in this process: to start others takes long. */

export const pinFile = (pin: string, mode = 0o600): string => {
  const file = join(temporaryDirectory('pin'), 'pin')
  writeFileSync(file, `${pin}\n`, { mode })
  return file
}

/** The settings that name the token. */
export const settingsFor = (token: HsmToken): Readonly<Record<string, string>> => ({
  'hsm.module': token.module,
  'hsm.token': token.label,
  'hsm.pin-file': pinFile(token.pin),
  ...(token.libraryParameters === undefined ? {} : { 'hsm.module-parameters': token.libraryParameters.trimEnd() }),
})

/** The same as flags of a command. */
export const flagsFor = (token: HsmToken): readonly string[] =>
  Object.entries(settingsFor(token)).flatMap(([key, value]) => [`--${key.replace('.', '-')}`, value])

export const newData = (): string => join(temporaryDirectory('hsm-data'), 'data')

/** Runs a command, and returns everything that it prints: what it answers, and how it fails. */
export const kmipdHere = async (...words: readonly string[]): Promise<string> => {
  const io = recordingIo()
  const context = { io, loadProgram: () => Promise.resolve(program), environment: {}, directory: process.cwd() }
  await runCli(words, context)
  return [...io.lines.out, ...io.lines.err].join('\n')
}

/** Starts a server; rejects where it does not start. */
export const startHere = async (
  data: string,
  settings: Readonly<Record<string, string>> = {},
  file?: string,
): Promise<RunningServer> => {
  const flags = { ...settings, data, host: '127.0.0.1', port: '0', 'log-level': 'silent' }
  const config = loadConfig({ flags, file, environment: {}, directory: process.cwd() })
  await setUp(program, config)
  const certificates = await readServerCertificates(pkiOf(config), ownServerPair(config), config.tls.clientCas)
  return program.startServer(config, certificates)
}
