import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline, rulesOf } from './attribute-rules.ts'
import { instancesOf, valueOf, withInstance, withReplaced } from './attribute-set.ts'
import { type ChosenIssuer, countIssued } from './certificate-issuer.ts'
import type { RequestValue } from './certificate-keeper.ts'
import type { HeldKey } from './key-store.ts'
import { linkTo } from './key-pair.ts'
import { missingMaterial } from './key-use.ts'
import { isArchived, type ManagedObject, stateOf } from './managed-object.ts'
import { acceptedWish, newObject } from './new-object.ts'
import type { OperationContext } from './operation-context.ts'
import { withAttributes } from './with-attributes.ts'
import { linkedIds, usedKey } from './wrapping-keys.ts'

/*
 * What Certify and Re-certify have in common (1.4 sections 4.7 and 4.8, 2.1 sections 6.1.6 and 6.1.45).
 */

const unfit = (message: string): KmipError => new KmipError('InvalidObjectType', message, { older: 'PermissionDenied' })

/** The key of an object that is to be certified. @throws KmipError ObjectArchived, PermissionDenied, and where it is gone */
const heldKey = (object: ManagedObject, now: number): HeldKey => {
  checkOnline(object)
  if (object.key === undefined) throw missingMaterial(object)
  const state = stateOf(object, now)
  if (state === 'PreActive' || state === 'Active') return object.key
  throw new KmipError('PermissionDenied', 'A key that is out of service is not certified')
}

/** What is to be certified: a public key that the server holds, a request, or both. */
export type Applicant = {
  readonly publicKey: ManagedObject | undefined
  readonly request: RequestValue | undefined
}

/** The request in an object; the public key, where it is linked. */
const fromRequestObject = async (context: OperationContext, object: ManagedObject): Promise<Applicant> => {
  checkOnline(object)
  if (object.key === undefined) throw missingMaterial(object)
  const value = await context.keys.retrieve(object.key)
  if (value.objectType !== 'CertificateRequest') throw unfit('The object is no Certificate Request')
  const [id] = linkedIds(object, 'PublicKeyLink')
  const publicKey = id === undefined ? undefined : await context.objects.find(id)
  const { certificateRequestType: type, certificateRequestValue } = value.value
  return { publicKey, request: { type, value: certificateRequestValue } }
}

/**
 * What an object brings to be certified.
 * @throws KmipError InvalidObjectType
 */
export const applicantFrom = async (
  context: OperationContext,
  object: ManagedObject,
  request: RequestValue | undefined,
): Promise<Applicant> => {
  switch (object.objectType) {
    case 'PublicKey':
      return { publicKey: object, request }
    case 'CertificateRequest':
      if (request === undefined) return fromRequestObject(context, object)
      throw new KmipError('InvalidMessage', 'There are two certificate requests')
    default:
      throw unfit('The object cannot be certified')
  }
}

/**
 * Type and value of a request belong together.
 * @throws KmipError InvalidMessage
 */
export const requestIn = (
  type: RequestValue['type'] | undefined,
  value: Buffer | undefined,
): RequestValue | undefined => {
  if (type === undefined && value === undefined) return undefined
  if (type !== undefined && value !== undefined) return { type, value }
  throw new KmipError('InvalidMessage', 'Certificate Request Type and Certificate Request belong together')
}

/** @throws KmipError FeatureNotSupported for anything but X.509 */
export const checkCertificateType = (given: readonly Attribute[]): void => {
  const type = valueOf(given, 'CertificateType')
  if (type === undefined || type === 'X_509') return
  throw new KmipError('FeatureNotSupported', 'The server issues X.509 certificates only')
}

/** Clocks of others run behind: a certificate that is valid from this very second would be refused by them. */
const BACKDATED = 60 * 60

/** Longest Common Name (RFC 5280 appendix A, ub-common-name). */
const LONGEST_COMMON_NAME = 64

