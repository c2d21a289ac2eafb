import { Command } from 'commander'
import type { Client } from '../domain/principal.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { day, table } from './table.ts'
import { checkSetUp, withClients } from './with-clients.ts'

type Options = Readonly<Record<string, unknown>>

/** How the client is recognised. Names of certificates come one attribute a line: one line is enough here. */
const shownBy = ({ fingerprint, subject }: Client): string =>
  fingerprint === undefined ? (subject ?? '').replaceAll('\n', ', ') : `SHA-256 ${fingerprint}`

const HEADINGS = ['NAME', 'ROLE', 'ADDED', 'STATUS', 'PROFILES', 'CERTIFICATE'] as const

const cells = (client: Client): readonly string[] => [
  client.name,
  client.role,
  day(client.createdAt),
  client.revokedAt === undefined ? 'valid' : `revoked ${day(client.revokedAt)}`,
  client.profiles.join(' ') || '-',
  shownBy(client),
]

const clientList = async (options: Options, context: CliContext): Promise<void> => {
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const clients = await withClients(program, config, (directory) => directory.list())
  for (const line of table([HEADINGS, ...clients.map(cells)])) context.io.out(line)
}

/** `kmipd client list`: the registered clients, revoked ones included. */
export const clientListCommand = (context: CliContext): Command =>
  withConfig(new Command('list'))
    .description('list the registered clients')
    .action((options: Options) => clientList(options, context))
