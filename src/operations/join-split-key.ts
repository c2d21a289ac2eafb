import { valueOf } from '../domain/attribute-set.ts'
import { withDefaults } from '../domain/defaults.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { HeldKey, JoinedKeySpec } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { joinedAttributes, joinedHistory, partMaterial } from '../domain/split-key.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { usedKey } from '../domain/wrapping-keys.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, SECRET_DATA_TYPE } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { objectReference, type ObjectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, extensibleEnumOf } from '../schema/primitives.ts'
import { type Infer, optional, repeated, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

/** Parts in one request: more than any split of ours has. */
const MOST_PARTS = 1000

const joinRequest = {
  objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
  uniqueIdentifiers: repeated(TAG.UniqueIdentifier, objectReference),
  secretDataType: optional(TAG.SecretDataType, extensibleEnumOf(SECRET_DATA_TYPE)),
  attributes: attributeList('optional'),
  protectionStorageMasks: storageMasks(),
}

/** Every part is named; the ID Placeholder stands for none (1.4 section 4.39, 2.1 section 6.1.27). */
const idsOf = ({ batch }: OperationContext, references: readonly ObjectReference[]): readonly string[] => {
  if (references.length === 0) throw new KmipError('InvalidMessage', 'The Unique Identifier is missing')
  const ids = references.map((reference) => batch.resolve(reference))
  if (ids.length <= MOST_PARTS && new Set(ids).size === ids.length) return ids
  throw new KmipError('InvalidField', 'A part of the key is named twice, or there are too many of them')
}

type Part = { readonly object: ManagedObject; readonly key: HeldKey }

const partsOf = (
  context: OperationContext,
  [id, ...more]: readonly string[],
  found: readonly Part[] = [],
): MaybePromise<readonly Part[]> =>
  id === undefined
    ? found
    : then(context.objects.get(id), (object) =>
        then(usedKey(context, object, partMaterial(object)), (key) =>
          partsOf(context, more, [...found, { object, key }]),
        ),
      )

const join = (
  context: OperationContext,
  parts: readonly Part[],
  { objectType, secretDataType }: Infer<typeof joinRequest>,
  spelled: readonly Attribute[],
) => {
  const { ids, keys, objects, batch } = context
  const sources = parts.map(({ object }) => object)
  const wish = { objectType, given: joinedAttributes(sources, spelled), generator: undefined }
  acceptedWish(wish)
  const id = ids.next()
  const wanted: JoinedKeySpec = {
    objectType,
    secretDataType,
    algorithm: valueOf(spelled, 'CryptographicAlgorithm'),
    length: valueOf(spelled, 'CryptographicLength'),
  }
  const held = parts.map(({ key }) => key)
  return then(keys.join(id, held, wanted), (deposit) => {
    objects.insert(newObject({ ...wish, context, id, deposit, own: joinedHistory(sources) }))
    batch.produced(id)
    return { uniqueIdentifier: id }
  })
}

/**
 * Join Split Key: as many Split Keys as their threshold says become the object that they are parts of (1.4 section 4.39,
 * 2.1 section 6.1.27). Those that are named beyond that have to agree.
 */
export const joinSplitKey = defineOperation({
  name: 'JoinSplitKey',
  spec: { '1.4': '4.39', '2.1': '6.1.27' },
  request: joinRequest,
  response: { uniqueIdentifier },
  handle: (context, request) => {
    checkStorage(request.protectionStorageMasks)
    return then(partsOf(context, idsOf(context, request.uniqueIdentifiers)), (parts) =>
      then(givenAttributes(context, request.attributes), (spelled) =>
        then(withDefaults(context, request.objectType, spelled, 'brought'), (given) =>
          join(context, parts, request, given),
        ),
      ),
    )
  },
})
