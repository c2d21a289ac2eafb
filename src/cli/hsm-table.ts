import { Option } from 'commander'
import { HSM_TABLES, type HsmTableName } from '../config/hsm-tables.ts'
import type { Config } from '../config/schema.ts'

/* Which of several HSMs a command is about. */

export type TableOptions = Readonly<Record<string, unknown>> & { readonly table: HsmTableName }

export const tableOption = (): Option =>
  new Option('--table <name>', 'table of the configuration that names the token; its flags are --hsm2-... then')
    .choices(HSM_TABLES)
    .default('hsm')

/** The configuration with the token of that table, and with none else. */
export const ofTable = (config: Config, { table }: TableOptions): Config => ({
  ...config,
  hsm: config[table],
  hsm2: { ...config.hsm2, module: undefined },
  hsm3: { ...config.hsm3, module: undefined },
})
