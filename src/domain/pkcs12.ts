import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { containerValue } from '../protocol/structures/key-block.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import type { Version } from '../schema/version.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf } from './attribute-set.ts'
import type { HeldKey } from './key-store.ts'
import { isDestroyed, type ManagedObject, stateOf } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import { linkedIds, usedKey } from './wrapping-keys.ts'

/*
 * Private keys and certificates in PKCS#12 containers (1.4 sections 3.45 and 4.11, 2.1 sections 4.39 and 6.1.19).
 */

/** What the standard wants a key to be called in a container where it has no name of its own. */
const USUAL_NAME = 'alias'

/** Longer chains are none that anybody trusts. */
const LONGEST_CHAIN = 16

const badPassword = (problem: string): KmipError => new KmipError('BadPassword', problem)

/**
 * The key of the password that the attributes of a key or certificate link to. That one which is not Active is answered
 * as a state, and not as Bad Password as 2.1 section 11.46 says, follows the published case TC-PKCS12-2.
 * @throws KmipError BadPassword, WrongKeyLifecycleState
 */
export const linkedPassword = (
  { objects, now }: OperationContext,
  attributes: readonly Attribute[],
): MaybePromise<HeldKey> => {
  const [id, ...more] = linkedIds({ attributes }, 'PKCS_12PasswordLink')
  if (id === undefined || more.length > 0)
    throw badPassword('The PKCS#12 Password Link is missing, or there are several')
  return then(objects.find(id), (object) => {
    if (object?.objectType !== 'SecretData') throw badPassword('The PKCS#12 Password Link leads to no Secret Data')
    checkOnline(object)
    if (stateOf(object, now) !== 'Active') {
      throw new KmipError('WrongKeyLifecycleState', 'The password of the PKCS#12 container is not Active', {
        older: 'InvalidField',
      })
    }
    if (object.key === undefined) throw badPassword('The server does not hold the password')
    return object.key
  })
}

const invalidChain = (problem: string): KmipError => new KmipError('InvalidField', problem)

/** Where links of the types lead to, the first type that there is; more than one is more than one chain. */
const followed = (object: ManagedObject, types: Parameters<typeof linkedIds>[1][]): string | undefined => {
  const [id, ...more] = types.map((type) => linkedIds(object, type)).find((ids) => ids.length > 0) ?? []
  if (more.length > 0) throw invalidChain('There is more than one certificate chain')
  return id
}

const NEXT: Parameters<typeof linkedIds>[1][] = ['PKCS_12CertificateLink', 'CertificateLink']

const certificateAt = ({ objects }: OperationContext, id: string): MaybePromise<ManagedObject> =>
  then(objects.find(id), (object) => {
    if (object?.objectType !== 'Certificate' || isDestroyed(object)) {
      throw invalidChain('A link of the certificate chain leads to no certificate')
    }
    checkOnline(object)
    return object
  })

/** From a certificate on. A link of a certificate to itself is that of a root. */
const chainFrom = (
  context: OperationContext,
  id: string | undefined,
  chain: readonly ManagedObject[] = [],
): MaybePromise<readonly ManagedObject[]> => {
  if (id === undefined || chain.at(-1)?.id === id) return chain
  if (chain.length === LONGEST_CHAIN || chain.some((known) => known.id === id)) {
    throw invalidChain('The certificate chain has no end')
  }
  return then(certificateAt(context, id), (certificate) =>
    chainFrom(context, followed(certificate, NEXT), [...chain, certificate]),
  )
}

/**
 * Where the chain of an object begins: with a certificate itself; with that which the private key links to, as the
 * published case TC-PKCS12-1 has it, or that of its public key, as the text does.
 */
const baseOf = (context: OperationContext, object: ManagedObject): MaybePromise<string | undefined> => {
  if (object.objectType === 'Certificate') return object.id
  const own = followed(object, NEXT)
  const publicKey = own === undefined ? followed(object, ['PublicKeyLink']) : undefined
  if (publicKey === undefined) return own
  return then(context.objects.find(publicKey), (half) => (half === undefined ? undefined : followed(half, NEXT)))
}

const heldCertificate = ({ key }: ManagedObject): HeldKey => {
  if (key === undefined) throw invalidChain('A certificate of the chain is not there')
  return key
}

/** Whether an object of this type is answered in a container; one that was taken in as such is answered as it is. */
export const wantsContainer = (object: ManagedObject, keyFormatType: string | number | undefined): boolean =>
  keyFormatType === 'PKCS_12' &&
  (object.objectType === 'PrivateKey' || object.objectType === 'Certificate') &&
  valueOf(object.attributes, 'KeyFormatType') !== 'PKCS_12'

const answered = (object: ManagedObject, container: Buffer, version: Version): ObjectValue =>
  object.objectType === 'Certificate'
    ? { objectType: 'Certificate', value: { certificateType: 'X_509', certificateValue: container } }
    : {
        objectType: 'PrivateKey',
        value: { keyBlock: { keyFormatType: 'PKCS_12', keyValue: containerValue(container, version) } },
      }

/**
 * A private key with its certificate chain, or a certificate with its own, in a container under the password that the
 * object links to.
 * @throws KmipError BadPassword, WrongKeyLifecycleState, InvalidField, ObjectArchived
 */
export const containerOf = (
  context: OperationContext,
  object: ManagedObject,
  key: HeldKey,
): MaybePromise<ObjectValue> =>
  then(linkedPassword(context, object.attributes), (password) =>
    then(baseOf(context, object), (base) =>
      then(chainFrom(context, base), (chain) =>
        then(usedKey(context, object, key), async (used) => {
          const privateKey = object.objectType === 'PrivateKey' ? used : undefined
          const friendlyName = valueOf(object.attributes, 'PKCS_12FriendlyName') ?? USUAL_NAME
          const parts = { privateKey, certificates: chain.map(heldCertificate), friendlyName }
          return answered(object, await context.keys.sealContainer(parts, password), context.version)
        }),
      ),
    ),
  )
