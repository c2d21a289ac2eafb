import { withDefaults } from '../domain/defaults.ts'
import { givenPair, type GivenPair, linkTo, pairSpec } from '../domain/key-pair.ts'
import type { Deposit } from '../domain/key-store.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject, type Wish } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import type { LinkType } from '../protocol/enumerations.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

type Half = { readonly id: string; readonly wish: Wish; readonly deposit: Deposit; readonly linkType: LinkType }

const insertHalf = (context: OperationContext, { id, wish, deposit, linkType }: Half, other: string): void => {
  context.objects.insert(newObject({ ...wish, context, id, deposit, own: [linkTo(linkType, other)] }))
}

/** Makes both keys with these attributes. */
export const makePair = (context: OperationContext, given: GivenPair) => {
  const { generator } = context.keys
  const forPrivate: Wish = { objectType: 'PrivateKey', given: given.private, generator }
  const forPublic: Wish = { objectType: 'PublicKey', given: given.public, generator }
  acceptedWish(forPrivate)
  acceptedWish(forPublic)
  const ids = { privateKey: context.ids.next(), publicKey: context.ids.next() }
  return then(context.keys.generateKeyPair(ids, pairSpec(given)), ({ privateKey, publicKey }) => {
    const half = { id: ids.privateKey, wish: forPrivate, deposit: privateKey, linkType: 'PublicKeyLink' } as const
    const other = { id: ids.publicKey, wish: forPublic, deposit: publicKey, linkType: 'PrivateKeyLink' } as const
    insertHalf(context, half, other.id)
    insertHalf(context, other, half.id)
    context.batch.produced(half.id, other.id)
    return { privateKeyUniqueIdentifier: half.id, publicKeyUniqueIdentifier: other.id }
  })
}

/** What is said of one key and goes for both is there already: no default takes its place. */
export const pairWithDefaults = (context: OperationContext, spelled: GivenPair): MaybePromise<GivenPair> =>
  then(withDefaults(context, 'PrivateKey', spelled.private, 'created'), (forPrivate) =>
    then(withDefaults(context, 'PublicKey', spelled.public, 'created'), (forPublic) => ({
      private: forPrivate,
      public: forPublic,
    })),
  )

/**
 * Create Key Pair: two keys that point to each other (1.4 section 4.2, 2.1 section 6.1.9). The private key becomes the
 * ID Placeholder.
 */
export const createKeyPair = defineOperation({
  name: 'CreateKeyPair',
  spec: { '1.4': '4.2', '2.1': '6.1.9' },
  asynchronous: 'preferred',
  isHeavy: true,
  request: {
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
    checkStorage(request.privateStorage ?? request.commonStorage, 'PrivateProtectionStorageUnavailable')
    checkStorage(request.publicStorage ?? request.commonStorage, 'PublicProtectionStorageUnavailable')
    return then(givenPair(context, request), (spelled) =>
      then(pairWithDefaults(context, spelled), (given) => makePair(context, given)),
    )
  },
})
