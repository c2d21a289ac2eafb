import { checkOnline } from '../domain/attribute-rules.ts'
import { valueOf } from '../domain/attribute-set.ts'
import type { HeldKey } from '../domain/key-store.ts'
import { isDestroyed, isSystemObject, type ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { containerOf, wantsContainer } from '../domain/pkcs12.ts'
import { keyBlockOf } from '../domain/registered-object.ts'
import { withAttributes } from '../domain/with-attributes.ts'
import { wrappedObject } from '../domain/wrapped-object.ts'
import { unwrappable } from '../domain/wrapping-keys.ts'
import { KEY_COMPRESSION_TYPE, KEY_FORMAT_TYPE, KEY_WRAP_TYPE, OBJECT_TYPE } from '../protocol/enumerations.ts'
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
  if (isSystemObject(object))
    throw new KmipError('InvalidObjectType', 'Users, groups and credentials are not handed out')
  if (object.key === undefined) throw nothingToRead(object)
  checkOnline(object)
  // A name for the type, and a field for the object, that the client's version does not have.
  if (!OBJECT_TYPE.knownIn(object.objectType, version)) {
    throw new KmipError('InvalidObjectType', 'The protocol version does not know objects of this type')
  }
  if (valueOf(object.attributes, 'Extractable') === false) {
    throw new KmipError('NotExtractable', 'The object is not extractable')
  }
  return object.key
}

const checkNotSensitive = ({ attributes }: ManagedObject): void => {
  if (valueOf(attributes, 'Sensitive') !== true) return
  throw new KmipError('Sensitive', 'The object is sensitive: it does not leave the server in the clear')
}

/** What leaves as it is: no sensitive object, unless it came encrypted and goes so. */
const checkSensitive = (object: ManagedObject, value: ObjectValue): void => {
  const wrapping = keyBlockOf(value)?.keyWrappingData
  if (wrapping === undefined || wrapping.wrappingMethod === 'MACSign') checkNotSensitive(object)
}

const isWrapped = (value: ObjectValue): boolean => keyBlockOf(value)?.keyWrappingData !== undefined

/** As it was registered, unless a key that came wrapped is wanted unwrapped (1.4 section 4.11, 2.1 section 6.1.19). */
const asRegistered = (
  context: OperationContext,
  object: ManagedObject,
  key: HeldKey,
  request: ServeRequest,
): MaybePromise<ObjectValue> => {
  const served =
    request.keyWrapType === 'NotWrapped'
      ? then(context.keys.retrieve(key), (value) =>
          isWrapped(value)
            ? then(unwrappable(context, key, value), (held) => context.keys.retrieve(held, request))
            : context.keys.retrieve(key, request),
        )
      : context.keys.retrieve(key, request)
  return then(served, (value) => {
    checkSensitive(object, value)
    return value
  })
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
 * The object in the form wanted, and wrapped as the request says.
 * @throws KmipError ObjectDestroyed, ObjectArchived, KeyValueNotPresent, InvalidObjectType, Sensitive, NotExtractable,
 *   KeyWrapTypeNotSupported, what is said of wrapping keys, and what the keystore says of the form
 */
export const servedObject = (
  context: OperationContext,
  object: ManagedObject,
  request: ServeRequest,
): MaybePromise<ObjectValue> => {
  const key = readableKey(object, context)
  const { keyWrappingSpecification: specification, keyWrapType: wrapType } = request
  if (specification !== undefined)
    return wrappedObject(context, object, key, { specification, form: request, wrapType })
  if (!wantsContainer(object, request.keyFormatType)) return asRegistered(context, object, key, request)
  checkNotSensitive(object)
  return containerOf(context, object, key)
}
