import type { RetiredRoot, RootPlace } from '../domain/key-rotation.ts'
import type { Log } from '../observe/log.ts'
import { RANDOM } from './pkcs11/calls.ts'
import { type HsmOptions, openHsm, type OpenHsm } from './pkcs11/open-hsm.ts'
import type { RootKey } from './root-key.ts'
import {
  ensureRootFile,
  listRootFiles,
  openRootFiles,
  prepareNextRoot,
  retireRootFiles,
  settleRootFiles,
} from './software/root-files.ts'
import type { RootKeyFile } from './software/root-key.ts'
import { stirRandom, type Stirring } from './stir-random.ts'

/** A token with a root key of its own. One that is being left opens, and nothing new is wrapped under it. */
export type TokenPlace = { readonly name: string; readonly options: HsmOptions; readonly leaving: boolean }

/** Where root keys are: in a file, in tokens, or in both while the server moves from one to the other. */
export type RootPlaces = { readonly file: RootKeyFile; readonly tokens: readonly TokenPlace[] }

/** Root keys as they are now. */
export type Roots = {
  /** All that open, in the order in which they are asked. */
  readonly given: readonly RootKey[]
  /** Those that store keys are to be wrapped under from now on. */
  readonly wanted: readonly RootKey[]
  /** Why a token does not open, for each that does not; of those that are wanted, and of all. */
  readonly lacking: readonly Error[]
  readonly faults: readonly Error[]
}

/** The root keys of a server, wherever they are. */
export type RootKeeper = {
  /** Whether a root key is, or is to be, in a token. */
  readonly hasTokens: boolean
  /** Opens all there are; at another time there may be others. @throws Error where none opens */
  open(): Promise<Roots>
  /** Where they are, without opening any. */
  list(): Promise<readonly RootPlace[]>
  /** Makes what is to take the place of the present one, where it is not there yet; tells which they are. */
  prepare(): Promise<readonly string[]>
  /** Puts away those that are none of `needed`. */
  settle(needed: ReadonlySet<string>): Promise<readonly RetiredRoot[]>
  /** Hands random numbers of a token to `stir`, now and every minute until all is closed. @throws Error where none gives any */
  stirInto(stir: (material: Buffer) => void): Promise<void>
  /** From now on they are in other places. */
  move(places: RootPlaces): Promise<void>
  /** Lets go of the tokens. */
  close(): Promise<void>
}

/** A token that is opened when it is first needed, and again after a failure. */
type Slot = TokenPlace & { open(): Promise<OpenHsm>; close(): Promise<void> }

const slotFor = (place: TokenPlace): Slot => {
  let opened: Promise<OpenHsm> | undefined
  const open = (): Promise<OpenHsm> => {
    opened ??= openHsm(place.options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    ...place,
    open,
    close: async () => {
      await (await opened?.catch(() => undefined))?.host.close()
    },
  }
}

const errorOf = (reason: unknown): Error => (reason instanceof Error ? reason : new Error('unknown error'))

/** Of the first token that gives them. */
const randomOf = async (slots: readonly Slot[], length: number): Promise<Buffer> => {
  let fault = new Error('there is no HSM to take random numbers from')
  for (const slot of slots) {
    try {
      return await (await slot.open()).host.call(RANDOM, { length })
    } catch (error) {
      fault = errorOf(error)
    }
  }
  throw fault
}

type Opened = { readonly slot: Slot; readonly root: RootKey } | { readonly slot: Slot; readonly fault: Error }

const openSlot = async (slot: Slot): Promise<Opened> => {
  try {
    return { slot, root: (await slot.open()).root }
  } catch (error) {
    return { slot, fault: errorOf(error) }
  }
}

const openTokens = async (slots: readonly Slot[], file: RootKeyFile): Promise<Roots> => {
  const opened = await Promise.all(slots.map(openSlot))
  const broken = opened.flatMap((one) => ('fault' in one ? [one] : []))
  const faults = broken.map(({ fault }) => fault)
  const lacking = broken.flatMap(({ slot, fault: reason }) => (slot.leaving ? [] : [reason]))
  const open = opened.flatMap((one) => ('root' in one ? [one] : []))
  const inFile = (await listRootFiles(file)).length === 0 ? [] : await openRootFiles(file)
  const given = [...open.map(({ root }) => root), ...inFile]
  const [fault] = faults
  if (given.length === 0 && fault !== undefined) throw fault
  // Where all tokens are being left, the root key goes into a file.
  const staying = slots.some(({ leaving }) => !leaving)
  const wanted = staying ? open.flatMap(({ slot, root }) => (slot.leaving ? [] : [root])) : inFile.slice(-1)
  return { given, wanted, lacking, faults }
}

const placeOf = ({ options: { root, token }, leaving }: Slot): RootPlace => ({
  id: root.id?.toString('hex') ?? `"${root.label}"`,
  path: `token ${token.label ?? token.serial ?? ''}${leaving ? ', which is being left' : ''}`,
})

export const createRootKeeper = (places: RootPlaces, log: Log): RootKeeper => {
  let file = places.file
  let slots = places.tokens.map(slotFor)
  let stirring: Stirring | undefined

  const isInToken = (): boolean => slots.some(({ leaving }) => !leaving)

  const leave = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => slot.close()))
  }

  return {
    get hasTokens() {
      return slots.length > 0
    },
    open: async () => {
      if (slots.length === 0) {
        const given = await openRootFiles(file)
        return { given, wanted: given.slice(-1), lacking: [], faults: [] }
      }
      const roots = await openTokens(slots, file)
      for (const error of roots.faults) log.error('the root key in a token does not open', { error })
      return roots
    },
    list: async () => [...slots.map(placeOf), ...(await listRootFiles(file))],
    prepare: async () => {
      if (slots.length === 0) return [(await prepareNextRoot(file)).id]
      if (!isInToken()) return [(await ensureRootFile(file)).id]
      const { wanted, lacking } = await openTokens(slots, file)
      const [fault] = lacking
      if (fault !== undefined) throw fault
      return wanted.map(({ id }) => id)
    },
    settle: (needed) => (isInToken() ? retireRootFiles(file, needed) : settleRootFiles(file, needed)),
    stirInto: async (stir) => {
      stirring = await stirRandom((length) => randomOf(slots, length), stir, log)
    },
    move: async (others) => {
      await leave()
      file = others.file
      slots = others.tokens.map(slotFor)
    },
    close: async () => {
      stirring?.stop()
      await leave()
    },
  }
}
