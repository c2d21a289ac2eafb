import { withDefaults } from '../domain/defaults.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { SplitScheme, SplitSecret } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { partAttributes, partHistory, splitMaterial } from '../domain/split-key.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { symmetricKeySpec } from '../domain/symmetric-key.ts'
import { usedKey } from '../domain/wrapping-keys.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, SPLIT_KEY_METHOD } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { bigInteger, enumOf, integer } from '../schema/primitives.ts'
import { optional, repeated, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Parts in one request: the keystore has a limit of its own. */
const MOST_PARTS = 1000

/** What is split, what its parts are to have, and what they have from it. */
type Source = { readonly secret: SplitSecret; readonly given: readonly Attribute[]; readonly own: readonly Attribute[] }

const ofExisting = (
  context: OperationContext,
  object: ManagedObject,
  given: readonly Attribute[],
): MaybePromise<Source> =>
  then(usedKey(context, object, splitMaterial(object)), (held) => ({
    secret: { held },
    given: partAttributes(object, given),
    own: partHistory(object),
  }))

/** A key that nobody has but the holders of its parts. */
const fresh = (given: readonly Attribute[]): Source => ({ secret: { made: symmetricKeySpec(given) }, given, own: [] })

const checkParts = (parts: number): void => {
  if (parts >= 1 && parts <= MOST_PARTS) return
  throw new KmipError('InvalidField', 'The parts of the Split Key cannot be counted so')
}

const split = (context: OperationContext, { secret, given, own }: Source, scheme: SplitScheme) => {
  const { ids, keys, objects, batch } = context
  checkParts(scheme.parts)
  const wish = { objectType: 'SplitKey', given, generator: keys.generator } as const
  acceptedWish(wish)
  const partIds = Array.from({ length: scheme.parts }, () => ids.next())
  return then(keys.split(partIds, secret, scheme), (deposits) => {
    for (const [index, deposit] of deposits.entries()) {
      objects.insert(newObject({ ...wish, context, id: partIds[index] ?? '', deposit, own }))
    }
    batch.produced(...partIds)
    return { uniqueIdentifiers: partIds }
  })
}

/**
 * Create Split Key: an existing key, or one made for it, becomes as many objects as it has parts (1.4 section 4.38, 2.1
 * section 6.1.10). The first part becomes the ID Placeholder.
 */
export const createSplitKey = defineOperation({
  name: 'CreateSplitKey',
  spec: { '1.4': '4.38', '2.1': '6.1.10' },
  request: {
    objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    splitKeyParts: required(TAG.SplitKeyParts, integer),
    splitKeyThreshold: required(TAG.SplitKeyThreshold, integer),
    splitKeyMethod: required(TAG.SplitKeyMethod, enumOf(SPLIT_KEY_METHOD)),
    primeFieldSize: optional(TAG.PrimeFieldSize, bigInteger),
    attributes: attributeList('required'),
    protectionStorageMasks: storageMasks(),
  },
  response: { uniqueIdentifiers: repeated(TAG.UniqueIdentifier, identifier) },
  handle: (context, request) => {
    const { objectType, uniqueIdentifier, splitKeyParts: parts, splitKeyThreshold: threshold } = request
    const { splitKeyMethod: method, primeFieldSize } = request
    if (objectType !== 'SplitKey') {
      throw new KmipError('InvalidObjectType', 'A key is split into Split Keys', { older: 'InvalidField' })
    }
    checkStorage(request.protectionStorageMasks)
    const material = uniqueIdentifier === undefined ? 'made' : 'brought'
    const wanted = then(givenAttributes(context, request.attributes), (spelled) =>
      withDefaults(context, objectType, spelled, material),
    )
    return then(wanted, (given) => {
      // Without an identifier a key is made: the ID Placeholder stands for none (1.4 section 4.38).
      const source =
        uniqueIdentifier === undefined
          ? fresh(given)
          : then(context.objects.get(context.batch.resolve(uniqueIdentifier)), (object) =>
              ofExisting(context, object, given),
            )
      return then(source, (found) => split(context, found, { parts, threshold, method, primeFieldSize }))
    })
  },
})
