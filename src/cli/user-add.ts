import { Command } from 'commander'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import { DEVICE_IDENTIFIERS, deviceKey, type DeviceIdentifiers } from '../domain/users.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { OpenUsers, Program } from './program.ts'
import { readPassword, withoutPassword } from './read-password.ts'
import { UsageError } from './usage-error.ts'
import { withUsers } from './with-users.ts'

type Options = Readonly<Record<string, unknown>> &
  DeviceIdentifiers & {
    readonly admin?: boolean
    readonly otp?: boolean
    readonly hashed?: boolean
    readonly passwordFile?: string
  }

const LONGEST_NAME = 256

const checkName = (name: string): void => {
  if (name.length === 0 || name.length > LONGEST_NAME) {
    throw new UsageError(`the name of a user has 1 to ${LONGEST_NAME} characters`)
  }
}

const add = async (
  users: OpenUsers,
  { ids, clock }: Program,
  name: string,
  password: string,
  options: Options,
): Promise<string | undefined> => {
  const id = ids.next()
  const wanted = { oneTime: options.otp === true, hashed: options.hashed === true }
  const { proof, oneTimeSecret } = await users.makeProof({ id, name }, password, wanted)
  await users.directory.add({
    id,
    name,
    tenant: DEFAULT_TENANT,
    role: options.admin === true ? 'admin' : 'client',
    ...proof,
    device: deviceKey(options),
    version: 1,
    createdAt: clock.now(),
    revokedAt: undefined,
  })
  return oneTimeSecret
}

const userAdd = async (name: string, options: Options, context: CliContext): Promise<void> => {
  checkName(name)
  const isDevice = deviceKey(options) !== undefined
  if (isDevice && (options.otp === true || options.hashed === true)) {
    throw new UsageError('a device shows its identifiers and a password, and nothing else')
  }
  const config = configFrom(options, withoutPassword(context))
  const password = await readPassword(options.passwordFile, context)
  const secret = await withUsers(context, config, (users, program) => add(users, program, name, password, options))
  context.io.out(`added ${isDevice ? 'device' : 'user'} ${name}`)
  if (secret === undefined) return
  context.io.out(`  one time passwords  otpauth://totp/kmipd:${encodeURIComponent(name)}?secret=${secret}&issuer=kmipd`)
  context.io.out('  give this to the authenticator of the user: it is not shown again')
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `kmipd user add`: registers somebody who is known by a password, over whatever certificate. */
export const userAddCommand = (context: CliContext): Command => {
  const command = withConfig(new Command('add'))
    .description('register a user, or a device, with a password')
    .argument('<name>', 'Username of the user; a name for the device')
    .option('--admin', 'make it an administrator')
    .option('--password-file <file>', 'file that holds the password')
    .option('--otp', 'ask for one time passwords besides (RFC 6238)')
    .option('--hashed', 'allow Hashed Password credentials, which need a hash of the password to be kept, sealed')
  for (const name of DEVICE_IDENTIFIERS) command.option(`--${kebab(name)} <text>`, 'identifier that the device shows')
  return command.action((name: string, options: Options) => userAdd(name, options, context))
}
