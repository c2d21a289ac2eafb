import type { Config } from '../config/schema.ts'
import { Secret } from '../config/secret.ts'
import type { Io } from './io.ts'

export const withThisPin = (config: Config, pin: string): Config => ({
  ...config,
  hsm: { ...config.hsm, pin: new Secret(pin) },
})

/** Asks for the PIN of the HSM where one is configured without it. Nobody to ask: the token says whether it needs one. */
export const withPin = async (config: Config, io: Io): Promise<Config> => {
  if (config.hsm.module === undefined || config.hsm.pin !== undefined) return config
  const pin = await io.secret?.('PIN of the HSM: ')
  return pin === undefined || pin === '' ? config : withThisPin(config, pin)
}
