import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import type { HsmToken } from './hsm-token.ts'
import { environment, type KmipServer, MAIN, startKmipd } from './server.ts'
import { temporaryDirectory } from './temporary.ts'

/* The real program, as an administrator runs it with a token. */

/** How a command has ended; `code` is null where a signal ended it. */
export type Ending = { readonly code: number | null; readonly out: string; readonly err: string }

/** A data directory that is to be served with a token. */
export type Site = {
  readonly token: HsmToken
  readonly data: string
  /** Holds the PIN. */
  readonly pinFile: string
}

const PATIENCE = 60_000

/** A site without anything in it yet. */
export const newSite = (token: HsmToken): Site => {
  const folder = temporaryDirectory('hsm-site')
  const pinFile = join(folder, 'pin')
  writeFileSync(pinFile, `${token.pin}\n`, { mode: 0o600 })
  return { token, data: join(folder, 'data'), pinFile }
}

/** Runs a command to its end, whatever that is. */
export const run = ({ token, data }: Site, ...words: readonly string[]): Promise<Ending> => {
  const [command, ...rest] = [...token.within, process.execPath, '--no-warnings', MAIN, ...words, '--data', data]
  const options = { env: { ...environment(), ...token.env }, timeout: PATIENCE, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    const child = execFile(command, rest, options, (_error, out, err) => resolve({ code: child.exitCode, out, err }))
  })
}

/** Flags that say which token it is. */
export const tokenFlags = ({ token, pinFile }: Site): readonly string[] => [
  ...['--hsm-module', token.module],
  ...['--hsm-token', token.label],
  ...['--hsm-pin-file', pinFile],
  ...(token.libraryParameters === undefined ? [] : ['--hsm-module-parameters', token.libraryParameters.trimEnd()]),
]

/** `kmipd hsm init` with the token that is there: makes the root key, and configures the data directory for it. */
export const initialize = async (site: Site): Promise<string> => {
  const { code, out, err } = await run(site, 'hsm', 'init', ...tokenFlags(site))
  if (code !== 0) throw new Error(`kmipd hsm init: ${err}`)
  return out
}

/** `kmipd serve`; killed at the end of the test, if it has not ended before. */
export const serve = async (t: Test, site: Site, ...flags: readonly string[]): Promise<KmipServer> => {
  const server = await startKmipd(site.data, flags, [], site.token)
  t.teardown(() => server.kill())
  return server
}

/** `kmipd serve` that is expected not to start. */
export const refusal = async (site: Site, ...flags: readonly string[]): Promise<Ending> =>
  run(site, 'serve', '--host', '127.0.0.1', '--port', '0', ...flags)

/** The processes in which the server has loaded a module. */
export const modulePids = ({ pid }: Pick<KmipServer, 'pid'>): readonly number[] =>
  execFileSync('ps', ['-o', 'pid=,ppid=,stat=,args=', '-A'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, state = '', ...args]) =>
        parent === String(pid) && !state.startsWith('Z') && args.join(' ').includes('module-process'),
    )
    .map(([child]) => Number(child))

/** Waits until something holds. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = Date.now() + PATIENCE
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within a minute: ${what}`)
    await setTimeout(50)
  }
}

/**
 * Waits until the process of the module that has opened the store keys has been replaced by one that has seen none. The
 * server must log at the level debug.
 */
export const settled = async (server: KmipServer): Promise<void> => {
  await until('a process that has seen keys is replaced', () => server.output().includes('it had seen keys'))
  await until('there is another one', () => modulePids(server).length === 1)
}
