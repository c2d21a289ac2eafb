import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import type { ProfileName } from '../domain/compatibility.ts'
import { type Client, type ClientDirectory, DEFAULT_TENANT, type Role } from '../domain/principal.ts'
import {
  checkClientFiles,
  checkClientName,
  type Ending,
  type IssuedClient,
  writeClientFiles,
} from '../pki/client-certificate.ts'
import { makeDirectory } from '../pki/files.ts'
import { namedClient } from './admin-client.ts'
import { gather, PROFILE_CHOICE, readProfiles } from './client-profiles.ts'
import { configFrom, withConfig } from './config-options.ts'
import { connectLines, productNamed } from './connect-product.ts'
import type { CliContext } from './context.ts'
import { type ContainerPassword, containerPassword, filesFor, linesFor } from './hand-out.ts'
import { makeClientPair, signClientRequest } from './issue-client.ts'
import type { CredentialForm, Product } from './products/product.ts'
import type { Way } from './products/steps.ts'
import type { Program } from './program.ts'
import { pkiOf } from './pki-of.ts'
import { UsageError } from './usage-error.ts'
import { checkSetUp, withClients } from './with-clients.ts'

type Options = Readonly<Record<string, unknown>> & {
  readonly admin?: boolean
  readonly principal?: string
  readonly csr?: string
  readonly cert?: string
  readonly out?: string
  readonly profile?: readonly string[]
  readonly for?: string
  readonly form?: string
  readonly passwordFile?: string
}

type Registration = {
  readonly program: Program
  readonly config: Config
  readonly directory: ClientDirectory
  readonly name: string
  readonly role: Role
  /** The identity that it shares with others. */
  readonly id: string | undefined
  readonly profiles: readonly ProfileName[]
  readonly form: CredentialForm
}

/** What came of it: lines to print, and the files that were made. */
type Added = { readonly lines: readonly string[]; readonly files: ReadonlyMap<Ending, string> }

const readPem = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new Error(`${path} cannot be read`)
  }
}

const certificateIn = (pem: string, path: string): X509Certificate => {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Error(`${path} holds no certificate in PEM`)
  }
}

/** A client that only this very certificate shows; no authority has to vouch for it. */
const pinnedClient = ({ program, name, role, id, profiles }: Registration, certificate: X509Certificate): Client => ({
  id: id ?? program.ids.next(),
  name,
  tenant: DEFAULT_TENANT,
  role,
  fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  issuer: undefined,
  subject: undefined,
  createdAt: program.clock.now(),
  revokedAt: undefined,
  profiles,
})

const pin = async (registration: Registration, path: string): Promise<Added> => {
  const certificate = certificateIn(await readPem(path), path)
  const client = pinnedClient(registration, certificate)
  await registration.directory.add(client)
  return { lines: [`fingerprint  ${client.fingerprint ?? ''}`], files: new Map() }
}

/**
 * Registers before it writes: a certificate with the names of another client must not come to exist. But whether it can
 * write it finds out first, since a name is taken for good.
 */
const issue = async (
  registration: Registration,
  issued: IssuedClient,
  out: string,
  password: () => Promise<ContainerPassword>,
): Promise<Added> => {
  const { program, config, directory, name, role, id, profiles, form } = registration
  await makeDirectory(out)
  await checkClientFiles(out, name)
  const contents = await filesFor(program, config, name, form, issued, password)
  await directory.add({ ...namedClient(program, name, role, issued.certificate, id), profiles })
  const files = await writeClientFiles(out, name, contents)
  return { lines: linesFor(files), files }
}

const register = async (registration: Registration, options: Options, context: CliContext): Promise<Added> => {
  const { program, config, name } = registration
  const base = context.directory
  if (options.cert !== undefined) return pin(registration, resolve(base, options.cert))
  const paths = pkiOf(config)
  const out = options.out === undefined ? paths.clients : resolve(base, options.out)
  const now = program.clock.now()
  const request = options.csr === undefined ? undefined : await readPem(resolve(base, options.csr))
  const make = (serial?: string): Promise<IssuedClient> =>
    request === undefined
      ? makeClientPair(paths, name, now, serial)
      : signClientRequest(paths, request, name, now, serial)
  const issued = await make()
  const wanted = (await wasRemoved(registration, issued)) ? await make(program.ids.next()) : issued
  return issue(registration, wanted, out, () => containerPassword(options.passwordFile, context))
}

