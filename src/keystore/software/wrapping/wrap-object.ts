import type { HeldKey, Wrapping, WrappingKey } from '../../../domain/key-store.ts'
import { type MaybePromise, then } from '../../../domain/maybe-promise.ts'
import { keyBlockOf, withKeyBlock } from '../../../domain/registered-object.ts'
import { WRAPPING_STEPS } from '../../../domain/wrapping-methods.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { PlainKeyValue } from '../../../protocol/structures/key-block.ts'
import type { KeyWrappingData } from '../../../protocol/structures/key-wrapping.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { plainValue } from '../inspect-key.ts'
import type { OpenedKey } from '../key-cache.ts'
import { mac } from '../mac.ts'
import { sign } from '../signature.ts'
import { asymmetricKeyOf, encryptWith, secretKeyOf } from '../use-key.ts'
import { keyValueBytes } from './key-value.ts'

/** Opens a key for use. */
export type OpenKey = (key: HeldKey) => OpenedKey

type Encrypted = { readonly bytes: Buffer; readonly ivCounterNonce: Buffer | undefined }

/**
 * Encrypts as Encrypt does, with an IV of the server's making. Key Wrapping Data has no field for a tag: it is the end of
 * the Key Value, where Encrypt puts it in versions that have none either.
 */
const encrypted = (open: OpenKey, { key, parameters }: WrappingKey, data: Buffer): Encrypted => {
  const input = { data, ivCounterNonce: undefined, additionalData: undefined, tag: undefined }
  const { data: text, tag, ivCounterNonce } = encryptWith(open(key), parameters, input)
  return { bytes: tag === undefined ? text : Buffer.concat([text, tag]), ivCounterNonce }
}

const macOrSignature = (open: OpenKey, { key, parameters }: WrappingKey, data: Buffer): MaybePromise<Buffer> => {
  const opened = open(key)
  if (opened.object.objectType === 'SymmetricKey') return mac(secretKeyOf(opened), parameters, data)
  return sign(asymmetricKeyOf(opened), parameters, { data, digested: undefined })
}

const information = (used: WrappingKey | undefined): KeyWrappingData['encryptionKeyInformation'] =>
  used && { uniqueIdentifier: used.key.objectId, cryptographicParameters: used.parameters }

const needed = (key: WrappingKey | undefined): WrappingKey => {
  if (key === undefined) throw new KmipError('InvalidField', 'The Wrapping Method needs another key')
  return key
}

const valueIn = (object: ObjectValue): PlainKeyValue => {
  const block = keyBlockOf(object)
  const value = block === undefined ? undefined : plainValue(block)
  if (value === undefined) throw new KmipError('InvalidObjectType', 'The object has nothing to wrap')
  return value
}

/**
 * Wraps the Key Value of an object (1.4 section 2.1.5, 2.1 section 3.3). A MAC or signature is of the Key Value alone,
 * as the text says: where an IV goes with it, only an authenticated mode or a key wrap protects that.
 * @throws KmipError EncodingOptionError, InvalidField, BadCryptographicParameters, UnsupportedCryptographicParameters
 */
export const wrapObject = (object: ObjectValue, wrapping: Wrapping, open: OpenKey): MaybePromise<ObjectValue> => {
  const { method, keys, encodingOption, attributes, version } = wrapping
  const { encrypts, protects } = WRAPPING_STEPS[method]
  const value = valueIn(object)
  const clear = keyValueBytes({ ...value, attributes: [...value.attributes, ...attributes] }, encodingOption, version)
  const sent = encrypts ? encrypted(open, needed(keys.encryption), clear) : { bytes: clear, ivCounterNonce: undefined }
  const protectedBytes = protects === 'clear' ? clear : sent.bytes
  const made = protects === 'nothing' ? undefined : macOrSignature(open, needed(keys.mac), protectedBytes)
  return then<Buffer | undefined, ObjectValue>(made, (macSignature) => {
    if (encrypts) clear.fill(0)
    const keyWrappingData = {
      wrappingMethod: method,
      encryptionKeyInformation: encrypts ? information(keys.encryption) : undefined,
      macSignatureKeyInformation: protects === 'nothing' ? undefined : information(keys.mac),
      macSignature,
      ivCounterNonce: sent.ivCounterNonce,
      encodingOption,
    }
    return withKeyBlock(object, (block) => ({ ...block, keyValue: sent.bytes, keyWrappingData }))
  })
}
