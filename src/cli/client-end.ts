import { Command } from 'commander'
import type { Client, ClientDirectory } from '../domain/principal.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { inForce } from './in-force.ts'
import { checkSetUp, withClients } from './with-clients.ts'

type Options = Readonly<Record<string, unknown>>

type End = (directory: ClientDirectory, name: string, now: number) => Promise<boolean>

const end = async (name: string, options: Options, context: CliContext, how: End): Promise<void> => {
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const isThere = await withClients(program, config, (directory) => how(directory, name, program.clock.now()))
  if (!isThere) throw new Error(`there is no client ${name}`)
  await inForce()
}

const isValidAdmin = ({ role, revokedAt }: Client): boolean => role === 'admin' && revokedAt === undefined

/** Without any administrator the next start would make one, of the same name and certificate as the one removed. */
const remove: End = async (directory, name, now) => {
  const clients = await directory.list()
  const isAdmin = clients.some((client) => client.name === name && client.role === 'admin')
  if (isAdmin && !clients.some((client) => client.name !== name && isValidAdmin(client))) {
    throw new Error(`${name} is the only administrator: add another one first`)
  }
  return directory.remove(name, now)
}

/** `kmipd client revoke`: takes a client's rights away; its name stays taken. */
export const clientRevokeCommand = (context: CliContext): Command =>
  withConfig(new Command('revoke'))
    .description('refuse a client from now on, on open connections too')
    .argument('<name>', 'name of the client')
    .action(async (name: string, options: Options) => {
      await end(name, options, context, (directory, client, now) => directory.revoke(client, now))
      context.io.out(`revoked client ${name}`)
    })

/** `kmipd client remove`: revokes a client and frees its name. What it owns stays, for administrators. */
export const clientRemoveCommand = (context: CliContext): Command =>
  withConfig(new Command('remove'))
    .description('revoke a client and free its name; what it owns stays with the administrators')
    .argument('<name>', 'name of the client')
    .action(async (name: string, options: Options) => {
      await end(name, options, context, remove)
      context.io.out(`removed client ${name}`)
    })
