import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import { pairPaths } from '../pki/pki-paths.ts'
import type { Version } from '../schema/version.ts'
import { ADMIN } from './admin-client.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { connectKmip, type KmipClient } from './kmip-client.ts'
import { localAddress } from './local-address.ts'
import { playOasisCases } from './oasis-cases.ts'
import { ownServerPair, pkiOf } from './pki-of.ts'
import { discover, exercise, type Report } from './selftest-steps.ts'

type Options = Readonly<Record<string, unknown>>

/** The newest of each family: attributes look different on the wire in 1.x and 2.x. */
const EXERCISED: readonly Version[] = ['1.4', '2.1']

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new Error(`${path} cannot be read; the self-test needs the administrator that the first start makes`)
  }
}

const connectAsAdmin = async (config: Config): Promise<KmipClient> => {
  const paths = pkiOf(config)
  const admin = pairPaths(paths.clients, ADMIN)
  const options = {
    host: localAddress(config),
    port: config.port,
    serverCertificate: await read((ownServerPair(config) ?? paths.server).certificate),
    certificate: await read(admin.certificate),
    key: await read(admin.key),
  }
  try {
    return await connectKmip(options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no connection'
    throw new Error(`no server at ${options.host} port ${options.port}: ${reason}`, { cause: error })
  }
}

const selftest = async (options: Options, context: CliContext): Promise<void> => {
  const config = configFrom(options, context)
  const report: Report = (version, operation, detail) =>
    context.io.out(`ok  ${version}  ${operation.padEnd(17)} ${detail}`)
  const client = await connectAsAdmin(config)
  try {
    const { ids } = await context.loadProgram()
    const versions = await discover(client, '1.4', report)
    for (const version of EXERCISED.filter((candidate) => versions.includes(candidate))) {
      await exercise(client, version, `kmipd-selftest-${ids.next()}`, report)
    }
  } finally {
    client.close()
  }
  context.io.out('the server works')
}

/**
 * `kmipd selftest`: a whole exchange with the running server, over TLS and as the administrator; or, on its own server,
 * the official test cases.
 */
export const selftestCommand = (context: CliContext): Command =>
  withConfig(new Command('selftest'))
    .description('make, get, find and destroy a key on the running server')
    .option('--oasis <dir>', 'play the official OASIS test cases instead, in a data directory that is thrown away')
    .action((options: Options) => {
      const { oasis } = options
      return typeof oasis === 'string' ? playOasisCases(oasis, context) : selftest(options, context)
    })
