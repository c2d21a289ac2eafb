import { Command } from 'commander'
import { HSM_TABLES, hsmTables } from '../config/hsm-tables.ts'
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

/** A PIN that was asked for is not asked for again. */
const withKnownPins = (config: Config, before: Config): Config =>
  HSM_TABLES.reduce((result, name) => {
    const [now, then] = [result[name], before[name]]
    const isSame = now.module === then.module && now.token === then.token && now.serial === then.serial
    return now.pin === undefined && isSame ? { ...result, [name]: { ...now, pin: then.pin } } : result
  }, config)

/** Looks for root keys where the configuration says that they are by now. A fault leaves those in use. */
const reloadTokens = async (server: RunningServer, read: () => Config, before: Config, io: Io): Promise<void> => {
  try {
    const config = withKnownPins(read(), before)
    if (hsmTables(config).length === 0 && hsmTables(before).length === 0) return
    await server.moveRoots(config)
    io.out('tokens reloaded')
  } catch (error) {
    io.err(`kmipd: tokens not reloaded: ${error instanceof Error ? error.message : 'unknown error'}`)
  }
}

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
  const draft = options['draft'] === true ? { 'protocol.draft': 'true' } : {}
  const config = await withPin(configFrom(options, context, draft), io)
  const program = await context.loadProgram()
  const made = await setUp(program, config)
  for (const line of made) io.out(`made ${line}`)
  // From here on a signal is not the end of the process, but the end of serving.
  const stopped = untilStopped()
  const server = await program.startServer(config, await certificatesOf(config))
  const read = (): Config => configFrom(options, context)
  const endReload = onReload(
    () => void reload(program, config, server, io).then(() => reloadTokens(server, read, config, io)),
  )
  await introduce(config, server, io)
  io.out(`${await stopped}: answering what is in work`)
  endReload()
  await server.drain()
  io.out('stopped')
}

/** `kmipd serve`: the server, until SIGTERM or SIGINT; SIGHUP reloads certificates. */
export const serveCommand = (context: CliContext): Command =>
  withConfig(new Command('serve'), true)
    .option('--draft', 'speak the committee draft of KMIP 3.0 besides the published versions')
    .description('serve KMIP until told to stop; SIGHUP reloads the certificates')
    .action((options: Options) => serve(options, context))
