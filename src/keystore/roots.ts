import { existsSync } from 'node:fs'
import { type HsmOptions, openHsm, type OpenHsm } from './pkcs11/open-hsm.ts'
import type { RootKey } from './root-key.ts'
import { openRootKey, type RootKeyFile } from './software/root-key.ts'

/** Where root keys are: in a file, or in an HSM, or in both while the server moves from one to the other. */
export type RootPlaces = { readonly file: RootKeyFile; readonly hsm: HsmOptions | undefined }

export type OpenRoots = {
  /** In the order in which they are asked. */
  readonly roots: readonly RootKey[]
  readonly hsm: OpenHsm | undefined
  close(): Promise<void>
}

/** With an HSM, a file is opened where there is one: it may be what the store keys are wrapped under yet. */
const openFile = async ({ file, hsm }: RootPlaces): Promise<readonly RootKey[]> =>
  hsm === undefined || existsSync(file.path) ? [await openRootKey(file)] : []

/** Opens every root key there is. @throws ModuleError, RootKeyError */
export const openRoots = async (places: RootPlaces): Promise<OpenRoots> => {
  const inFile = await openFile(places)
  if (places.hsm === undefined) return { roots: inFile, hsm: undefined, close: () => Promise.resolve() }
  const hsm = await openHsm(places.hsm)
  return { roots: [hsm.root, ...inFile], hsm, close: () => hsm.host.close() }
}
