import type { Clock } from '../../domain/clock.ts'
import type { Log } from '../../observe/log.ts'
import type { RootKey } from '../root-key.ts'
import type { TokenName } from './calls.ts'
import { keepFault } from './last-fault.ts'
import { createModuleHost, type ModuleHost } from './module-host.ts'
import { createRefusedPins } from './refused-pins.ts'
import { hsmRootKey } from './root/hsm-root-key.ts'
import { requireRoot, type RootName, type RootObject } from './root/root-object.ts'

/** An HSM as it is configured. */
export type HsmOptions = {
  readonly module: string
  readonly parameters: string | undefined
  readonly token: TokenName
  readonly pin: string | undefined
  readonly root: RootName
  readonly sessions: number
  /** Milliseconds that a call may take. */
  readonly deadline: number
  /** Files that remember what went wrong. */
  readonly refusedPins: string
  readonly lastFault: string
  readonly clock: Clock
  readonly log: Log
}

export type OpenHsm = {
  readonly host: ModuleHost
  readonly object: RootObject
  readonly root: RootKey
}

/** A host for the token, with nothing started yet. */
export const hostOf = (options: HsmOptions): ModuleHost => {
  const { module, parameters, token, pin, sessions, deadline, lastFault, clock, log } = options
  return createModuleHost({
    module,
    parameters,
    token,
    pin,
    sessions,
    deadline,
    refusedPins: createRefusedPins(options.refusedPins),
    onFault: (fault) => void keepFault(lastFault, clock.now(), fault),
    log,
  })
}

/** Opens the token and its root key, which is looked at before it is trusted. @throws ModuleError */
export const openHsm = async (options: HsmOptions): Promise<OpenHsm> => {
  const host = hostOf(options)
  try {
    const object = await requireRoot(host, options.root)
    return { host, object, root: hsmRootKey(host, object) }
  } catch (error) {
    await host.close()
    throw error
  }
}
