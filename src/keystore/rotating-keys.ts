import { OLDEST_STORE_KEY } from '../domain/object-store.ts'
import type { RotatingKeys } from '../domain/key-rotation.ts'
import type { RootKeeper } from './root-keeper.ts'
import { numberBytes, numberIn } from './software/setting-number.ts'
import { describeStoreKeys, type Settings, StoreKeyError, type StoreKeyRing } from './software/store-keys.ts'

export type RotatingKeysOptions = {
  readonly storeKeys: StoreKeyRing
  readonly settings: Settings
  readonly roots: RootKeeper
}

/** The root keys that some store key is wrapped under. */
const neededRoots = async (settings: Settings): Promise<ReadonlySet<string>> =>
  new Set((await describeStoreKeys(settings)).flatMap(({ roots }) => roots))

/** Never lowers it: a server that lost its work to another one may come late. */
const raiseFence = async (settings: Settings, number: number): Promise<void> => {
  const before = await settings.get(OLDEST_STORE_KEY)
  if (before === undefined || (numberIn(before) ?? 0) >= number) return
  if (!(await settings.replace(OLDEST_STORE_KEY, before, numberBytes(number))))
    throw new Error('another server is changing the keys')
}

/** Store keys, root keys and their files, as they are changed while clients are served. */
export const createRotatingKeys = ({ storeKeys, settings, roots }: RotatingKeysOptions): RotatingKeys => ({
  refresh: async () => {
    try {
      await storeKeys.refresh()
    } catch (error) {
      if (!(error instanceof StoreKeyError)) throw error
      // A new store key is under a root key that was not there when the server started.
      await storeKeys.refresh((await roots.open()).given)
    }
  },
  publish: async (expected) => {
    const { given, wanted, lacking } = await roots.open()
    const [fault] = lacking
    if (fault !== undefined) throw fault
    const ids = wanted.map(({ id }) => id)
    if (expected.length > 0 && expected.toSorted().join() !== ids.toSorted().join())
      throw new Error('the server looks for root keys in other places: have it read its configuration again (SIGHUP)')
    await storeKeys.refresh(given)
    return { storeKey: await storeKeys.publish(wanted), roots: ids }
  },
  tend: async () => {
    if (!roots.hasTokens) return 0
    const { given, wanted } = await roots.open()
    await storeKeys.refresh(given)
    return storeKeys.cover(wanted)
  },
  activate: () => storeKeys.activate(),
  closeOld: () => raiseFence(settings, storeKeys.current.number),
  destroyOld: () => storeKeys.destroyOld(),
  settle: async () => roots.settle(await neededRoots(settings)),
  forget: () => storeKeys.forget(),
})
