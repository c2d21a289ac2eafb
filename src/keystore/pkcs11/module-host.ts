import type { Call } from './calls.ts'
import { type Fault, ModuleError } from './module-error.ts'
import { createForgetting } from './forgetting.ts'
import { createSupervisor, faultIn, type HostFacts, type Supervisor, type TokenOptions } from './supervisor.ts'
import { within } from './within.ts'

/*
 * Calls to a token. Each has a deadline. A process that misses one, or ends, or loses its token, is replaced; calls that
 * it took along and that may be done twice are done by the next one. Where that fails too, calls fail at once until it
 * is time to try again, and then one call tries alone.
 */

export type ModuleHost = {
  /** @throws ModuleError */
  call<Request, Answer>(call: Call<Request, Answer>, request: Request): Promise<Answer>
  /** Resolves once the module is loaded and logged in. @throws ModuleError */
  ready(): Promise<HostFacts>
  /** What last went wrong, if anything ever did. */
  readonly lastFault: ModuleError | undefined
  /** Has the process, which was given clear keys, replaced once nothing is under way. */
  forgetSoon(): void
  close(): Promise<void>
}

/** After these a process is of no use, whatever is asked of it next. */
const ENDING: ReadonlySet<Fault> = new Set<Fault>(['lost', 'timeout'])
/** What another attempt may mend. */
const PASSING: ReadonlySet<Fault> = new Set<Fault>(['lost', 'session'])

/** Failures from which on the module is tried by one call at a time. */
const SUSPICIOUS = 2

/** Calls under way at once: each holds its data. */
const MOST_CALLS = 4096

type Attempt = <Request, Answer>(call: Call<Request, Answer>, request: Request, deadline: number) => Promise<Answer>

const attemptWith =
  (supervisor: Supervisor): Attempt =>
  async (call, request, deadline) => {
    const began = performance.now()
    const { process } = await within(deadline, supervisor.get(), 'starting the module')
    try {
      const rest = deadline - (performance.now() - began)
      const answer = call.answer.parse(await within(rest, process.ask(call.name, request), `the call ${call.name}`))
      supervisor.circuit.worked()
      return answer
    } catch (error) {
      const fault = faultIn(error)
      if (ENDING.has(fault.fault)) supervisor.failed(process, fault)
      // A refusal is an answer, too.
      else supervisor.circuit.worked()
      throw fault
    }
  }

/** A token to call. Nothing is started before the first call, or `ready`. */
export const createModuleHost = (options: TokenOptions): ModuleHost => {
  const supervisor = createSupervisor(options)
  const attempt = attemptWith(supervisor)
  let calls = 0
  let isTried = false
  const forgetting = createForgetting(() => calls > 0, supervisor, options.log)

  const repeated: Attempt = async (call, request, deadline) => {
    const until = performance.now() + deadline
    try {
      return await attempt(call, request, deadline)
    } catch (error) {
      const isWorthIt = call.isRepeatable && error instanceof ModuleError && PASSING.has(error.fault)
      const rest = until - performance.now()
      if (!isWorthIt || rest <= 0) throw error
      return attempt(call, request, rest)
    }
  }

  /** While it is not known whether the module works again, one call finds out. */
  const guarded: Attempt = async (call, request, deadline) => {
    if (supervisor.circuit.failures < SUSPICIOUS) return repeated(call, request, deadline)
    if (isTried)
      throw new ModuleError('unavailable', `the module is being tried: ${supervisor.circuit.lastFault?.message ?? ''}`)
    isTried = true
    try {
      return await attempt(call, request, deadline)
    } finally {
      isTried = false
    }
  }

  return {
    forgetSoon: () => forgetting.begin(),
    call: async (call, request) => {
      if (calls >= MOST_CALLS) throw new ModuleError('busy', 'too many calls to the module are under way')
      calls += 1
      try {
        return await guarded(call, request, options.deadline)
      } finally {
        calls -= 1
      }
    },
    ready: async () => (await supervisor.get()).facts,
    get lastFault() {
      return supervisor.circuit.lastFault
    },
    close: () => {
      forgetting.end()
      return supervisor.close()
    },
  }
}
