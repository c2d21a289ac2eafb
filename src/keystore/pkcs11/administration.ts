import { randomInt } from 'node:crypto'
import type { HsmObject, HsmRoot, HsmStatus, HsmVerdict } from '../../domain/hsm.ts'
import { CKK, CKO } from '../../protocol/pkcs11/constants.ts'
import { FIND, INITIALIZE, INSPECT, LIST_MECHANISMS, LIST_TOKENS, LOAD, RANDOM, type TokenFacts } from './calls.ts'
import { readFault } from './last-fault.ts'
import { ModuleError } from './module-error.ts'
import type { ModuleHost } from './module-host.ts'
import { startModuleProcess } from './module-process.ts'
import { CKF_TOKEN, mechanismName } from './numbers.ts'
import { hostOf, type HsmOptions } from './open-hsm.ts'
import { rootIdOf } from './root/hsm-root-key.ts'
import { makeRoot } from './root/make-root.ts'
import { findRoot, type RootObject } from './root/root-object.ts'
import { chooseMethod, tryMethods } from './root/try-methods.ts'
import { faultIn } from './supervisor.ts'
import { within } from './within.ts'

/* What the commands of `kmipd hsm` do with a token. */

const withHost = async <T>(options: HsmOptions, use: (host: ModuleHost) => Promise<T>): Promise<T> => {
  const host = hostOf(options)
  try {
    return await use(host)
  } finally {
    await host.close()
  }
}

/** Uses a process of its own for what needs no login. */
const withModule = async <T>(
  { module: path, parameters, deadline }: HsmOptions,
  use: (ask: (name: string, request: unknown) => Promise<unknown>) => Promise<T>,
): Promise<T> => {
  const process = startModuleProcess(1)
  try {
    const work = async (): Promise<T> => {
      await process.ask(LOAD.name, { path, parameters })
      return use((name, request) => process.ask(name, request))
    }
    return await within(deadline, work(), 'the module')
  } catch (error) {
    throw faultIn(error)
  } finally {
    process.kill()
  }
}

const isInitialized = ({ flags }: TokenFacts): boolean => (flags & CKF_TOKEN.INITIALIZED) !== 0

/** The tokens that are set up. Needs no login. */
export const listTokens = (options: HsmOptions): Promise<readonly TokenFacts[]> =>
  withModule(options, async (ask) =>
    LIST_TOKENS.answer.parse(await ask(LIST_TOKENS.name, undefined)).filter(isInitialized),
  )

/** Makes a token in a slot that has none. */
export const initializeToken = (
  options: HsmOptions,
  label: string,
  securityOfficerPin: string,
  pin: string,
): Promise<TokenFacts> =>
  withModule(options, async (ask) =>
    INITIALIZE.answer.parse(await ask(INITIALIZE.name, { label, securityOfficerPin, pin })),
  )

const KINDS = { aes: 'AES-256', rsa: 'RSA' } as const

const summary = async (host: ModuleHost, object: RootObject): Promise<HsmRoot> => ({
  label: object.label,
  id: rootIdOf(object),
  kind: KINDS[object.kind],
  method: (await chooseMethod(host, object)).title,
})

/** Makes the root key in the token where it is not there yet. @throws ModuleError where it is, and is not fit for it */
export const ensureRoot = (
  options: HsmOptions,
): Promise<{ readonly root: HsmRoot; readonly token: TokenFacts; readonly isNew: boolean }> =>
  withHost(options, async (host) => {
    const known = await findRoot(host, options.root)
    const object = known ?? (await makeRoot(host, options.root.label))
    const { token } = await host.ready()
    return { root: await summary(host, object), token, isNew: known === undefined }
  })

const LATENCY_CALLS = 32
const LATENCY_BYTES = 32

const latencyOf = async (host: ModuleHost): Promise<HsmStatus['latency']> => {
  const times: number[] = []
  for (let call = 0; call < LATENCY_CALLS; call += 1) {
    const began = performance.now()
    await host.call(RANDOM, { length: LATENCY_BYTES })
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  return { median: times[LATENCY_CALLS >> 1] ?? 0, longest: times.at(-1) ?? 0 }
}

/** How the token is. @throws ModuleError */
export const hsmStatus = (options: HsmOptions): Promise<HsmStatus> =>
  withHost(options, async (host) => {
    const { module } = await host.ready()
    const object = await findRoot(host, options.root)
    const mechanisms = await host.call(LIST_MECHANISMS, undefined)
    const names = mechanisms.map(({ type }) => mechanismName(type)).filter((name) => name !== undefined)
    return {
      module,
      token: await host.call(INSPECT, undefined),
      root: object && (await summary(host, object)),
      mechanisms: { used: names.sort(), others: mechanisms.length - names.length },
      latency: await latencyOf(host),
      lastFault: await readFault(options.lastFault),
    }
  })

const verdict = async (what: string, job: () => Promise<unknown>): Promise<HsmVerdict> => {
  try {
    await job()
    return { what, problem: undefined }
  } catch (error) {
    if (!(error instanceof ModuleError) || error.fault !== 'refused') throw error
    return { what, problem: error.message }
  }
}

/** Tries everything that the server uses. @throws ModuleError where there is no root key to try it with */
export const testHsm = (options: HsmOptions): Promise<readonly HsmVerdict[]> =>
  withHost(options, async (host) => {
    const object = await findRoot(host, options.root)
    if (object === undefined) throw new ModuleError('setup', `the token has no root key "${options.root.label}"`)
    const trials = await tryMethods(host, object)
    return [
      ...trials.map(({ method, problem }) => ({ what: `wrap store keys by ${method.title}`, problem })),
      await verdict('random numbers', () => host.call(RANDOM, { length: LATENCY_BYTES })),
    ]
  })

const CLASSES: ReadonlyMap<number, string> = new Map([
  [CKO.DATA, 'data'],
  [CKO.CERTIFICATE, 'certificate'],
  [CKO.PUBLIC_KEY, 'public key'],
  [CKO.PRIVATE_KEY, 'private key'],
  [CKO.SECRET_KEY, 'secret key'],
])

const TYPES: ReadonlyMap<number, string> = new Map([
  [CKK.RSA, 'RSA'],
  [CKK.DSA, 'DSA'],
  [CKK.EC, 'EC'],
  [CKK.GENERIC_SECRET, 'generic'],
  [CKK.DES3, '3DES'],
  [CKK.AES, 'AES'],
])

/** More than anybody reads. */
const MOST_LISTED = 1000

/** Every token takes digits, and so many of them. */
const DIGITS = 10
const PIN_DIGITS = 16

/** A PIN that nobody has to remember. */
export const newPin = (): string => Array.from({ length: PIN_DIGITS }, () => String(randomInt(DIGITS))).join('')

/** What is in the token: the first thousand objects. @throws ModuleError */
export const listObjects = (options: HsmOptions): Promise<readonly HsmObject[]> =>
  withHost(options, async (host) => {
    const found = await host.call(FIND, { template: [], most: MOST_LISTED })
    return found.map(({ class: objectClass, id, label, keyType }) => ({
      kind: CLASSES.get(objectClass) ?? 'other',
      type: keyType === undefined ? '' : (TYPES.get(keyType) ?? `0x${keyType.toString(16)}`),
      label,
      id: id.toString('hex'),
      isRoot:
        (objectClass === CKO.SECRET_KEY || objectClass === CKO.PRIVATE_KEY) &&
        label === options.root.label &&
        (options.root.id === undefined || id.equals(options.root.id)),
    }))
  })
