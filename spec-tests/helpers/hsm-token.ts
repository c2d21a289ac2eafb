import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A token in a folder of its own, ready to be logged in to, and what a process needs to reach it. */
export type HsmToken = {
  /** The file of the module. */
  readonly module: string
  readonly label: string
  readonly pin: string
  readonly soPin: string
  /** What NSS wants to know in C_Initialize; undefined with every other module. */
  readonly libraryParameters: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** A command that runs another one where the token can be reached; empty where that is everywhere. */
  readonly within: readonly string[]
  /** Ends what runs for the token. Its folder belongs to whoever made it. */
  remove(): Promise<void>
}

/** A module that the tests know how to make a token of. */
export type HsmModule = {
  readonly name: 'softhsm' | 'nss' | 'tpm2' | 'opencryptoki'
  readonly title: string
  /** Why there can be no token of it here; undefined where there can. */
  readonly missing: () => string | undefined
  /** Makes a token in an empty folder. */
  readonly prepare: (folder: string) => Promise<HsmToken>
}

export const PIN = '13572468'
export const SO_PIN = '87654321'

/** The file of a library under one of the names that Debian gives it. */
export const libraryFile = (...names: readonly string[]): string | undefined =>
  ['/usr/lib', ...readdirSync('/usr/lib', { withFileTypes: true }).flatMap(folderOf)]
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file))

const folderOf = (entry: { readonly name: string; isDirectory(): boolean }): readonly string[] =>
  entry.isDirectory() && entry.name.includes('-linux-') ? [join('/usr/lib', entry.name)] : []

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

/** The file of a command, in the folders of the administrator too. */
export const commandFile = (name: string): string | undefined =>
  PATH.split(':')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))

/** Runs a command to its end; rejects with what it said where it fails. */
export const command = async (
  [name = '', ...words]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { stdout } = await run(name, words, { env: { ...process.env, PATH, ...env }, timeout: 60_000 })
  return stdout
}

// The daemon ends when the pipe to its standard input closes: however this process ends, none is left behind.
const UNTIL_INPUT_ENDS = '"$0" "$@" <&- & child=$!; cat > /dev/null; kill $child; wait $child'

/** Runs a daemon for as long as this process runs, or until it is told to end. */
export const daemon = (
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly said: () => string; readonly stop: () => Promise<void> } => {
  const shell = spawn('/bin/sh', ['-c', UNTIL_INPUT_ENDS, ...words], {
    env: { ...process.env, PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const gone = once(shell, 'exit')
  let said = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  // A test file that is through does not wait for it.
  shell.unref()
  return {
    said: () => said,
    stop: async () => {
      shell.ref()
      shell.stdin.end()
      await gone
    },
  }
}

/** What `C_InitToken` and `C_InitPIN` do; for modules that have no command for it. */
export const initToken = (token: Omit<HsmToken, 'remove'>, oldSoPin: string): Promise<string> =>
  command(
    [
      ...token.within,
      process.execPath,
      '--no-warnings',
      join(import.meta.dirname, 'hsm-init-token.ts'),
      JSON.stringify({ ...token, oldSoPin }),
    ],
    token.env,
  )
