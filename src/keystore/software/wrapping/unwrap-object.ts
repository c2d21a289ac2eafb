import type { WrappingKey, WrappingKeys } from '../../../domain/key-store.ts'
import { keyBlockOf, withKeyBlock } from '../../../domain/registered-object.ts'
import { supportedMethod, WRAPPING_STEPS } from '../../../domain/wrapping-methods.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { KeyBlock } from '../../../protocol/structures/key-block.ts'
import type { KeyWrappingData } from '../../../protocol/structures/key-wrapping.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { readKey } from '../asymmetric/read-key.ts'
import { inspectObject } from '../inspect-object.ts'
import { isMac } from '../mac.ts'
import { verify } from '../signature.ts'
import { asymmetricKeyOf, decryptNow, secretKeyOf } from '../use-key.ts'
import { keyValueOf } from './key-value.ts'
import type { OpenKey } from './wrap-object.ts'

/** What is wrapped: a Key Value that is a byte string, or the Key Material of one that is none (TC-WRAP-1-14). */
const wrappedBytes = ({ keyValue }: KeyBlock): Buffer => {
  if (keyValue === undefined) throw new Error('no Key Value')
  const bytes = Buffer.isBuffer(keyValue) ? keyValue : keyValue.keyMaterial
  if (Buffer.isBuffer(bytes)) return bytes
  throw new Error('a structure is not wrapped')
}

const needed = (key: WrappingKey | undefined): WrappingKey => {
  if (key === undefined) throw new Error('the Wrapping Method needs another key')
  return key
}

const decrypted = (open: OpenKey, { key, parameters }: WrappingKey, data: Buffer, iv: Buffer | undefined): Buffer =>
  decryptNow(open(key), parameters, { data, ivCounterNonce: iv, additionalData: undefined, tag: undefined })

const check = (open: OpenKey, { key, parameters }: WrappingKey, data: Buffer, given: Buffer | undefined): void => {
  if (given === undefined) throw new Error('no MAC or signature')
  const opened = open(key)
  const holds =
    opened.object.objectType === 'SymmetricKey'
      ? isMac(secretKeyOf(opened), parameters, data, given)
      : verify(asymmetricKeyOf(opened), parameters, { data, digested: undefined }, given).validity === 'Valid'
  if (!holds) throw new Error('the MAC or signature is wrong')
}

/** A Key Value that is only protected by a MAC is given a copy of its own: it is not the caller's to keep. */
const clearBytes = (block: KeyBlock, data: KeyWrappingData, keys: WrappingKeys, open: OpenKey): Buffer => {
  const { encrypts, protects } = WRAPPING_STEPS[supportedMethod(data.wrappingMethod)]
  const sent = wrappedBytes(block)
  if (protects === 'sent') check(open, needed(keys.mac), sent, data.macSignature)
  const clear = encrypts ? decrypted(open, needed(keys.encryption), sent, data.ivCounterNonce) : Buffer.from(sent)
  if (protects === 'clear') check(open, needed(keys.mac), clear, data.macSignature)
  return clear
}

/** They tell of the parameters, which are no secret, and nothing of what is wrapped. */
const TOLD: readonly string[] = [
  'BadCryptographicParameters',
  'UnsupportedCryptographicParameters',
  'FeatureNotSupported',
]

const failed = (cause: unknown): KmipError =>
  cause instanceof KmipError && TOLD.includes(cause.reason)
    ? cause
    : new KmipError('CryptographicFailure', 'The key cannot be unwrapped', { cause })

/**
 * Unwraps an object (1.4 section 2.1.5, 2.1 section 3.3); one that is not wrapped stays as it is. Its attributes stay
 * inside the Key Value.
 * @throws KmipError CryptographicFailure, whatever is wrong with what is wrapped, and what concerns the parameters
 */
export const unwrapObject = (object: ObjectValue, keys: WrappingKeys, open: OpenKey): ObjectValue => {
  const data = keyBlockOf(object)?.keyWrappingData
  if (data === undefined) return object
  try {
    const unwrapped = withKeyBlock(object, (block) => ({
      ...block,
      keyValue: keyValueOf(clearBytes(block, data, keys, open), data.encodingOption),
      keyWrappingData: undefined,
    }))
    return inspectObject(unwrapped, readKey).object
  } catch (cause) {
    throw failed(cause)
  }
}
