import { valueOf, withValue } from '../domain/attribute-set.ts'
import type { WantedForm } from '../domain/key-store.ts'
import { isArchived, isDestroyed, type ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { KEY_COMPRESSION_TYPE, KEY_FORMAT_TYPE, KEY_WRAP_TYPE, OBJECT_TYPE } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { keyWrappingSpecification } from '../protocol/structures/key-wrapping.ts'
import { objectFields, type ObjectValue } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, extensibleEnumOf } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Whether the object may leave the server in the clear (1.4 sections 3.48 and 3.50, 2.1 sections 4.54 and 4.23). */
const checkServable = (object: ManagedObject): void => {
  if (isDestroyed(object)) throw new KmipError('ObjectDestroyed', 'The object has been destroyed')
  if (isArchived(object)) throw new KmipError('ObjectArchived', 'The object is archived')
  if (valueOf(object.attributes, 'Extractable') === false) throw new KmipError('NotExtractable', 'The object is not extractable')
  if (valueOf(object.attributes, 'Sensitive') === true) throw new KmipError('Sensitive', 'The object is sensitive')
}

/** An object is fresh until a client has been served it (1.4 section 3.34, 2.1 section 4.24). */
const markServed = ({ objects }: OperationContext, object: ManagedObject): void => {
  if (valueOf(object.attributes, 'Fresh') !== true) return
  objects.update({ ...object, attributes: withValue(object.attributes, { name: 'Fresh', value: false }) })
}

const material = ({ keys }: OperationContext, object: ManagedObject, wanted: WantedForm): MaybePromise<ObjectValue> => {
  if (object.key === undefined) {
    throw new KmipError('KeyValueNotPresent', 'The server has no key value of the object', { older: 'IllegalOperation' })
  }
  return keys.retrieve(object.key, wanted)
}

/**
 * Get: hands out an object, in the form wanted (1.4 section 4.11, 2.1 section 6.1.19). The state does not matter unless
 * the object is destroyed: devices read keys before they activate them, and after they are deactivated.
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
    return then(context.objects.get(context.batch.resolve(request.uniqueIdentifier)), (object) => {
      checkServable(object)
      const wanted = { keyFormatType: request.keyFormatType, keyCompressionType: request.keyCompressionType }
      return then(material(context, object, wanted), ({ objectType, value }) => {
        markServed(context, object)
        return { objectType, uniqueIdentifier: object.id, [objectType]: value }
      })
    })
  },
})
