import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.ts'
import {
  type ClientFile,
  type Ending,
  ENDINGS,
  type IssuedClient,
  makePassword,
  pairFiles,
} from '../pki/client-certificate.ts'
import type { CliContext } from './context.ts'
import { pkiOf } from './pki-of.ts'
import type { CredentialForm } from './products/product.ts'
import type { Program } from './program.ts'
import { askPassword, passwordFromFile } from './read-password.ts'

/** The password of a container; one that is made here goes into a file, since nobody has seen it. */
export type ContainerPassword = { readonly text: string; readonly isMade: boolean }

/** A password from a file, from somebody at the terminal, or a new one. */
export const containerPassword = async (file: string | undefined, context: CliContext): Promise<ContainerPassword> => {
  const given =
    file === undefined ? await askPassword(context, 'password of the container') : await passwordFromFile(file, context)
  return given === undefined || given === '' ? { text: makePassword(), isMade: true } : { text: given, isMade: false }
}

const containerFiles = async (
  program: Program,
  config: Config,
  name: string,
  ending: Extract<Ending, 'p12' | 'jks'>,
  { certificate, keyPem = '' }: IssuedClient,
  password: ContainerPassword,
): Promise<readonly ClientFile[]> => {
  const authority = new X509Certificate(await readFile(pkiOf(config).authority.certificate))
  const certificates = [certificate.raw, authority.raw]
  const content = await program.makeContainer({ keyPem, certificates, friendlyName: name }, password.text)
  return [
    { ending, content },
    { ending: 'crt', content: certificate.toString() },
    ...(password.isMade ? [{ ending: 'password', content: `${password.text}\n` } as const] : []),
  ]
}

/** The files of a client, in the form that its product asks for. Whose key is elsewhere gets a certificate, and no more. */
export const filesFor = async (
  program: Program,
  config: Config,
  name: string,
  form: CredentialForm,
  issued: IssuedClient,
  password: () => Promise<ContainerPassword>,
): Promise<readonly ClientFile[]> => {
  const { certificate, keyPem } = issued
  if (keyPem === undefined || form === 'pair') return pairFiles(issued)
  if (form === 'single') return [{ ending: 'pem', content: `${certificate.toString()}${keyPem}` }]
  return containerFiles(program, config, name, form === 'java' ? 'jks' : 'p12', issued, await password())
}

const LABELS: Readonly<Record<Ending, string>> = {
  crt: 'certificate',
  key: 'key',
  pem: 'both in one',
  p12: 'container',
  jks: 'keystore',
  password: 'password in',
}

const WIDTH = 13

/** A line for each file. */
export const linesFor = (files: ReadonlyMap<Ending, string>): readonly string[] =>
  ENDINGS.flatMap((ending) => {
    const path = files.get(ending)
    return path === undefined ? [] : [`${LABELS[ending].padEnd(WIDTH)}${path}`]
  })
