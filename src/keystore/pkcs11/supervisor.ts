import type { Log } from '../../observe/log.ts'
import { CLOSE, LOAD, LOG_IN, type ModuleFacts, type TokenFacts, type TokenName } from './calls.ts'
import { type Circuit, createCircuit } from './circuit.ts'
import { type Fault, ModuleError } from './module-error.ts'
import { type ModuleProcess, startModuleProcess } from './module-process.ts'
import type { PinUse, RefusedPins } from './refused-pins.ts'
import { within } from './within.ts'

/* Sees to it that there is a process that is logged in to the token, and replaces one that has failed. */

export type TokenOptions = {
  /** File of the module. */
  readonly module: string
  /** What some modules take at their start. */
  readonly parameters?: string | undefined
  readonly token: TokenName
  /** Without one, the token needs no login. */
  readonly pin?: string | undefined
  readonly sessions: number
  /** Milliseconds that a call may take, and that loading and logging in may take. */
  readonly deadline: number
  readonly refusedPins: RefusedPins
  /** Told of everything that ends a process of the module. */
  readonly onFault?: (fault: ModuleError) => void
  readonly log: Log
}

export type HostFacts = { readonly module: ModuleFacts; readonly token: TokenFacts }

export type Running = { readonly process: ModuleProcess; readonly facts: HostFacts }

export type Supervisor = {
  /** The process, started where there is none. @throws ModuleError, at once while the circuit is open */
  get(): Promise<Running>
  /** Ends a process that is of no use any more. */
  failed(process: ModuleProcess, fault: ModuleError): void
  /** Ends the process, and starts another one. */
  renew(): Promise<void>
  /** How the module has done so far. */
  readonly circuit: Pick<Circuit, 'worked' | 'failures' | 'lastFault'>
  close(): Promise<void>
}

/** Whether trying again can only make things worse, or is in vain: a token that was there before may come back. */
const isLasting = (fault: Fault, wasThere: boolean): boolean => fault === 'pin' || (fault === 'setup' && !wasThere)

/** How long a module may take to say good-bye, in milliseconds. */
const FAREWELL = 2000

/** What was thrown, as a fault: an answer that is none means that the memory of the process is not what it was. */
export const faultIn = (error: unknown): ModuleError =>
  error instanceof ModuleError
    ? error
    : new ModuleError('lost', 'the process of the module answers what nobody can read', { cause: error })

/** Where it cannot be written down, this process remembers nonetheless: the refusal is what the caller has to be told. */
const remember = async ({ refusedPins, log }: TokenOptions, use: PinUse): Promise<void> => {
  try {
    await refusedPins.add(use)
  } catch (error) {
    log.error('a refused PIN could not be written down: the next start would show it again', { error })
  }
}

/** Shows the PIN to the token, unless the token is known to refuse it. */
const logIn = async (process: ModuleProcess, options: TokenOptions): Promise<TokenFacts> => {
  const { module, token, pin, sessions, refusedPins } = options
  const use = pin === undefined ? undefined : { module, token: JSON.stringify([token.label, token.serial]), pin }
  if (use !== undefined && (await refusedPins.has(use))) {
    const message = `the token refused this PIN before, and it is not shown to it again: correct it, or remove ${refusedPins.path} if the PIN of the token was changed to it`
    throw new ModuleError('pin', message)
  }
  try {
    return LOG_IN.answer.parse(await process.ask(LOG_IN.name, { token, pin, sessions }))
  } catch (error) {
    if (use !== undefined && error instanceof ModuleError && error.fault === 'pin' && error.code !== 'CKR_PIN_LOCKED')
      await remember(options, use)
    throw error
  }
}

const begin = async (options: TokenOptions): Promise<Running> => {
  const { module: path, parameters, sessions, deadline } = options
  const process = startModuleProcess(sessions)
  const prepare = async (): Promise<HostFacts> => {
    const module = LOAD.answer.parse(await process.ask(LOAD.name, { path, parameters }))
    return { module, token: await logIn(process, options) }
  }
  try {
    return { process, facts: await within(deadline, prepare(), 'starting the module') }
  } catch (error) {
    process.kill()
    throw faultIn(error)
  }
}

const sayGoodBye = async (last: Promise<Running> | undefined): Promise<void> => {
  const process = (await last?.catch(() => undefined))?.process
  if (process === undefined) return
  try {
    await within(FAREWELL, process.ask(CLOSE.name, undefined), 'closing the module')
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error
  } finally {
    process.kill()
    // One that waits for its device cannot be killed: it ends when it can, and nobody waits for it.
    await within(FAREWELL, process.ended, 'the end of the module').catch(() => undefined)
  }
}

const report = ({ log, onFault }: TokenOptions, circuit: Circuit, fault: ModuleError): void => {
  circuit.failed(fault)
  onFault?.(fault)
  log.error('HSM failed', { reason: fault.message, code: fault.code, attempt: circuit.failures })
}

/** Nothing is started before `get`. */
export const createSupervisor = (options: TokenOptions): Supervisor => {
  const circuit = createCircuit(() => performance.now())
  let current: Promise<Running> | undefined
  /** The process of `current`, once it has started. */
  let running: ModuleProcess | undefined
  let wasThere = false
  /** Set where it is over. */
  let refusal: ModuleError | undefined
  let again: NodeJS.Timeout | undefined

  /** Nobody is given the process any more. */
  const giveUp = (): Promise<Running> | undefined => {
    const last = current
    current = running = undefined
    return last
  }

  const note = (fault: ModuleError): void => {
    void giveUp()
    report(options, circuit, fault)
    if (isLasting(fault.fault, wasThere)) refusal ??= fault
    if (refusal !== undefined) return
    // Nobody has to ask for it to come back.
    again = setTimeout(() => void start(), circuit.rest)
    again.unref()
  }

  const watch = async (started: Promise<Running>): Promise<void> => {
    try {
      const { process } = await started
      if (current === started) running = process
      wasThere = true
      if (circuit.failures > 0) options.log.info('HSM is there again')
      const why = await process.ended
      if (current === started) note(new ModuleError('lost', why))
    } catch (error) {
      if (current === started) note(faultIn(error))
    }
  }

  const start = (): Promise<Running> => {
    clearTimeout(again)
    current ??= begin(options)
    void watch(current)
    return current
  }

  const get = async (): Promise<Running> => {
    if (refusal !== undefined) throw refusal
    if (current !== undefined) return current
    circuit.check()
    return start()
  }

  /** At once: the next call is not to be given the same process again. */
  const failed = (process: ModuleProcess, fault: ModuleError): void => {
    // Several calls fail with the same process; it is the first of them that counts.
    if (running === process) note(fault)
    process.kill()
  }

  return {
    get,
    failed,
    circuit,
    renew: () => sayGoodBye(giveUp()).then(() => void get().catch(() => undefined)),
    close: async () => {
      refusal = new ModuleError('unavailable', 'the HSM is closed')
      clearTimeout(again)
      await sayGoodBye(giveUp())
    },
  }
}
