import { hsmTables } from '../config/hsm-tables.ts'
import { dataPaths } from '../config/data-paths.ts'
import type { Config } from '../config/schema.ts'
import type { ClientDirectory } from '../domain/principal.ts'
import { exists } from '../pki/files.ts'
import { pkiOf } from './pki-of.ts'
import type { Program } from './program.ts'

/**
 * Refuses a data directory in which not everything was made yet: opening its database would leave one without a root
 * key, which no server takes.
 * @throws Error
 */
export const checkSetUp = async (config: Config): Promise<void> => {
  // With an HSM, there may be no root key in a file.
  const inFile = hsmTables(config).length === 0 ? [dataPaths(config).rootKey] : []
  const made = [pkiOf(config).authority.certificate, ...inFile]
  if (!(await Promise.all(made.map(exists))).every(Boolean))
    throw new Error(`${config.data} is not set up; kmipd init does that, and so does the first kmipd serve`)
}

/** Opens the directory of clients, uses it, and closes it whatever happens. */
export const withClients = async <T>(
  program: Program,
  config: Config,
  use: (directory: ClientDirectory) => Promise<T>,
): Promise<T> => {
  const clients = await program.openClients(config)
  try {
    return await use(clients.directory)
  } finally {
    await clients.close()
  }
}
