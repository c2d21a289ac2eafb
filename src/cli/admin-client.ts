import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Client, type ClientDirectory, DEFAULT_TENANT, type Role } from '../domain/principal.ts'
import type { PkiPaths } from '../pki/pki-paths.ts'
import { ensureClientPair } from './issue-client.ts'
import type { Program } from './program.ts'

/** Name of the first client. */
export const ADMIN = 'admin'

/** A client that is known by the names in its certificate, so that a renewed certificate is the same client. */
export const namedClient = (
  program: Program,
  name: string,
  role: Role,
  certificate: Pick<X509Certificate, 'issuer' | 'subject'>,
  id = program.ids.next(),
): Client => ({
  id,
  name,
  tenant: DEFAULT_TENANT,
  role,
  fingerprint: undefined,
  issuer: certificate.issuer,
  subject: certificate.subject,
  createdAt: program.clock.now(),
  revokedAt: undefined,
  profiles: [],
})

/**
 * Makes the first client, an administrator, where nobody is registered as one; true where it did. Files that are
 * there already come from a first start that was cut short, and are taken.
 */
export const ensureAdmin = async (program: Program, paths: PkiPaths, directory: ClientDirectory): Promise<boolean> => {
  const clients = await directory.list()
  if (clients.some(({ role }) => role === 'admin')) return false
  const files = await ensureClientPair(paths, ADMIN, program.clock.now())
  const certificate = new X509Certificate(await readFile(files.certificate))
  await directory.add(namedClient(program, ADMIN, 'admin', certificate))
  return true
}
