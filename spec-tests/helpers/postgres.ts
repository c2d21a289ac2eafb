import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const DEBIAN = '/usr/lib/postgresql'

/** A PostgreSQL server in a folder of its own, reached by a unix socket only. */
export type PostgresServer = {
  /** Of the database `name`, made if need be. */
  connectionString(name: string): Promise<string>
  stop(): Promise<void>
}

type Account = { readonly uid: number; readonly gid: number }

/** Where Debian keeps the newest server programs, or undefined where there are none. */
export const postgresPrograms = async (): Promise<string | undefined> => {
  const versions = await readdir(DEBIAN).catch(() => [])
  const newest = versions.toSorted((a, b) => Number(a) - Number(b)).at(-1)
  return newest === undefined ? undefined : join(DEBIAN, newest, 'bin')
}

/** PostgreSQL does not run as root: there, the account of the package, or nobody. */
const serverAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const account = ['postgres', 'nobody'].flatMap((name) => accounts.filter(([user]) => user === name))[0]
  return account && { uid: Number(account[2]), gid: Number(account[3]) }
}

// The server stops, and its folder goes, when the pipe to its standard input closes: however this process ends, none is left behind.
const UNTIL_INPUT_ENDS = '"$0" "$@" <&- & server=$!; cat > /dev/null; kill -QUIT $server; wait $server; rm -rf "$PWD"'

const STARTING_SECONDS = 30

const untilReady = async (programs: string, folder: string): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      await run(join(programs, 'pg_isready'), ['-h', folder, '-U', 'kmipd', '-d', 'postgres'])
      return
    } catch (error) {
      if (tries === STARTING_SECONDS * 20) throw error
    }
    await setTimeout(50)
  }
}

/**
 * Starts a server. `settings` are lines of its configuration; without any it is as safe as it comes.
 * @throws where the programs fail
 */
export const startPostgres = async (programs: string, settings: readonly string[] = []): Promise<PostgresServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'kmipd-pg-'))
  const account = await serverAccount()
  await chmod(folder, 0o700)
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  const options = { cwd: folder, ...account }
  const data = join(folder, 'data')
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'kmipd', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options)
  const flags = ['listen_addresses=', `unix_socket_directories=${folder}`, ...settings].flatMap((line) => ['-c', line])
  const command = [UNTIL_INPUT_ENDS, join(programs, 'postgres'), '-D', data, ...flags]
  const server = spawn('sh', ['-c', ...command], { ...options, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = once(server, 'exit')
  await untilReady(programs, folder)
  const made = new Set<string>()
  return {
    connectionString: async (name) => {
      if (!made.has(name)) await run(join(programs, 'createdb'), ['-h', folder, '-U', 'kmipd', name], options)
      made.add(name)
      return `postgresql://kmipd@${encodeURIComponent(folder)}/${name}`
    },
    stop: async () => {
      server.stdin.end()
      await ended
    },
  }
}
