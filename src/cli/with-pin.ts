import { type HsmTableName, hsmTables } from '../config/hsm-tables.ts'
import type { Config } from '../config/schema.ts'
import { Secret } from '../config/secret.ts'
import type { Io } from './io.ts'

export const withThisPin = (config: Config, pin: string, table: HsmTableName = 'hsm'): Config => ({
  ...config,
  [table]: { ...config[table], pin: new Secret(pin) },
})

/** Asks for the PIN of the HSM where one is configured without it. Nobody to ask: the token says whether it needs one. */
export const withPin = async (config: Config, io: Io): Promise<Config> => {
  let known = config
  for (const table of hsmTables(config)) {
    if (config[table].pin !== undefined) continue
    const pin = await io.secret?.(table === 'hsm' ? 'PIN of the HSM: ' : `PIN of the HSM of [${table}]: `)
    if (pin !== undefined && pin !== '') known = withThisPin(known, pin, table)
  }
  return known
}
