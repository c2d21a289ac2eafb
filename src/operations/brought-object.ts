import { keyBlockOf } from '../domain/registered-object.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type ObjectFields, objectsIn, type ObjectValue } from '../protocol/structures/managed-objects.ts'

/**
 * The one object that a request brings.
 * @throws KmipError InvalidMessage, InvalidField where it is not of the type that the request says
 */
export const broughtObject = (fields: ObjectFields, objectType: ObjectType | undefined): ObjectValue => {
  const [object, ...others] = objectsIn(fields)
  if (object === undefined) throw new KmipError('InvalidMessage', 'The object is missing')
  if (others.length > 0 || object.objectType !== (objectType ?? object.objectType)) {
    throw new KmipError('InvalidField', 'The object is not of its Object Type')
  }
  return object
}

/** An object that keeps its key elsewhere says so (1.4 section 3.41, 2.1 section 4.28). */
export const presence = (object: ObjectValue): readonly Attribute[] => {
  const block = keyBlockOf(object)
  return block === undefined || block.keyValue !== undefined ? [] : [{ name: 'KeyValuePresent', value: false }]
}
