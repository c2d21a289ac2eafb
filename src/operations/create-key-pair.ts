import { valueOf } from '../domain/attribute-set.ts'
import { equalValues } from '../domain/equal-values.ts'
import { givenAttributes, mergeLayers } from '../domain/given-attributes.ts'
import type { Deposit, KeyPairSpec } from '../domain/key-store.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject, type Wish } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { type AttributeList, attributeList } from '../protocol/attribute-wire.ts'
import type { LinkType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { text } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

type Lists = {
  readonly common?: AttributeList | undefined
  readonly private?: AttributeList | undefined
  readonly public?: AttributeList | undefined
}

type Given = { readonly private: readonly Attribute[]; readonly public: readonly Attribute[] }

/** What is said of one key takes precedence over what is said of both (1.4 section 4.2, 2.1 section 6.1.9). */
const givenPair = (context: OperationContext, lists: Lists): MaybePromise<Given> =>
  then(givenAttributes(context, lists.common), (common) =>
    then(givenAttributes(context, lists.private), (forPrivate) =>
      then(givenAttributes(context, lists.public), (forPublic) => ({
        private: mergeLayers(forPrivate, common),
        public: mergeLayers(forPublic, common),
      })),
    ),
  )

/** An attribute that both keys have alike, from whichever list has it. */
const shared = <N extends 'CryptographicAlgorithm' | 'CryptographicLength' | 'CryptographicDomainParameters'>(
  given: Given,
  name: N,
): ReturnType<typeof valueOf<N>> => {
  const ofPrivate = valueOf(given.private, name)
  const ofPublic = valueOf(given.public, name)
  if (ofPrivate !== undefined && ofPublic !== undefined && !equalValues(ofPrivate, ofPublic)) {
    throw new KmipError('InvalidAttributeValue', 'The two keys of a pair have to agree on the attribute')
  }
  return ofPrivate ?? ofPublic
}

const unsupported = (what: string): KmipError => new KmipError('InvalidField', `The ${what} is not supported`)

const specOf = (given: Given): KeyPairSpec => {
  const algorithm = shared(given, 'CryptographicAlgorithm')
  const curve = shared(given, 'CryptographicDomainParameters')?.recommendedCurve
  if (algorithm === undefined) throw new KmipError('InvalidMessage', 'The Cryptographic Algorithm is missing')
  if (typeof algorithm === 'number') throw unsupported('Cryptographic Algorithm')
  if (typeof curve === 'number') throw unsupported('Recommended Curve')
  return { algorithm, length: shared(given, 'CryptographicLength'), curve }
}

type Half = { readonly id: string; readonly wish: Wish; readonly deposit: Deposit; readonly linkType: LinkType }

const insertHalf = (context: OperationContext, { id, wish, deposit, linkType }: Half, other: string): void => {
  const link: Attribute = { name: 'Link', value: { linkType, linkedObjectIdentifier: { by: 'id', id: other } } }
  context.objects.insert(newObject({ ...wish, context, id, deposit, own: [link] }))
}

const makePair = (context: OperationContext, given: Given) => {
  const forPrivate: Wish = { objectType: 'PrivateKey', given: given.private, generated: true }
  const forPublic: Wish = { objectType: 'PublicKey', given: given.public, generated: true }
  acceptedWish(forPrivate)
  acceptedWish(forPublic)
  const ids = { privateKey: context.ids.next(), publicKey: context.ids.next() }
  return then(context.keys.generateKeyPair(ids, specOf(given)), ({ privateKey, publicKey }) => {
    const half = { id: ids.privateKey, wish: forPrivate, deposit: privateKey, linkType: 'PublicKeyLink' } as const
    const other = { id: ids.publicKey, wish: forPublic, deposit: publicKey, linkType: 'PrivateKeyLink' } as const
    insertHalf(context, half, other.id)
    insertHalf(context, other, half.id)
    context.batch.produced(half.id, other.id)
    return { privateKeyUniqueIdentifier: half.id, publicKeyUniqueIdentifier: other.id }
  })
}

/**
 * Create Key Pair: two keys that point to each other (1.4 section 4.2, 2.1 section 6.1.9). The private key becomes the
 * ID Placeholder.
 */
export const createKeyPair = defineOperation({
  name: 'CreateKeyPair',
  spec: { '1.4': '4.2', '2.1': '6.1.9' },
  request: {
    common: attributeList('optional', 'common'),
    private: attributeList('optional', 'private'),
    public: attributeList('optional', 'public'),
    commonStorage: storageMasks('common'),
    privateStorage: storageMasks('private'),
    publicStorage: storageMasks('public'),
  },
  response: {
    privateKeyUniqueIdentifier: required(TAG.PrivateKeyUniqueIdentifier, text),
    publicKeyUniqueIdentifier: required(TAG.PublicKeyUniqueIdentifier, text),
  },
  handle: (context, request) => {
    checkStorage(request.privateStorage ?? request.commonStorage, 'PrivateProtectionStorageUnavailable')
    checkStorage(request.publicStorage ?? request.commonStorage, 'PublicProtectionStorageUnavailable')
    return then(givenPair(context, request), (given) => makePair(context, given))
  },
})
