import type { HsmTools } from '../cli/program.ts'
import type { HsmTableName } from '../config/hsm-tables.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../domain/clock.ts'
import {
  ensureRoot,
  hsmStatus,
  initializeToken,
  listObjects,
  listTokens,
  newPin,
  testHsm,
} from '../keystore/pkcs11/administration.ts'
import type { HsmOptions } from '../keystore/pkcs11/open-hsm.ts'
import { hsmOptions, noLog } from './keys.ts'

/** What `kmipd hsm` does, with the HSM of the configuration. What goes wrong is what the command fails with. */
export const hsmTools = (clock: Clock): HsmTools => {
  const optionsOf = (config: Config, table: HsmTableName = 'hsm'): HsmOptions => {
    const options = hsmOptions(config, { clock, log: noLog }, table)
    if (options === undefined) throw new Error('no HSM is configured: kmipd hsm init sets one up')
    return options
  }
  return {
    listTokens: (config) => listTokens(optionsOf(config)),
    initializeToken: (config, label, securityOfficerPin, pin) =>
      initializeToken(optionsOf(config), label, securityOfficerPin, pin),
    ensureRoot: (config) => ensureRoot(optionsOf(config)),
    status: (config, table) => hsmStatus(optionsOf(config, table)),
    test: (config) => testHsm(optionsOf(config)),
    list: (config) => listObjects(optionsOf(config)),
    newPin,
  }
}
