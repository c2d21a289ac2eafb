import { type HsmTableName, hsmTables } from '../config/hsm-tables.ts'
import { dataPaths } from '../config/data-paths.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../domain/clock.ts'
import type { KeyStore } from '../domain/key-store.ts'
import type { HsmOptions } from '../keystore/pkcs11/open-hsm.ts'
import { createRootKeeper, type RootKeeper, type RootPlaces } from '../keystore/root-keeper.ts'
import { createRotatingKeys } from '../keystore/rotating-keys.ts'
import type { OwnAuthority } from '../keystore/software/certificates/certify.ts'
import { createRootKey, RootKeyError, type RootKeyFile } from '../keystore/software/root-key.ts'
import { createRandomSource } from '../keystore/software/random/random-source.ts'
import { createSoftwareKeyStore } from '../keystore/software/software-key-store.ts'
import { loadStoreKeys, StoreKeyError, type StoreKeyRing } from '../keystore/software/store-keys.ts'
import type { Log } from '../observe/log.ts'
import type { OpenStore } from '../store/sqlite.ts'

/* Chooses where the root key is, and opens the keystore with it. */

export type KeySurroundings = { readonly clock: Clock; readonly log: Log }

/** For commands: what goes wrong is what they fail with. */
export const noLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

const rootKeyFile = (config: Config): RootKeyFile => ({
  path: dataPaths(config).rootKey,
  passphrase: config.rootKey.passphrase?.reveal(),
})

/** The token of a table of the configuration, if it names one. */
export const hsmOptions = (
  config: Config,
  { clock, log }: KeySurroundings,
  table: HsmTableName = 'hsm',
): HsmOptions | undefined => {
  const { module, moduleParameters, token, serial, pin, keyLabel, keyId, sessions, timeout } = config[table]
  if (module === undefined) return undefined
  const { refusedPins, hsmFault } = dataPaths(config, table)
  return {
    module,
    parameters: moduleParameters,
    token: { label: token, serial },
    pin: pin?.reveal(),
    root: { label: keyLabel, id: keyId === undefined ? undefined : Buffer.from(keyId, 'hex') },
    sessions,
    deadline: timeout * 1000,
    refusedPins,
    lastFault: hsmFault,
    clock,
    log,
  }
}

/** Makes a root key where it is to be in a file, and is not; true where it did. */
export const ensureRootKey = async (config: Config): Promise<boolean> => {
  if (hsmTables(config).length > 0) return false
  try {
    await createRootKey(rootKeyFile(config))
    return true
  } catch (error) {
    if (error instanceof RootKeyError && error.problem === 'exists') return false
    throw error
  }
}

/** Where the root keys are, by the configuration. */
export const rootPlaces = (config: Config, surroundings: KeySurroundings): RootPlaces => ({
  file: rootKeyFile(config),
  tokens: hsmTables(config).flatMap((name) => {
    const options = hsmOptions(config, surroundings, name)
    return options === undefined ? [] : [{ name, options, leaving: config[name].leaving }]
  }),
})

export const rootKeeper = (config: Config, surroundings: KeySurroundings): RootKeeper =>
  createRootKeeper(rootPlaces(config, surroundings), surroundings.log)

export type OpenKeys = {
  readonly keys: KeyStore
  readonly storeKeys: StoreKeyRing
  /** The store keys are open without them: they may be closed. */
  readonly roots: RootKeeper
}

/** Which root key is missing, and why it is. */
const withFaults = (error: unknown, faults: readonly Error[]): unknown =>
  error instanceof StoreKeyError && faults.length > 0
    ? new StoreKeyError([error, ...faults].map(({ message }) => message).join('; '), { cause: error })
    : error

/** Opens the root keys, and the store keys with them. */
export const openKeys = async (
  config: Config,
  store: OpenStore,
  surroundings: KeySurroundings,
  authority?: OwnAuthority,
): Promise<OpenKeys> => {
  const roots = rootKeeper(config, surroundings)
  try {
    const { given, faults } = await roots.open()
    const storeKeys = await loadStoreKeys(given, store.objects.settings).catch((error: unknown) => {
      throw withFaults(error, faults)
    })
    const random = createRandomSource(config.random.generator, surroundings.clock)
    const keys = createSoftwareKeyStore({
      storeKeys,
      clock: surroundings.clock,
      random,
      ...(authority === undefined ? {} : { authority }),
      cacheEntries: config.cache.keys,
    })
    if (config.random.hsm) await roots.stirInto((material) => random.stir(material))
    return { keys, storeKeys, roots }
  } catch (error) {
    await roots.close()
    throw error
  }
}

/** What the engine needs to change keys. */
export const keyRotation = ({ storeKeys, roots }: OpenKeys, { objects, users }: OpenStore) => ({
  rotating: createRotatingKeys({ storeKeys, settings: objects.settings, roots }),
  users,
})
