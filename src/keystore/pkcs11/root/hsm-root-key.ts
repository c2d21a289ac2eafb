import { type RootKey, RootKeyUnavailableError } from '../../root-key.ts'
import { ModuleError } from '../module-error.ts'
import type { ModuleHost } from '../module-host.ts'
import { requireRoot, type RootName, type RootObject } from './root-object.ts'
import { chooseMethod } from './try-methods.ts'
import { WRAPPING_METHODS, type WrappingMethod } from './wrapping-methods.ts'

/* The root key in an HSM: it wraps store keys inside, and never comes out. */

/** Code of the method, then what it made. */
const METHOD_BYTES = 1

const METHODS: ReadonlyMap<number, WrappingMethod> = new Map(WRAPPING_METHODS.map((method) => [method.code, method]))

/** A refusal says something of what was wrapped; everything else says that the token cannot be asked. */
const toRootError = (error: unknown): unknown =>
  error instanceof ModuleError && error.fault !== 'refused'
    ? new RootKeyUnavailableError(error.message, { cause: error })
    : error

const asRoot = async <T>(host: ModuleHost, job: Promise<T>): Promise<T> => {
  try {
    return await job
  } catch (error) {
    throw toRootError(error)
  } finally {
    host.forgetSoon()
  }
}

const unwrap = async (host: ModuleHost, root: RootObject, wrapped: Buffer, name: Buffer): Promise<Buffer> => {
  const method = METHODS.get(wrapped[0] ?? 0)
  if (method?.kind !== root.kind)
    throw new ModuleError('refused', 'what was wrapped names a method that this version does not know')
  return method.unwrap(host, root, wrapped.subarray(METHOD_BYTES), name)
}

/** What the root key is called where it is told apart from others: the CKA_ID of its object. */
export const rootIdOf = ({ id }: Pick<RootObject, 'id'>): string => id.toString('hex')

/** The root key that `root` is. */
export const hsmRootKey = (host: ModuleHost, root: RootObject): RootKey => {
  let chosen: Promise<WrappingMethod> | undefined
  const method = (): Promise<WrappingMethod> => {
    chosen ??= chooseMethod(host, root).catch((error: unknown) => {
      chosen = undefined
      throw error
    })
    return chosen
  }
  const wrap = async (plain: Buffer, name: Buffer): Promise<Buffer> => {
    const { code, wrap: wrapWith } = await method()
    return Buffer.concat([Buffer.of(code), await wrapWith(host, root, plain, name)])
  }
  return {
    id: rootIdOf(root),
    wrap: (plain, name) => asRoot(host, wrap(plain, name)),
    unwrap: (wrapped, name) => asRoot(host, unwrap(host, root, wrapped, name)),
  }
}

/** Finds the root key in the token, and looks at what it is. @throws ModuleError */
export const openHsmRootKey = async (host: ModuleHost, name: RootName): Promise<RootKey> =>
  hsmRootKey(host, await requireRoot(host, name))
