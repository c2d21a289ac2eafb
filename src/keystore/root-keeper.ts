import type { RetiredRoot, RootPlace } from '../domain/key-rotation.ts'
import { type HsmOptions, openHsm, type OpenHsm } from './pkcs11/open-hsm.ts'
import type { RootKey } from './root-key.ts'
import {
  listRootFiles,
  openRootFiles,
  prepareNextRoot,
  retireRootFiles,
  settleRootFiles,
} from './software/root-files.ts'
import type { RootKeyFile } from './software/root-key.ts'

/** Where root keys are: in a file, or in an HSM, or in both while the server moves from one to the other. */
export type RootPlaces = { readonly file: RootKeyFile; readonly hsm: HsmOptions | undefined }

/** Root keys as they are now: all that open, and those that store keys are to be wrapped under from now on. */
export type Roots = { readonly given: readonly RootKey[]; readonly wanted: readonly RootKey[] }

/** The root keys of a server, wherever they are. */
export type RootKeeper = {
  /** Opens all there are, in the order in which they are asked; at another time there may be others. */
  open(): Promise<Roots>
  /** Where they are, without opening any. */
  list(): Promise<readonly RootPlace[]>
  /** Makes the one that is to take the place of the present one, where it is not there yet; tells which it is. */
  prepare(): Promise<string>
  /** Puts away those that are none of `needed`. */
  settle(needed: ReadonlySet<string>): Promise<readonly RetiredRoot[]>
  /** Lets go of the HSM. */
  close(): Promise<void>
}

const inFileOnly = (file: RootKeyFile): RootKeeper => ({
  open: async () => {
    const given = await openRootFiles(file)
    return { given, wanted: given.slice(-1) }
  },
  list: () => listRootFiles(file),
  prepare: async () => (await prepareNextRoot(file)).id,
  settle: (needed) => settleRootFiles(file, needed),
  close: () => Promise.resolve(),
})

/** With an HSM, files are opened where there are any: they may be what the store keys are wrapped under yet. */
const withHsm = (file: RootKeyFile, options: HsmOptions): RootKeeper => {
  let opened: Promise<OpenHsm> | undefined
  const hsm = (): Promise<OpenHsm> => {
    opened ??= openHsm(options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    open: async () => {
      const inFile = (await listRootFiles(file)).length === 0 ? [] : await openRootFiles(file)
      const { root } = await hsm()
      return { given: [root, ...inFile], wanted: [root] }
    },
    list: async () => {
      const id = options.root.id?.toString('hex') ?? `"${options.root.label}"`
      return [
        { id, path: `token ${options.token.label ?? options.token.serial ?? ''}` },
        ...(await listRootFiles(file)),
      ]
    },
    prepare: async () => (await hsm()).root.id,
    settle: (needed) => retireRootFiles(file, needed),
    close: async () => {
      await (await opened?.catch(() => undefined))?.host.close()
    },
  }
}

export const createRootKeeper = ({ file, hsm }: RootPlaces): RootKeeper =>
  hsm === undefined ? inFileOnly(file) : withHsm(file, hsm)