/** What a key is called where nobody says: by its Name, or else its identifier. */
const commonNameFor = (publicKey: ManagedObject | undefined, otherwise: string): string => {
  const names =
    publicKey === undefined ? [] : instancesOf(publicKey.attributes, 'Name').map(({ value }) => value.nameValue)
  return names.find((name) => name.length <= LONGEST_COMMON_NAME) ?? publicKey?.id ?? otherwise
}

/** The private half of the pair, where the client may use it and it is here. */
const privateHalf = async (context: OperationContext, publicKey: ManagedObject): Promise<HeldKey | undefined> => {
  const [id] = linkedIds(publicKey, 'PrivateKeyLink')
  const object = id === undefined ? undefined : await context.objects.find(id)
  if (object?.objectType !== 'PrivateKey' || object.key === undefined || isArchived(object)) return undefined
  return usedKey(context, object, object.key)
}

/** Everything that a certificate follows from. */
export type Certification = Applicant & {
  readonly given: readonly Attribute[]
  /** What the certificate has besides. */
  readonly own: readonly Attribute[]
  readonly renewed: ManagedObject | undefined
  readonly chosen: ChosenIssuer | undefined
}

/** What follows from the certificate is read from it: where a request says otherwise, it says nothing (section 4.7). */
const notStated = (attributes: readonly Attribute[]): readonly Attribute[] =>
  attributes.filter((attribute) => rulesOf(attribute).stated !== true)

const links = ({ publicKey, chosen }: Certification): readonly Attribute[] => [
  ...(publicKey === undefined ? [] : [linkTo('PublicKeyLink', publicKey.id)]),
  ...(chosen === undefined ? [] : [linkTo('CertificateLink', chosen.certificate.id)]),
]

const issue = async (context: OperationContext, certification: Certification, id: string) => {
  const { publicKey, request, given, own, renewed, chosen } = certification
  const dates = [...given, ...own]
  return context.keys.certify({
    request,
    given,
    renewed: renewed?.key,
    commonName: commonNameFor(publicKey, id),
    publicKey: publicKey && (await usedKey(context, publicKey, heldKey(publicKey, context.now))),
    // A request shows by itself that its sender has the private key.
    privateKey: publicKey && request === undefined ? await privateHalf(context, publicKey) : undefined,
    issuer: chosen?.issuer,
    from: valueOf(dates, 'ActivationDate') ?? context.now - BACKDATED,
    to: valueOf(dates, 'DeactivationDate'),
  })
}

/**
 * Issues a certificate and makes it a managed object, which is not yet among the others.
 * @throws KmipError of `acceptedWish`, `newObject`, and of the keystore
 */
export const certified = async (context: OperationContext, certification: Certification): Promise<ManagedObject> => {
  const { given, own, chosen } = certification
  const wish = { objectType: 'Certificate', given, generator: undefined } as const
  checkCertificateType(given)
  acceptedWish(wish)
  const id = context.ids.next()
  const certificate = await issue(context, certification, id)
  const deposit = await context.keys.deposit(id, certificate)
  if (certificate.objectType === 'Certificate') countIssued(context, chosen, certificate.value.certificateValue.length)
  const created: Attribute = { name: 'OriginalCreationDate', value: context.now }
  const all = [...notStated(own), ...links(certification), created]
  return newObject({ ...wish, context, id, deposit, given: notStated(given), own: all })
}

/** The public key afterwards: it has a Link to the certificate, in the place of the one to `before` where it had that. */
export const withCertificate = (
  publicKey: ManagedObject,
  certificate: string,
  before: string | undefined,
  now: number,
): ManagedObject => {
  const link = linkTo('CertificateLink', certificate)
  const known = instancesOf(publicKey.attributes, 'Link').find(
    ({ value: { linkType, linkedObjectIdentifier: to } }) =>
      linkType === 'CertificateLink' && to.by === 'id' && to.id === before,
  )
  const attributes =
    known === undefined ? withInstance(publicKey.attributes, link) : withReplaced(publicKey.attributes, known, link)
  return withAttributes({ ...publicKey, attributes }, now)
}
