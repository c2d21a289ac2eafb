import type { Clear } from '../../domain/bytes.ts'
import { objectFields, type ObjectFields, type ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { transparentKeyMaterial, type TransparentKeyMaterial } from '../../protocol/structures/key-block.ts'
import { TAG } from '../../protocol/tags.ts'
import { struct } from '../../schema/struct.ts'
import { scan } from '../../ttlv/scan.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { HEADER_LENGTH, typeAt } from '../../ttlv/reader.ts'
import { Writer } from '../../ttlv/writer.ts'

/*
 * What is sealed: the TTLV encoding of the whole managed object in its newest form, so that one way of storing serves
 * every Object Type.
 */

const stored = struct('stored object', objectFields).compile('storage')
const material = transparentKeyMaterial.compile('storage')

/** Cleared after each use: it holds keys. Nothing in here waits, so one is enough. */
const writer = new Writer()

const written = (write: () => void): Buffer => {
  write()
  const copy = Buffer.allocUnsafeSlow(writer.length)
  writer.bytes().copy(copy)
  writer.reset()
  return copy
}

/** Whether bytes are an encoded object, as far as their first item tells. */
export const isEncodedObject = (bytes: Buffer): bytes is Clear =>
  bytes.length > HEADER_LENGTH && typeAt(bytes, 0) === ITEM_TYPE.Structure

const asFields = (object: ObjectValue): ObjectFields => ({ [object.objectType]: object.value })

export const encodeObject = (object: ObjectValue): Clear => {
  const bytes = written(() => stored.write(writer, TAG.ResponsePayload, asFields(object)))
  if (!isEncodedObject(bytes)) throw new Error('an object without fields')
  return bytes
}

/** The one object among the fields of a payload. */
export const objectOf = (fields: ObjectFields): ObjectValue | undefined => {
  const { Certificate, SymmetricKey, PublicKey, PrivateKey, SplitKey } = fields
  const { Template, SecretData, OpaqueObject, PGPKey, CertificateRequest } = fields
  if (SymmetricKey !== undefined) return { objectType: 'SymmetricKey', value: SymmetricKey }
  if (PrivateKey !== undefined) return { objectType: 'PrivateKey', value: PrivateKey }
  if (PublicKey !== undefined) return { objectType: 'PublicKey', value: PublicKey }
  if (Certificate !== undefined) return { objectType: 'Certificate', value: Certificate }
  if (SecretData !== undefined) return { objectType: 'SecretData', value: SecretData }
  if (OpaqueObject !== undefined) return { objectType: 'OpaqueObject', value: OpaqueObject }
  if (SplitKey !== undefined) return { objectType: 'SplitKey', value: SplitKey }
  if (PGPKey !== undefined) return { objectType: 'PGPKey', value: PGPKey }
  if (CertificateRequest !== undefined) return { objectType: 'CertificateRequest', value: CertificateRequest }
  return Template === undefined ? undefined : { objectType: 'Template', value: Template }
}

const read = (bytes: Buffer): ObjectValue => {
  const object = objectOf(stored.read(bytes, 0))
  if (object === undefined) throw new Error('an object without fields')
  return object
}

/** The object that {@link encodeObject} wrote. Its buffers are views of `clear`. */
export const decodeObject = (clear: Clear): ObjectValue => {
  scan(clear, true)
  return read(clear)
}

/** As {@link decodeObject}, of bytes that it has read before; the object owns its buffers. */
export const decodeCopy = (clear: Clear): ObjectValue => read(Buffer.from(clear))

/** The TTLV encoding of a Key Material structure: what its Digest is calculated on (1.4 section 3.17, 2.1 section 4.21). */
export const encodeMaterial = (structure: TransparentKeyMaterial): Buffer =>
  written(() => material.write(writer, TAG.KeyMaterial, structure))
