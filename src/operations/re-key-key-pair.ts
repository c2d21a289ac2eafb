import { givenPair, type GivenPair, linkTo, pairSpec } from '../domain/key-pair.ts'
import type { Deposit } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject, type Wish } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkOffset, checkReplaceable, ownedLike, publicHalf, superseded, takenOver } from '../domain/re-key.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { identifier, objectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { interval } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** One half of the pair: the key that is there, and what its replacement is made of. */
type Half = { readonly existing: ManagedObject; readonly wish: Wish; readonly own: readonly Attribute[] }

type Pair = { readonly private: Half; readonly public: Half; readonly given: GivenPair }

const planHalf = (
  existing: ManagedObject,
  given: readonly Attribute[],
  offset: number | undefined,
  { now, keys: { generator } }: OperationContext,
): Half => {
  checkOffset(offset, given)
  const own = takenOver(existing, offset, now)
  const wish = { objectType: existing.objectType, given, generator }
  acceptedWish(wish)
  return { existing, wish, own }
}

type Made = { readonly id: string; readonly deposit: Deposit; readonly link: Attribute }

const replaceHalf = (context: OperationContext, { existing, wish, own }: Half, { id, deposit, link }: Made): void => {
  // In this order: the Names have to be free before they are taken.
  context.objects.update(superseded(existing, id, context.now))
  context.objects.insert(ownedLike(newObject({ ...wish, context, id, deposit, own: [link, ...own] }), existing))
}

const replacePair = (context: OperationContext, pair: Pair) => {
  const ids = { privateKey: context.ids.next(), publicKey: context.ids.next() }
  const spec = pairSpec(pair.given, pair.private.existing.attributes)
  return then(context.keys.generateKeyPair(ids, spec), ({ privateKey, publicKey }) => {
    const toPublic = linkTo('PublicKeyLink', ids.publicKey)
    const toPrivate = linkTo('PrivateKeyLink', ids.privateKey)
    replaceHalf(context, pair.private, { id: ids.privateKey, deposit: privateKey, link: toPublic })
    replaceHalf(context, pair.public, { id: ids.publicKey, deposit: publicKey, link: toPrivate })
    context.batch.produced(ids.privateKey, ids.publicKey)
    return { privateKeyUniqueIdentifier: ids.privateKey, publicKeyUniqueIdentifier: ids.publicKey }
  })
}

/**
 * Re-key Key Pair: a new pair takes the place, the Names and the attributes of an existing one (1.4 section 4.5, 2.1
 * section 6.1.47). The private key becomes the ID Placeholder.
 */
export const reKeyKeyPair = defineOperation({
  name: 'ReKeyKeyPair',
  spec: { '1.4': '4.5', '2.1': '6.1.47' },
  asynchronous: 'preferred',
  isHeavy: true,
  request: {
    privateKeyUniqueIdentifier: optional(TAG.PrivateKeyUniqueIdentifier, objectReference),
    offset: optional(TAG.Offset, interval),
    common: attributeList('optional', 'common'),
    private: attributeList('optional', 'private'),
    public: attributeList('optional', 'public'),
    commonStorage: storageMasks('common'),
    privateStorage: storageMasks('private'),
    publicStorage: storageMasks('public'),
  },
  response: {
    privateKeyUniqueIdentifier: required(TAG.PrivateKeyUniqueIdentifier, identifier),
    publicKeyUniqueIdentifier: required(TAG.PublicKeyUniqueIdentifier, identifier),
  },
  handle: (context, request) => {
    const { objects, batch } = context
    checkStorage(request.privateStorage ?? request.commonStorage, 'PrivateProtectionStorageUnavailable')
    checkStorage(request.publicStorage ?? request.commonStorage, 'PublicProtectionStorageUnavailable')
    return then(objects.get(batch.resolve(request.privateKeyUniqueIdentifier)), (privateKey) => {
      checkReplaceable(privateKey, 'PrivateKey')
      return then(objects.get(publicHalf(privateKey)), (publicKey) => {
        checkReplaceable(publicKey, 'PublicKey')
        return then(givenPair(context, request), (given) =>
          replacePair(context, {
            given,
            private: planHalf(privateKey, given.private, request.offset, context),
            public: planHalf(publicKey, given.public, request.offset, context),
          }),
        )
      })
    })
  },
})
