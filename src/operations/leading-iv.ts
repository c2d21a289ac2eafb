import { isGranted } from '../domain/compatibility.ts'
import type { EncryptInput } from '../domain/key-store.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'

/** Of AES and its kin: nothing else is decrypted by the clients that this is for. */
const BLOCK = 16

/** The first block of the data is the IV, for clients that are granted it and send none of their own. */
export const withLeadingIv = (
  { principal }: Pick<OperationContext, 'principal'>,
  { blockCipherMode }: CryptographicParameters,
  input: EncryptInput,
): EncryptInput => {
  if (input.ivCounterNonce !== undefined || blockCipherMode !== 'CBC') return input
  if (!isGranted(principal, 'iv-before-data') || input.data.length < 2 * BLOCK) return input
  return { ...input, ivCounterNonce: input.data.subarray(0, BLOCK), data: input.data.subarray(BLOCK) }
}
