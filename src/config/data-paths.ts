import { join } from 'node:path'
import type { Config } from './schema.ts'

/** Where things are in the data directory. */
export type DataPaths = {
  readonly directory: string
  /** SQLite database; unused where the objects are in PostgreSQL. */
  readonly database: string
  readonly rootKey: string
  /** Which PINs a token has refused. */
  readonly refusedPins: string
  /** What last went wrong with the HSM. */
  readonly hsmFault: string
  readonly pki: string
}

/** The file about a token is called after its table of the configuration. */
export const dataPaths = (config: Config, table = 'hsm'): DataPaths => ({
  directory: config.data,
  database: join(config.data, 'kmipd.db'),
  rootKey: config.rootKey.file ?? join(config.data, 'root.key'),
  refusedPins: join(config.data, 'hsm-refused-pins.json'),
  hsmFault: join(config.data, `${table}-last-fault.json`),
  pki: join(config.data, 'pki'),
})
