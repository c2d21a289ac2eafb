import { join } from 'node:path'
import type { Test } from 'tap'
import { ModuleError } from '../../src/keystore/pkcs11/module-error.ts'
import { createModuleHost, type ModuleHost } from '../../src/keystore/pkcs11/module-host.ts'
import { createRefusedPins } from '../../src/keystore/pkcs11/refused-pins.ts'
import type { TokenOptions } from '../../src/keystore/pkcs11/supervisor.ts'
import type { Log } from '../../src/observe/log.ts'
import type { HsmModule, HsmToken } from './hsm-token.ts'
import { temporaryDirectory } from './temporary.ts'

/** A fresh token of the module. */
export const prepareToken = async (module: HsmModule): Promise<HsmToken> => {
  const token = await module.prepare(temporaryDirectory('hsm'))
  // A module is configured by its environment, which its process has from this one.
  Object.assign(process.env, token.env)
  return token
}

/** What was logged. */
export type Lines = string[]

export const logTo = (lines: Lines): Log => {
  const write = (event: string, fields: object = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  return { debug: write, info: write, warn: write, error: write }
}

export const optionsFor = (token: HsmToken, more: Partial<TokenOptions> = {}): TokenOptions => ({
  module: token.module,
  parameters: token.libraryParameters?.trimEnd(),
  token: { label: token.label },
  pin: token.pin,
  sessions: 4,
  deadline: 20_000,
  refusedPins: createRefusedPins(join(temporaryDirectory('pins'), 'pins.json')),
  log: logTo([]),
  ...more,
})

/** The token, opened until the test ends. */
export const openHost = (t: Test, token: HsmToken, more: Partial<TokenOptions> = {}): ModuleHost => {
  const host = createModuleHost(optionsFor(token, more))
  t.teardown(() => host.close())
  return host
}

/** How a call that must fail does. */
export const faultOf = async (job: Promise<unknown>): Promise<ModuleError> => {
  try {
    await job
  } catch (error) {
    if (error instanceof ModuleError) return error
    throw error
  }
  throw new Error('it should have failed')
}
