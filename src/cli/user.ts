import { Command } from 'commander'
import type { User } from '../domain/users.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { inForce } from './in-force.ts'
import type { OpenUsers } from './program.ts'
import { readPassword, withoutPassword } from './read-password.ts'
import { day, table } from './table.ts'
import { userAddCommand } from './user-add.ts'
import { withUsers } from './with-users.ts'

type Options = Readonly<Record<string, unknown>>

const HEADINGS = ['NAME', 'ROLE', 'ADDED', 'STATUS', 'SHOWS'] as const

const shows = ({ device, oneTime }: User): string => {
  if (device !== undefined) return 'identifiers of a device'
  return oneTime ? 'password, one time password' : 'password'
}

const cells = (user: User): readonly string[] => [
  user.name,
  user.role,
  day(user.createdAt),
  user.revokedAt === undefined ? 'valid' : `revoked ${day(user.revokedAt)}`,
  shows(user),
]

const list = (context: CliContext): Command =>
  withConfig(new Command('list'))
    .description('list the registered users')
    .action(async (options: Options) => {
      const users = await withUsers(context, configFrom(options, context), ({ directory }) => directory.list())
      for (const line of table([HEADINGS, ...users.map(cells)])) context.io.out(line)
    })

type Change = (users: OpenUsers, name: string, now: number) => Promise<boolean>

/** Comes back when the change is in force. */
const change = async (name: string, options: Options, context: CliContext, how: Change): Promise<void> => {
  const config = configFrom(options, withoutPassword(context))
  const isThere = await withUsers(context, config, (users, { clock }) => how(users, name, clock.now()))
  if (!isThere) throw new Error(`there is no user ${name}`)
  await inForce()
}

const revoke = (context: CliContext): Command =>
  withConfig(new Command('revoke'))
    .description('refuse a user from now on, and the tickets of the user')
    .argument('<name>', 'name of the user')
    .action(async (name: string, options: Options) => {
      await change(name, options, context, ({ directory }, user, now) => directory.revoke(user, now))
      context.io.out(`revoked user ${name}`)
    })

const remove = (context: CliContext): Command =>
  withConfig(new Command('remove'))
    .description('forget a user and free the name; what the user owns stays with the administrators')
    .argument('<name>', 'name of the user')
    .action(async (name: string, options: Options) => {
      await change(name, options, context, ({ directory }, user) => directory.remove(user))
      context.io.out(`removed user ${name}`)
    })

const renew =
  (password: string): Change =>
  async (users, name) => {
    const user = await users.directory.find(name)
    return user !== undefined && (await users.directory.prove(name, await users.renewProof(user, password)))
  }

const password = (context: CliContext): Command =>
  withConfig(new Command('password'))
    .description('change the password of a user')
    .argument('<name>', 'name of the user')
    .option('--password-file <file>', 'file that holds the new password')
    .action(async (name: string, options: Options & { readonly passwordFile?: string }) => {
      await change(name, options, context, renew(await readPassword(options.passwordFile, context)))
      context.io.out(`changed the password of ${name}`)
    })

/** `kmipd user`: who is known by a password. */
export const userCommand = (context: CliContext): Command =>
  new Command('user')
    .description('manage users and devices that are known by a password')
    .addCommand(userAddCommand(context))
    .addCommand(list(context))
    .addCommand(password(context))
    .addCommand(revoke(context))
    .addCommand(remove(context))
