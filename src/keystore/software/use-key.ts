import { createSecretKey, X509Certificate } from 'node:crypto'
import type { EncryptInput, EncryptOutput } from '../../domain/key-store.ts'
import type { MaybePromise } from '../../domain/maybe-promise.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { type AsymmetricKey, describeKey } from './asymmetric/asymmetric-key.ts'
import { parseKey, type ReadKey } from './asymmetric/read-key.ts'
import { decrypt, encrypt } from './cipher.ts'
import type { SecretKey } from './cipher-plan.ts'
import { plainValue } from './inspect-key.ts'
import type { OpenedKey } from './key-cache.ts'
import { rsaDecrypt, rsaDecryptNow, rsaEncrypt } from './rsa-cipher.ts'

/*
 * Opened keys as the library uses them. What it makes of a key stays with the key.
 */

/** The bytes of a symmetric key, which the library copies. */
const secretBytes = ({ object }: OpenedKey): Buffer => {
  if (object.objectType !== 'SymmetricKey') {
    throw new KmipError('InvalidField', 'The object is no symmetric key')
  }
  const { keyBlock } = object.value
  if (keyBlock.keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'The server does not hold the key')
  const material = plainValue(keyBlock)?.keyMaterial
  const bytes = Buffer.isBuffer(material) ? material : material?.key
  if (bytes === undefined) throw new KmipError('InvalidField', 'The key is wrapped and cannot be used')
  return bytes
}

export const secretKeyOf = (opened: OpenedKey): SecretKey => {
  const keyObject = opened.keyObject ?? createSecretKey(secretBytes(opened))
  opened.keyObject = keyObject
  const { object } = opened
  const algorithm = object.objectType === 'SymmetricKey' ? object.value.keyBlock.cryptographicAlgorithm : undefined
  return { algorithm, keyObject }
}

const asymmetricMaterial = ({ object }: OpenedKey): ReadKey => {
  const { objectType } = object
  if (objectType === 'Certificate') {
    const key = describeKey(new X509Certificate(object.value.certificateValue).publicKey)
    return key ?? 'kept'
  }
  if (objectType !== 'PublicKey' && objectType !== 'PrivateKey') return 'kept'
  const { keyBlock } = object.value
  const material = plainValue(keyBlock)?.keyMaterial
  if (material === undefined || typeof keyBlock.keyFormatType === 'number') return 'kept'
  return parseKey(objectType, keyBlock.keyFormatType, material, keyBlock.cryptographicAlgorithm)
}

export const asymmetricKeyOf = (opened: OpenedKey): AsymmetricKey => {
  const known = opened.keyObject === undefined ? undefined : describeKey(opened.keyObject)
  const key = known ?? asymmetricMaterial(opened)
  if (key === 'kept') throw new KmipError('InvalidField', 'The key is in a form in which it cannot be used')
  // What is put together is not one key of the library.
  if (key.partner === undefined) opened.keyObject = key.keyObject
  return key
}

export const encryptWith = (
  key: OpenedKey,
  parameters: CryptographicParameters,
  input: EncryptInput,
): EncryptOutput => {
  if (key.object.objectType === 'SymmetricKey') return encrypt(secretKeyOf(key), parameters, input)
  const data = rsaEncrypt(asymmetricKeyOf(key), parameters, input.data)
  return { data, ivCounterNonce: undefined, tag: undefined }
}

export const decryptWith = (
  key: OpenedKey,
  parameters: CryptographicParameters,
  input: EncryptInput,
): MaybePromise<Buffer> =>
  key.object.objectType === 'SymmetricKey'
    ? decrypt(secretKeyOf(key), parameters, input)
    : rsaDecrypt(asymmetricKeyOf(key), parameters, input.data)

/** As `decryptWith`, at once: for a key that is wrapped, which is opened where no waiting is possible. */
export const decryptNow = (key: OpenedKey, parameters: CryptographicParameters, input: EncryptInput): Buffer =>
  key.object.objectType === 'SymmetricKey'
    ? decrypt(secretKeyOf(key), parameters, input)
    : rsaDecryptNow(asymmetricKeyOf(key), parameters, input.data)