/** Whether a client that was removed had these names: its certificates stay refused, so this one needs others. */
const wasRemoved = async ({ directory }: Registration, { certificate }: IssuedClient): Promise<boolean> => {
  const known = await directory.findBySubject(certificate.issuer, certificate.subject)
  if (known === undefined) return false
  return !(await directory.list()).some(({ id, name }) => id === known.id && name === known.name)
}

/** A client or a user, whose objects the new client shall share. */
const principalNamed = async (program: Program, config: Config, name: string): Promise<{ id: string; role: Role }> => {
  const clients = await withClients(program, config, (directory) => directory.list())
  const client = clients.find((known) => known.name === name)
  if (client !== undefined) return client
  const users = await program.openUsers(config)
  const all = await users.directory.list().finally(() => users.close())
  const found = all.find((known) => known.name === name)
  if (found === undefined) throw new Error(`there is no client or user ${name}`)
  return found
}

const FORMS: readonly CredentialForm[] = ['pair', 'single', 'pkcs12', 'java']

/** The form that was asked for, or else that of the product. */
const formIn = ({ form }: Options, product: Product | undefined): CredentialForm => {
  const found = FORMS.find((known) => known === (form ?? product?.form ?? 'pair'))
  if (found === undefined) throw new UsageError(`--form is one of ${FORMS.join(', ')}`)
  return found
}

const wayOf = ({ csr, cert }: Options): Way => (cert !== undefined ? 'pin' : csr !== undefined ? 'csr' : 'made')

const checkUsage = (name: string, { csr, cert, out, admin, principal }: Options): void => {
  if (admin === true && principal !== undefined) throw new UsageError('--admin and --principal exclude each other')
  if (cert !== undefined && csr !== undefined) throw new UsageError('--cert and --csr exclude each other')
  if (cert !== undefined && out !== undefined) throw new UsageError('--out has no meaning with --cert')
  try {
    checkClientName(name)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the name is none')
  }
}

const clientAdd = async (name: string, options: Options, context: CliContext): Promise<void> => {
  checkUsage(name, options)
  const product = options.for === undefined ? undefined : productNamed(options.for)
  const form = formIn(options, product)
  const profiles = [...new Set([...(product?.profiles ?? []), ...readProfiles(options.profile ?? [])])]
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const shared = options.principal === undefined ? undefined : await principalNamed(program, config, options.principal)
  const role = options.admin === true ? 'admin' : (shared?.role ?? 'client')
  const { lines, files } = await withClients(program, config, (directory) =>
    register({ program, config, directory, name, role, id: shared?.id, profiles, form }, options, context),
  )
  context.io.out(`added ${role} ${name}${product === undefined ? '' : ` for ${product.title}`}`)
  for (const line of lines) context.io.out(`  ${line}`)
  if (profiles.length > 0) context.io.out(`  granted      ${profiles.join(', ')}`)
  if (product === undefined) return
  for (const line of connectLines(config, product, wayOf(options), name, files)) context.io.out(line)
}

/** Where the products are. */
const DOCUMENTED = 'docs/products'

/** `kmipd client add`: registers a client, with a certificate made here, signed here, or brought along. */
export const clientAddCommand = (context: CliContext): Command =>
  withConfig(new Command('add'))
    .description('register a client and make its certificate')
    .argument('<name>', 'name of the client, and Common Name of its certificate')
    .option('--admin', 'make it an administrator')
    .option('--principal <name>', 'act for that client or user: with the same objects and the same role')
    .option('--csr <file>', 'sign this certificate request instead of making a key')
    .option('--cert <file>', 'accept exactly this certificate, whoever issued it')
    .option('--for <product>', `make what that product asks for, and say what to do there (${DOCUMENTED})`)
    .option('--form <form>', `how certificate and key are handed out: ${FORMS.join(', ')}`)
    .option('--password-file <file>', 'file that holds the password of a container; otherwise it asks, or makes one')
    .option('--profile <name>', `what its program needs, once for each: ${PROFILE_CHOICE}`, gather)
    .option('--out <directory>', 'where certificate and key go (default: pki/clients in the data directory)')
    .action((name: string, options: Options) => clientAdd(name, options, context))
