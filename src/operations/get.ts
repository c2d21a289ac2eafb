import { checkOnline } from '../domain/attribute-rules.ts'
import { valueOf } from '../domain/attribute-set.ts'
import type { HeldKey } from '../domain/key-store.ts'
import { isDestroyed, type ManagedObject } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
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
import { objectFields, type ObjectValue } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, extensibleEnumOf } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

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

/** Fresh means that no client has been served the object: only the first reader changes it (1.4 section 3.34). */
const markServed = ({ objects, now }: OperationContext, object: ManagedObject): void => {
  if (valueOf(object.attributes, 'Fresh') !== true) return
  objects.update(withAttributes(object, now, { name: 'Fresh', value: false }))
}

/**
 * Get: the object itself (1.4 section 4.11, 2.1 section 6.1.19). Its attributes are not repeated in the Key Value, which
 * real clients do not expect there. The most frequent operation of all: no promise where everything is at hand.
 */
export const get = defineOperation({
  name: 'Get',
  spec: { '1.4': '4.11', '2.1': '6.1.19' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    keyFormatType: optional(TAG.KeyFormatType, extensibleEnumOf(KEY_FORMAT_TYPE)),
    keyWrapType: optional(TAG.KeyWrapType, enumOf(KEY_WRAP_TYPE), { since: '1.4' }),
    keyCompressionType: optional(TAG.KeyCompressionType, extensibleEnumOf(KEY_COMPRESSION_TYPE)),
    keyWrappingSpecification: optional(TAG.KeyWrappingSpecification, keyWrappingSpecification),
  },
  response: { objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)), uniqueIdentifier, ...objectFields },
  handle: (context, request) => {
    if (request.keyWrappingSpecification !== undefined) {
      throw new KmipError('FeatureNotSupported', 'The server does not wrap keys')
    }
    return then(context.objects.get(context.batch.resolve(request.uniqueIdentifier)), (object) =>
      then(context.keys.retrieve(readableKey(object, context), request), (value) => {
        checkWrapping(value, request.keyWrapType)
        markServed(context, object)
        return { objectType: object.objectType, uniqueIdentifier: object.id, [value.objectType]: value.value }
      }),
    )
  },
})
