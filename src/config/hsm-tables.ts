import type { Config } from './schema.ts'

/** Tables of the configuration that name a token each. Every store key is wrapped under the root key of each. */
export const HSM_TABLES = ['hsm', 'hsm2', 'hsm3'] as const

export type HsmTableName = (typeof HSM_TABLES)[number]

/** The tables that name a token. */
export const hsmTables = (config: Config): readonly HsmTableName[] =>
  HSM_TABLES.filter((name) => config[name].module !== undefined)
