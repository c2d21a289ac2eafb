import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Clear, Sealed } from '../../domain/bytes.ts'
import type { RecordPlace } from '../../domain/key-store.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import { isEncodedObject } from './object-codec.ts'
import type { StoreKey, StoreKeys } from './store-keys.ts'

/** What a sealed value is bound to: moved to another row, column or version, it does not open. */
export type SealContext = { readonly objectId: string; readonly column: string; readonly sealVersion: number }

const FORMAT = 1
const NUMBER_AT = 1
const NONCE_AT = 5
const TEXT_AT = 17
const TAG_BYTES = 16

const isSealed = (bytes: Buffer): bytes is Sealed => bytes.length >= TEXT_AT + TAG_BYTES && bytes[0] === FORMAT

/** Length-prefixed, so that no two contexts have the same bytes. Format and key number belong to it. */
const associatedData = ({ objectId, column, sealVersion }: SealContext, keyNumber: number): Buffer => {
  const idBytes = Buffer.byteLength(objectId)
  const columnBytes = Buffer.byteLength(column)
  const aad = Buffer.alloc(21 + idBytes + columnBytes)
  aad[0] = FORMAT
  aad.writeUInt32BE(keyNumber, 1)
  aad.writeBigUInt64BE(BigInt(sealVersion), 5)
  aad.writeUInt32BE(idBytes, 13)
  aad.write(objectId, 17, 'utf8')
  aad.writeUInt32BE(columnBytes, 17 + idBytes)
  aad.write(column, 21 + idBytes, 'utf8')
  return aad
}

/** Seals bytes under the current store key: format, key number, nonce, ciphertext, tag. AES-256-GCM, fresh nonce. */
export const seal = ({ current }: StoreKeys, context: SealContext, clear: Clear): Sealed => {
  const sealed = Buffer.allocUnsafeSlow(TEXT_AT + clear.length + TAG_BYTES)
  sealed[0] = FORMAT
  sealed.writeUInt32BE(current.number, NUMBER_AT)
  const nonce = randomBytes(12)
  nonce.copy(sealed, NONCE_AT)
  const cipher = createCipheriv('aes-256-gcm', current.seal, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData(context, current.number))
  cipher.update(clear).copy(sealed, TEXT_AT)
  cipher.final()
  cipher.getAuthTag().copy(sealed, TEXT_AT + clear.length)
  if (!isSealed(sealed)) throw new Error('sealing made no sealed value')
  return sealed
}

const decrypt = (key: StoreKey, context: SealContext, sealed: Sealed): Buffer => {
  const nonce = sealed.subarray(NONCE_AT, TEXT_AT)
  const decipher = createDecipheriv('aes-256-gcm', key.seal, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData(context, key.number))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const clear = decipher.update(sealed.subarray(TEXT_AT, sealed.length - TAG_BYTES))
  decipher.final()
  return clear
}

/** Which rule a sealed value breaks is for the log alone. */
const unopened = (cause: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The stored key cannot be opened', { cause })

/**
 * Opens what {@link seal} made for the same context.
 * @throws KmipError CryptographicFailure, whatever is wrong
 */
export const unseal = (keys: StoreKeys, context: SealContext, sealed: Buffer): Clear => {
  if (!isSealed(sealed)) throw unopened(new Error('no sealed value'))
  const key = keys.get(sealed.readUInt32BE(NUMBER_AT))
  if (key === undefined) throw unopened(new Error('unknown store key'))
  try {
    const clear = decrypt(key, context, sealed)
    if (isEncodedObject(clear)) return clear
  } catch (cause) {
    throw unopened(cause)
  }
  throw unopened(new Error('no encoded object'))
}

/** Seals the same again, under the store key that is current. @throws KmipError CryptographicFailure, whatever is wrong */
export const sealAgain = (keys: StoreKeys, context: SealContext, sealed: Sealed): Sealed => {
  const clear = unseal(keys, context, sealed)
  const fresh = seal(keys, context, clear)
  clear.fill(0)
  return fresh
}

/** Records have columns of their own, so that none of them opens as an object. What changes in one is sealed anew. */
const contextOf = ({ kind, id }: RecordPlace): SealContext => ({
  objectId: id,
  column: `record ${kind}`,
  sealVersion: 1,
})

export const sealRecord = (keys: StoreKeys, place: RecordPlace, clear: Buffer): Sealed => {
  if (!isEncodedObject(clear)) throw new Error('no encoded structure')
  return seal(keys, contextOf(place), clear)
}

/** @throws KmipError CryptographicFailure, whatever is wrong */
export const unsealRecord = (keys: StoreKeys, place: RecordPlace, sealed: Sealed): Buffer =>
  unseal(keys, contextOf(place), sealed)

/** As {@link sealAgain}. */
export const sealRecordAgain = (keys: StoreKeys, place: RecordPlace, sealed: Sealed): Sealed =>
  sealAgain(keys, contextOf(place), sealed)
