import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Client } from '../domain/principal.ts'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import type { ServerRecord } from '../domain/records.ts'
import { parseAddress, type Subscription, subscriptionRecord } from '../domain/subscription.ts'
import { VERSIONS } from '../schema/version.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { OpenBeside } from './program.ts'
import { UsageError } from './usage-error.ts'
import { clientNamed, withRecords, writeRecord } from './with-records.ts'

type Options = Readonly<Record<string, unknown>> & {
  readonly address?: string
  readonly certificate?: string
  readonly speaks?: string
  readonly ownChanges?: boolean
  readonly replacements?: boolean
  readonly group?: readonly string[]
  readonly wrapWith?: string
  readonly off?: boolean
}

const addressIn = ({ address }: Options): Subscription['address'] => {
  if (address === undefined) return undefined
  const parsed = parseAddress(address)
  if (parsed === undefined) throw new UsageError('--address is not host:port')
  return parsed
}

const versionIn = ({ speaks }: Options): Subscription['version'] => {
  if (speaks === undefined) return undefined
  const version = VERSIONS.find((candidate) => candidate === speaks)
  if (version === undefined) throw new UsageError(`--speaks is none of ${VERSIONS.join(', ')}`)
  return version
}

const fingerprintIn = async ({ certificate }: Options, base: string): Promise<string | undefined> => {
  if (certificate === undefined) return undefined
  try {
    const { fingerprint256 } = new X509Certificate(await readFile(resolve(base, certificate)))
    return fingerprint256.replaceAll(':', '').toLowerCase()
  } catch {
    throw new Error(`${certificate} cannot be read, or holds no certificate`)
  }
}

/** NIST key wrap, which every version has. */
const wrappingWith = (key: string | undefined): Subscription['wrapping'] =>
  key === undefined
    ? undefined
    : {
        wrappingMethod: 'Encrypt',
        encryptionKeyInformation: {
          uniqueIdentifier: key,
          cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
        },
        attributeName: [],
      }

const subscriptionFor = async (client: Client, options: Options, base: string): Promise<Subscription> => ({
  client: client.id,
  address: addressIn(options),
  // A client whose certificate is registered by itself shows the same one where it listens.
  fingerprint: (await fingerprintIn(options, base)) ?? client.fingerprint,
  version: versionIn(options),
  changes: true,
  ownChanges: options.ownChanges ?? false,
  replacements: options.replacements ?? false,
  groups: options.group ?? [],
  wrapping: wrappingWith(options.wrapWith),
})

const remove = async ({ objects }: OpenBeside, before: ServerRecord | undefined): Promise<void> => {
  if (before === undefined) return
  await objects.commit({ changes: [], audit: [], records: [{ kind: 'remove', record: before }] })
}

const clientNotify = async (name: string, options: Options, context: CliContext): Promise<void> => {
  addressIn(options)
  versionIn(options)
  const config = configFrom(options, context)
  const program = await context.loadProgram()
  await withRecords(program, config, async (open) => {
    const client = await clientNamed(open, name)
    const before = await open.objects.records.read('subscription', DEFAULT_TENANT, client.id)
    if (options.off === true) {
      await remove(open, before)
      context.io.out(`${name} is told nothing`)
      return
    }
    const subscription = await subscriptionFor(client, options, context.directory)
    await writeRecord(open, subscriptionRecord(subscription), before, program.clock.now())
    const where = options.address ?? 'connections that it turns'
    context.io.out(`${name} is told of changes over ${where}`)
  })
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** `kmipd client notify`: what a client is told without asking (1.4 section 5, 2.1 section 6.2). */
export const clientNotifyCommand = (context: CliContext): Command =>
  withConfig(new Command('notify'))
    .description('tell a client what others change of its objects, and push objects to it')
    .argument('<name>', 'name of the client')
    .option('--address <host:port>', 'where it listens (default: connections that it turns with Set Endpoint Role)')
    .option('--certificate <file>', 'the certificate that it shows there (default: one of a trusted authority)')
    .option('--speaks <version>', 'the protocol version to use (default: the client is asked)')
    .option('--own-changes', 'tell it what it changes itself, too')
    .option('--replacements', 'push objects that others make to replace its own')
    .option('--group <name>', 'push objects that come into this Object Group (may be repeated)', collect)
    .option('--wrap-with <object>', 'wrap keys that are pushed with this key, by NIST key wrap')
    .option('--off', 'tell it nothing any more')
    .action((name: string, options: Options) => clientNotify(name, options, context))
