import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { ModuleError } from './module-error.ts'
import { reply } from './calls.ts'

/* The process that holds a module, as the server sees it. */

export type ModuleProcess = {
  /** @throws ModuleError what the process answers; lost, where it ends first */
  ask(name: string, request: unknown): Promise<unknown>
  /** Resolves when it has ended, whoever ended it, to a text that says how. */
  readonly ended: Promise<string>
  /** Ends it at once, whatever it does. */
  kill(): void
}

// The same extension as this module: the sources run as .ts, a build as .js.
const PROGRAM = new URL(`./process/module-process${extname(import.meta.filename)}`, import.meta.url)

/** Threads for asynchronous calls besides one for each session: dynamic imports and the like take some, too. */
const SPARE_THREADS = 4

/**
 * What the process is told of our environment: everything that a module may be configured by, but none of our settings,
 * among which the PIN may be.
 */
const environment = (sessions: number): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('KMIPD_') && name !== 'NODE_OPTIONS'),
  ),
  UV_THREADPOOL_SIZE: String(sessions + SPARE_THREADS),
})

const endingOf = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null
    ? `the process of the module ended with code ${code ?? -1}`
    : `the process of the module ended by ${signal}`

type Waiting = { readonly resolve: (answer: unknown) => void; readonly reject: (error: ModuleError) => void }

const settle = (waiting: Map<number, Waiting>, message: unknown): void => {
  const parsed = reply.safeParse(message)
  if (!parsed.success) return
  const { id, ...rest } = parsed.data
  const asked = waiting.get(id)
  if (asked === undefined) return
  waiting.delete(id)
  if ('fault' in rest) {
    const { fault, code, message } = rest
    asked.reject(new ModuleError(fault, message, code === undefined ? {} : { code }))
  } else asked.resolve(rest.answer)
}

const start = (sessions: number): ChildProcess =>
  fork(PROGRAM, [], {
    serialization: 'advanced',
    // What a module prints may be anything, so it is not even read.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: environment(sessions),
    execArgv: ['--no-warnings'],
  })

/** Starts the process, with threads for as many sessions. It ends with this one. */
export const startModuleProcess = (sessions: number): ModuleProcess => {
  const child = start(sessions)
  const waiting = new Map<number, Waiting>()
  const ending = Promise.withResolvers<string>()
  let last = 0
  let over: string | undefined

  const end = (why: string): void => {
    over ??= why
    for (const { reject } of waiting.values()) reject(new ModuleError('lost', over))
    waiting.clear()
    ending.resolve(over)
  }
  child.on('message', (message: unknown) => settle(waiting, message))
  child.on('exit', (code, signal) => end(endingOf(code, signal)))
  child.on('error', (error) => end(`the process of the module cannot be run: ${error.message}`))

  return {
    ended: ending.promise,
    kill: () => void child.kill('SIGKILL'),
    ask: (name, request) =>
      new Promise((resolve, reject) => {
        if (over !== undefined) {
          reject(new ModuleError('lost', over))
          return
        }
        last += 1
        const id = last
        waiting.set(id, { resolve, reject })
        child.send({ id, name, request }, (error) => {
          if (error !== null && waiting.delete(id)) reject(new ModuleError('lost', 'the process of the module is gone'))
        })
      }),
  }
}
