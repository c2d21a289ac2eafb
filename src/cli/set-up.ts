import { hsmTables } from '../config/hsm-tables.ts'
import { dataPaths } from '../config/data-paths.ts'
import type { Config } from '../config/schema.ts'
import { ensureAuthority } from '../pki/authority.ts'
import { exists, makeDirectory } from '../pki/files.ts'
import { localHosts } from '../pki/local-hosts.ts'
import { pairPaths } from '../pki/pki-paths.ts'
import { ensureServerCertificate } from '../pki/server-certificate.ts'
import { ADMIN, ensureAdmin } from './admin-client.ts'
import { ownServerPair, pkiOf } from './pki-of.ts'
import type { Program } from './program.ts'
import { withClients } from './with-clients.ts'

/** The first thing found that a first start would make; undefined where there is nothing yet. */
export const findSetUp = async (config: Config): Promise<string | undefined> => {
  const { database, rootKey } = dataPaths(config)
  const { authority } = pkiOf(config)
  for (const path of [authority.certificate, authority.key, rootKey, database]) if (await exists(path)) return path
  return undefined
}

/** Makes or renews the server's own certificate where it is needed and is not the operator's; true where it did. */
export const refreshServerCertificate = async (config: Config, now: number): Promise<boolean> => {
  if (ownServerPair(config) !== undefined) return false
  const ensure = (kind: 'ec' | 'rsa') => ensureServerCertificate(pkiOf(config), localHosts(), now, kind)
  const outcome = await ensure('ec')
  if (config.tls.legacySuites) await ensure('rsa')
  return outcome !== 'kept'
}

const checkRootKey = async (config: Config): Promise<void> => {
  const { database, rootKey } = dataPaths(config)
  // With an HSM, the store keys say which root key they need.
  if (hsmTables(config).length > 0) return
  // A new root key would open nothing of what is stored, and hide that the right one is missing.
  if (config.database.url === undefined && (await exists(database)) && !(await exists(rootKey)))
    throw new Error(`${database} is there, but its root key ${rootKey} is missing`)
}

/**
 * Makes what is missing: data directory, certificates, root key, first administrator. Every step can be repeated, so a
 * first start that was cut short is finished by the next. Returns what was made, for people.
 */
export const setUp = async (program: Program, config: Config): Promise<readonly string[]> => {
  const { directory, rootKey } = dataPaths(config)
  const paths = pkiOf(config)
  const now = program.clock.now()
  await makeDirectory(directory)
  await makeDirectory(paths.directory)
  await checkRootKey(config)
  const made: string[] = []
  if (await ensureAuthority(paths.authority, now)) made.push(`authority    ${paths.authority.certificate}`)
  if (await refreshServerCertificate(config, now)) made.push(`certificate  ${paths.server.certificate}`)
  if (await program.ensureRootKey(config)) made.push(`root key     ${rootKey}`)
  if (await withClients(program, config, (clients) => ensureAdmin(program, paths, clients)))
    made.push(`admin        ${pairPaths(paths.clients, ADMIN).certificate}`)
  return made
}
