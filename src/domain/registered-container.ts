import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { valueOf } from './attribute-set.ts'
import { linkTo } from './key-pair.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { newObject } from './new-object.ts'
import type { OperationContext } from './operation-context.ts'
import { linkedPassword } from './pkcs12.ts'
import { keyBlockOf, withKeyBlock } from './registered-object.ts'

/** What is to be registered instead of a container: the object in it, and what follows for its attributes. */
export type TakenApart = { readonly object: ObjectValue; readonly own: readonly Attribute[] }

/** The container, as Key Material or, in the manner of 1.x, as the Key Value itself. */
const containerIn = (brought: ObjectValue): Buffer | undefined => {
  if (brought.objectType !== 'PrivateKey') return undefined
  const { keyFormatType, keyValue, keyWrappingData } = brought.value.keyBlock
  if (keyFormatType !== 'PKCS_12' || keyWrappingData !== undefined) return undefined
  if (keyValue === undefined || Buffer.isBuffer(keyValue)) return keyValue
  return Buffer.isBuffer(keyValue.keyMaterial) ? keyValue.keyMaterial : undefined
}

const named = (friendlyName: string | undefined): readonly Attribute[] =>
  friendlyName === undefined ? [] : [{ name: 'PKCS_12FriendlyName', value: friendlyName }]

/**
 * Takes in the certificates of a container as objects of their own, each linked to that of its issuer; only the first
 * one, the key's own, is called what the key is.
 * @returns the identifier of the first
 */
const insertChain = async (
  context: OperationContext,
  certificates: readonly ObjectValue[],
  friendlyName: string | undefined,
): Promise<string | undefined> => {
  let issuer: string | undefined
  for (const [at, certificate] of [...certificates.entries()].reverse()) {
    const id = context.ids.next()
    const deposit = await context.keys.deposit(id, certificate)
    const link = issuer === undefined ? [] : [linkTo('CertificateLink', issuer)]
    const own = [...link, ...(at === 0 ? named(friendlyName) : [])]
    const wish = { objectType: 'Certificate', given: [], generator: undefined } as const
    context.objects.insert(newObject({ ...wish, context, id, deposit, own }))
    issuer = id
  }
  return issuer
}

const attributesIn = (brought: ObjectValue): readonly Attribute[] => {
  const keyValue = keyBlockOf(brought)?.keyValue
  return keyValue === undefined || Buffer.isBuffer(keyValue) ? [] : keyValue.attributes
}

/** The key out of the container, with the attributes that the container's Key Value had. */
const withAttributesOf = (key: ObjectValue, brought: ObjectValue): ObjectValue =>
  withKeyBlock(key, (block) => {
    const { keyValue } = block
    if (keyValue === undefined || Buffer.isBuffer(keyValue)) return block
    return { ...block, keyValue: { ...keyValue, attributes: attributesIn(brought) } }
  })

/**
 * A private key that comes in a PKCS#12 container is taken out of it, under the password that `given` links to; its
 * certificates become objects (1.4 sections 3.45 and 11.4, 2.1 sections 4.39 and 6.1.43). Anything else stays as it is.
 * @throws KmipError BadPassword, WrongKeyLifecycleState, InvalidField, FeatureNotSupported
 */
export const takenApart = (
  context: OperationContext,
  brought: ObjectValue,
  given: readonly Attribute[],
): MaybePromise<TakenApart> => {
  const container = containerIn(brought)
  if (container === undefined) return { object: brought, own: [] }
  const wanted = valueOf(given, 'PKCS_12FriendlyName')
  return then(linkedPassword(context, given), async (password) => {
    const opened = await context.keys.openContainer(container, password, wanted)
    const name = wanted ?? opened.friendlyName
    const certificate = await insertChain(context, opened.certificates, name)
    const link = certificate === undefined ? [] : [linkTo('PKCS_12CertificateLink', certificate)]
    return { object: withAttributesOf(opened.privateKey, brought), own: [...named(name), ...link] }
  })
}
