import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { dataPaths } from '../config/data-paths.ts'
import { CONFIG_FILE_NAME } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { CONFIG_FILE } from '../config/settings.ts'
import type { HsmRoot, HsmToken } from '../domain/hsm.ts'
import { createFile, exists, makeDirectory, MODE, readIfThere } from '../pki/files.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { writeHsmTable } from './hsm-config.ts'
import { ofTable, tableOption, type TableOptions } from './hsm-table.ts'
import type { HsmTools } from './program.ts'
import { UsageError } from './usage-error.ts'
import { withPin, withThisPin } from './with-pin.ts'

type Options = TableOptions & { readonly soPinFile?: string }

/** Settings that say which token it is. */
const LISTED = ['data', 'hsm.']

const DEFAULT_LABEL = 'kmipd'

const isMeant =
  ({ hsm }: Config) =>
  ({ label, serial }: HsmToken): boolean =>
    label === (hsm.token ?? (hsm.serial === undefined ? DEFAULT_LABEL : label)) && serial === (hsm.serial ?? serial)

const withToken = (config: Config): Config =>
  config.hsm.token === undefined && config.hsm.serial === undefined
    ? { ...config, hsm: { ...config.hsm, token: DEFAULT_LABEL } }
    : config

const withoutLineBreak = (text: string): string => text.replace(/\r?\n$/, '')

/** What is in the file, or else a new PIN, which is put there: before a token has it, so that it cannot be lost. */
const pinIn = async (path: string, hsm: HsmTools): Promise<string> => {
  const known = await readIfThere(path)
  if (known !== undefined) return withoutLineBreak(known)
  const pin = hsm.newPin()
  await createFile(path, `${pin}\n`, MODE.secret)
  return pin
}

type Paths = { readonly pin: string; readonly securityOfficerPin: string }

const pathsOf = (config: Config, { table }: Options): Paths => ({
  pin: join(config.data, `${table}.pin`),
  securityOfficerPin: join(config.data, `${table}-so.pin`),
})

const securityOfficerPin = async (options: Options, context: CliContext, paths: Paths, hsm: HsmTools) =>
  options.soPinFile === undefined
    ? pinIn(paths.securityOfficerPin, hsm)
    : withoutLineBreak(await readFile(resolve(context.directory, options.soPinFile), 'utf8'))

/** The PIN of a token that is there already: configured, or left here by a run before, or asked for. */
const adopt = async (config: Config, context: CliContext, paths: Paths): Promise<Config> => {
  if (config.hsm.pin !== undefined) return config
  const kept = await readIfThere(paths.pin)
  if (kept !== undefined) return withThisPin(config, withoutLineBreak(kept))
  const asked = await withPin(config, context.io)
  if (asked.hsm.pin === undefined)
    throw new UsageError(
      'the token is there already, and its PIN is needed: --hsm-pin-file, KMIPD_HSM_PIN, or a terminal to ask at',
    )
  return asked
}

const create = async (config: Config, options: Options, context: CliContext, hsm: HsmTools): Promise<Config> => {
  const paths = pathsOf(config, options)
  const { token, serial } = config.hsm
  if (serial !== undefined || token === undefined)
    throw new Error(`the module has no token with the serial number ${serial ?? ''}`)
  const pin = config.hsm.pin?.reveal() ?? (await pinIn(paths.pin, hsm))
  await hsm.initializeToken(config, token, await securityOfficerPin(options, context, paths, hsm), pin)
  context.io.out(`made token      "${token}"`)
  return withThisPin(config, pin)
}

const pinFileOf = async (config: Config, options: Options, context: CliContext): Promise<string | undefined> => {
  const named = options[`${options.table}PinFile`]
  if (typeof named === 'string') return resolve(context.directory, named)
  const { pin } = pathsOf(config, options)
  return (await exists(pin)) ? pin : undefined
}

const configFile = (config: Config, options: Options, context: CliContext): string => {
  const named = options['config'] ?? context.environment[CONFIG_FILE.variable]
  return typeof named === 'string' && named !== ''
    ? resolve(context.directory, named)
    : join(config.data, CONFIG_FILE_NAME)
}

const writeConfig = async (config: Config, root: HsmRoot, options: Options, context: CliContext): Promise<void> => {
  const { module, moduleParameters, token, serial } = config.hsm
  const path = configFile(config, options, context)
  const missing = await writeHsmTable(path, options.table, {
    module,
    'module-parameters': moduleParameters,
    token,
    serial,
    'pin-file': await pinFileOf(config, options, context),
    'key-label': root.label,
    'key-id': root.id,
  })
  if (missing === undefined) context.io.out(`configured in   ${path}`)
  else
    for (const line of [`${path} has a table [${options.table}] already; it should say:`, ...missing])
      context.io.out(line)
}

const tellWhatIsNext = async (config: Config, options: Options, context: CliContext): Promise<void> => {
  const { rootKey } = dataPaths(config)
  const { io } = context
  const { securityOfficerPin: path } = pathsOf(config, options)
  if (await exists(path))
    io.out(`keep elsewhere  ${path}: the PIN of the security officer; the server has no use for it`)
  if (await exists(rootKey)) io.out(`move to it      kmipd hsm rotate: what is stored is under ${rootKey} until then`)
}

const init = async (options: Options, context: CliContext): Promise<void> => {
  const { io } = context
  const wanted = withToken(ofTable(configFrom(options, context), options))
  if (wanted.hsm.module === undefined)
    throw new UsageError(
      `which HSM? --${options.table}-module names its PKCS#11 module, such as /usr/lib/softhsm/libsofthsm2.so`,
    )
  const { hsm } = await context.loadProgram()
  await makeDirectory(wanted.data)
  const isThere = (await hsm.listTokens(wanted)).some(isMeant(wanted))
  const config = isThere
    ? await adopt(wanted, context, pathsOf(wanted, options))
    : await create(wanted, options, context, hsm)
  const { root, token, isNew } = await hsm.ensureRoot(config)
  if (isThere) io.out(`found token     "${token.label}" ${token.serial}`)
  io.out(`${isNew ? 'made' : 'found'} root key  "${root.label}" ${root.id}: ${root.kind}, wraps by ${root.method}`)
  await writeConfig(config, root, options, context)
  await tellWhatIsNext(config, options, context)
}

/** `kmipd hsm init`: makes a token, or takes one that is there, with a root key, and configures the server to use it. */
export const hsmInitCommand = (context: CliContext): Command =>
  withConfig(new Command('init'), false, LISTED)
    .description('make or adopt a token, make the root key in it, and configure the server to use it')
    .addOption(tableOption())
    .option('--so-pin-file <file>', 'PIN of the security officer of a token that is made; without it, one is made up')
    .action((options: Options) => init(options, context))
