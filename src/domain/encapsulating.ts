import type { CryptographicAlgorithm } from '../protocol/enumerations.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { Deposit, HeldKey } from './key-store.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** What the secret of a key encapsulation becomes; length in bits. */
export type SharedSecretSpec =
  | {
      readonly objectType: 'SymmetricKey'
      readonly algorithm: CryptographicAlgorithm
      readonly length: number | undefined
    }
  | { readonly objectType: 'SecretData' }

/** How two parties come to one secret: one makes it for a public key, the other opens it with the private key. */
export type Encapsulating = {
  /** Makes a secret for whoever holds the private key. InvalidField where it cannot be what is wanted. */
  encapsulate(
    objectId: string,
    key: HeldKey,
    parameters: CryptographicParameters,
    wanted: SharedSecretSpec,
  ): MaybePromise<{ readonly deposit: Deposit; readonly ciphertext: Buffer }>
  /** The secret of a ciphertext, or another one where it is none. CryptographicFailure for one of another length. */
  decapsulate(
    objectId: string,
    key: HeldKey,
    parameters: CryptographicParameters,
    input: { readonly ciphertext: Buffer; readonly wanted: SharedSecretSpec },
  ): MaybePromise<Deposit>
}
