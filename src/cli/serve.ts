import { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import { exists } from '../pki/files.ts'
import { pairPaths } from '../pki/pki-paths.ts'
import { readServerCertificates, type ServerCertificates } from '../pki/server-certificates.ts'
import { ADMIN } from './admin-client.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { Io } from './io.ts'
import { furtherPairs, ownServerPair, pkiOf } from './pki-of.ts'
import type { Program, RunningServer } from './program.ts'
import { refreshServerCertificate, setUp } from './set-up.ts'
import { onReload, untilStopped } from './signals.ts'
import { pykmipCommand } from './try-it.ts'
import { withPin } from './with-pin.ts'

type Options = Readonly<Record<string, unknown>>

const certificatesOf = (config: Config): Promise<ServerCertificates> =>
  readServerCertificates(pkiOf(config), ownServerPair(config), config.tls.clientCas, furtherPairs(config))

/** Reads all certificates again, having renewed the own one where that is due. A fault leaves those in use. */
const reload = async (program: Program, config: Config, server: RunningServer, io: Io): Promise<void> => {
  try {
    await refreshServerCertificate(config, program.clock.now())
    server.reload(await certificatesOf(config))
    io.out('certificates reloaded')
  } catch (error) {
    io.err(`kmipd: certificates not reloaded: ${error instanceof Error ? error.message : 'unknown error'}`)
  }
}

const introduce = async (config: Config, { port, httpsPort }: RunningServer, io: Io): Promise<void> => {
  const paths = pkiOf(config)
  const admin = pairPaths(paths.clients, ADMIN)
  const https = httpsPort === undefined ? '' : `, and for HTTPS on port ${httpsPort}`
  io.out(`kmipd listens on port ${port}${https}`)
  io.out(`  data       ${config.data}`)
  io.out(`  authority  ${paths.authority.certificate}`)
  // An administrator's key does not stay on the server for ever.
  if (!(await exists(admin.key))) return
  io.out(`  admin      ${admin.certificate}`)
  io.out(`             ${admin.key}`)
  io.out('try it with PyKMIP:')
  io.out(`  ${pykmipCommand(config, port)}`)
}

const serve = async (options: Options, context: CliContext): Promise<void> => {
  const { io } = context
  const config = await withPin(configFrom(options, context), io)
  const program = await context.loadProgram()
  const made = await setUp(program, config)
  for (const line of made) io.out(`made ${line}`)
  // From here on a signal is not the end of the process, but the end of serving.
  const stopped = untilStopped()
  const server = await program.startServer(config, await certificatesOf(config))
  const endReload = onReload(() => void reload(program, config, server, io))
  await introduce(config, server, io)
  io.out(`${await stopped}: answering what is in work`)
  endReload()
  await server.drain()
  io.out('stopped')
}

/** `kmipd serve`: the server, until SIGTERM or SIGINT; SIGHUP reloads certificates. */
export const serveCommand = (context: CliContext): Command =>
  withConfig(new Command('serve'), true)
    .description('serve KMIP until told to stop; SIGHUP reloads the certificates')
    .action((options: Options) => serve(options, context))
