import { valueOf } from '../domain/attribute-set.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { SymmetricKeySpec } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkOffset, checkReplaceable, ownedLike, superseded, takenOver } from '../domain/re-key.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { interval } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** A key of the same kind, where the client wants nothing else. */
const specOf = ({ attributes }: ManagedObject, given: readonly Attribute[]): SymmetricKeySpec => {
  const algorithm = valueOf(given, 'CryptographicAlgorithm') ?? valueOf(attributes, 'CryptographicAlgorithm')
  if (algorithm === undefined || typeof algorithm === 'number') {
    throw new KmipError('InvalidField', 'The Cryptographic Algorithm is not supported')
  }
  return { algorithm, length: valueOf(given, 'CryptographicLength') ?? valueOf(attributes, 'CryptographicLength') }
}

type Replacement = {
  readonly existing: ManagedObject
  readonly given: readonly Attribute[]
  /** Seconds. */
  readonly offset: number | undefined
}

const replace = (context: OperationContext, { existing, given, offset }: Replacement) => {
  checkOffset(offset, given)
  const own = takenOver(existing, offset, context.now)
  const wish = { objectType: existing.objectType, given, generator: context.keys.generator }
  acceptedWish(wish)
  const id = context.ids.next()
  return then(context.keys.generateKey(id, specOf(existing, given)), (deposit) => {
    // In this order: the Names have to be free before they are taken.
    context.objects.update(superseded(existing, id, context.now))
    context.objects.insert(ownedLike(newObject({ ...wish, context, id, deposit, own }), existing))
    context.batch.produced(id)
    return { uniqueIdentifier: id }
  })
}

/**
 * Re-key: a new symmetric key takes the place, the Names and the attributes of an existing one (1.4 section 4.4, 2.1
 * section 6.1.46).
 */
export const reKey = defineOperation({
  name: 'ReKey',
  spec: { '1.4': '4.4', '2.1': '6.1.46' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    offset: optional(TAG.Offset, interval),
    attributes: attributeList('optional'),
    protectionStorageMasks: storageMasks(),
  },
  response: { uniqueIdentifier },
  handle: (context, request) => {
    checkStorage(request.protectionStorageMasks)
    return then(context.objects.get(context.batch.resolve(request.uniqueIdentifier)), (existing) => {
      checkReplaceable(existing, 'SymmetricKey')
      return then(givenAttributes(context, request.attributes), (given) =>
        replace(context, { existing, given, offset: request.offset }),
      )
    })
  },
})
