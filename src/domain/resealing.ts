import type { Sealed } from './bytes.ts'
import type { HeldKey, RecordPlace } from './key-store.ts'

/** How what is stored gets from one store key to the next. Nothing is changed but the key that it is under. */
export type Resealing = {
  /** Number of the store key that everything new is under. */
  readonly storeKey: number
  /** Whether the keystore has the store key of that number. */
  hasStoreKey(number: number): boolean
  /**
   * The same material in the same version, under the current store key.
   * @throws KmipError CryptographicFailure where it does not open
   */
  reseal(key: HeldKey): HeldKey
  /** The same for what is secret of a record. */
  resealRecord(place: RecordPlace, sealed: Sealed): Sealed
}
