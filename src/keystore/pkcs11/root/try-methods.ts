import { randomBytes } from 'node:crypto'
import { ModuleError } from '../module-error.ts'
import type { ModuleHost } from '../module-host.ts'
import type { RootObject } from './root-object.ts'
import { WRAPPING_METHODS, type WrappingMethod } from './wrapping-methods.ts'

/* What a token lists is one thing, and what it does another: a method is used when it has been seen to work. */

export type Trial = {
  readonly method: WrappingMethod
  /** Why it is not used; undefined where it works. */
  readonly problem: string | undefined
}

const KEY_BYTES = 32
const NAME = Buffer.from('kmipd trial')
const OTHER_NAME = Buffer.from('kmipd trail')

const isRefused = (error: unknown): error is ModuleError => error instanceof ModuleError && error.fault === 'refused'

const opens = async (job: Promise<Buffer>): Promise<boolean> => {
  try {
    await job
    return true
  } catch (error) {
    if (isRefused(error)) return false
    throw error
  }
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}

const problemOf = async (host: ModuleHost, root: RootObject, method: WrappingMethod): Promise<string | undefined> => {
  const key = randomBytes(KEY_BYTES)
  const wrapped = await method.wrap(host, root, key, NAME)
  if (wrapped.includes(key)) return 'it wraps nothing'
  if (!(await method.unwrap(host, root, wrapped, NAME)).equals(key)) return 'something else comes back'
  if (await opens(method.unwrap(host, root, wrapped, OTHER_NAME))) return 'it opens under another name'
  for (const at of [0, wrapped.length >> 1, wrapped.length - 1])
    if (await opens(method.unwrap(host, root, flipped(wrapped, at), NAME))) return 'it opens what was changed'
  return undefined
}

const tried = async (host: ModuleHost, root: RootObject, method: WrappingMethod): Promise<Trial> => {
  try {
    return { method, problem: await problemOf(host, root, method) }
  } catch (error) {
    if (!isRefused(error)) throw error
    return { method, problem: error.message }
  }
}

const methodsFor = ({ kind }: RootObject): readonly WrappingMethod[] =>
  WRAPPING_METHODS.filter((method) => method.kind === kind)

/** Tries every method that the root key could have. */
export const tryMethods = async (host: ModuleHost, root: RootObject): Promise<readonly Trial[]> => {
  const trials: Trial[] = []
  for (const method of methodsFor(root)) trials.push(await tried(host, root, method))
  return trials
}

/** The best method that works. @throws ModuleError setup, where none does */
export const chooseMethod = async (host: ModuleHost, root: RootObject): Promise<WrappingMethod> => {
  const problems: string[] = []
  for (const method of methodsFor(root)) {
    const { problem } = await tried(host, root, method)
    if (problem === undefined) return method
    problems.push(`${method.title}: ${problem}`)
  }
  throw new ModuleError('setup', `the root key wraps by no method that the server knows (${problems.join('; ')})`)
}
