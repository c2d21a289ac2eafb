import { checkOnline } from '../domain/attribute-rules.ts'
import { valueOf } from '../domain/attribute-set.ts'
import type { HeldKey } from '../domain/key-store.ts'
import { isDestroyed, type ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { keyBlockOf } from '../domain/registered-object.ts'
import { withAttributes } from '../domain/with-attributes.ts'
import {
  KEY_COMPRESSION_TYPE,
  KEY_FORMAT_TYPE,
  KEY_WRAP_TYPE,
  type KeyWrapType,
  OBJECT_TYPE,
} from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { keyWrappingSpecification } from '../protocol/structures/key-wrapping.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, extensibleEnumOf } from '../schema/primitives.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { uniqueIdentifierOrPlaceholder } from './fields.ts'

/** What Get and Export ask alike (1.4 sections 4.11 and 4.40, 2.1 sections 6.1.18 and 6.1.19). */
export const serveRequest = {
  uniqueIdentifier: uniqueIdentifierOrPlaceholder,
  keyFormatType: optional(TAG.KeyFormatType, extensibleEnumOf(KEY_FORMAT_TYPE)),
  keyWrapType: optional(TAG.KeyWrapType, enumOf(KEY_WRAP_TYPE), { since: '1.4' }),
  keyCompressionType: optional(TAG.KeyCompressionType, extensibleEnumOf(KEY_COMPRESSION_TYPE)),
  keyWrappingSpecification: optional(TAG.KeyWrappingSpecification, keyWrappingSpecification),
}

type ServeRequest = Infer<typeof serveRequest>

/**
 * What 1.x says of an object without material: of one that was destroyed, that it is not there, as the published cases
 * have it (TC-314); of one that never had any, what 1.4 section 11.12 does.
 */
const nothingToRead = (object: ManagedObject): KmipError =>
  isDestroyed(object)
    ? new KmipError('ObjectDestroyed', 'The object has been destroyed', { older: 'ItemNotFound' })
    : new KmipError('KeyValueNotPresent', 'The server has only the attributes of the object', {
        older: 'IllegalOperation',
      })

/**
 * Any state may be read, Pre-Active and Deactivated among them: clients read keys before they activate them, and old
 * keys to open old data.
 */
const readableKey = (object: ManagedObject, { version }: OperationContext): HeldKey => {
  if (object.key === undefined) throw nothingToRead(object)
  checkOnline(object)
  // A name for the type, and a field for the object, that the client's version does not have.
  if (!OBJECT_TYPE.knownIn(object.objectType, version)) {
    throw new KmipError('InvalidObjectType', 'The protocol version does not know objects of this type')
  }
  if (valueOf(object.attributes, 'Sensitive') === true) {
    throw new KmipError('Sensitive', 'The object is sensitive: it does not leave the server in the clear')
  }
  if (valueOf(object.attributes, 'Extractable') === false) {
    throw new KmipError('NotExtractable', 'The object is not extractable')
  }
  return object.key
}

const checkWrapping = (value: ObjectValue, wrapType: KeyWrapType | undefined): void => {
  if (wrapType !== 'NotWrapped' || keyBlockOf(value)?.keyWrappingData === undefined) return
  throw new KmipError('KeyWrapTypeNotSupported', 'The key was registered wrapped and is not unwrapped')
}

/** @throws KmipError FeatureNotSupported */
export const checkServable = (request: ServeRequest): void => {
  if (request.keyWrappingSpecification === undefined) return
  throw new KmipError('FeatureNotSupported', 'The server does not wrap keys')
}

/**
 * Fresh means that no client has been served the object by Get: only the first reader changes it. 1.4 section 3.34 does
 * not say by which operation, 2.1 section 4.24 does: what Export gives to another server stays fresh.
 */
export const markServed = ({ objects, now }: OperationContext, object: ManagedObject): void => {
  if (valueOf(object.attributes, 'Fresh') !== true) return
  objects.update(withAttributes(object, now, { name: 'Fresh', value: false }))
}

/**
 * The object in the clear, in the form wanted.
 * @throws KmipError ObjectDestroyed, ObjectArchived, KeyValueNotPresent, InvalidObjectType, Sensitive, NotExtractable,
 *   KeyWrapTypeNotSupported, and what the keystore says of the form
 */
export const servedObject = (
  context: OperationContext,
  object: ManagedObject,
  request: ServeRequest,
): MaybePromise<ObjectValue> =>
  then(context.keys.retrieve(readableKey(object, context), request), (value) => {
    checkWrapping(value, request.keyWrapType)
    return value
  })
