import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline } from './attribute-rules.ts'
import type { Issuer } from './certificate-keeper.ts'
import { isDestroyed, type ManagedObject, stateOf } from './managed-object.ts'
import type { OperationContext } from './operation-context.ts'
import { protecting } from './usage-limits.ts'
import { keyToUse, linkedIds } from './wrapping-keys.ts'

/*
 * Who issues a certificate. 'Certificate Link: For Certificate objects: the parent certificate for a certificate in a
 * certificate chain' (1.4 section 3.35, 2.1 section 11.31): a client that has an authority of its own here names its
 * certificate by such a Link among the attributes that it asks for. Otherwise it is the server's own authority.
 */

const refuse = (problem: string): KmipError => new KmipError('PermissionDenied', problem)

/** The private key of an authority, by its link or by way of the public key. */
const privateKeyOf = async (
  context: OperationContext,
  certificate: ManagedObject,
): Promise<ManagedObject | undefined> => {
  const [direct] = linkedIds(certificate, 'PrivateKeyLink')
  if (direct !== undefined) return context.objects.find(direct)
  const [publicId] = linkedIds(certificate, 'PublicKeyLink')
  const publicKey = publicId === undefined ? undefined : await context.objects.find(publicId)
  const [id] = publicKey === undefined ? [] : linkedIds(publicKey, 'PrivateKeyLink')
  return id === undefined ? undefined : context.objects.find(id)
}

/** An authority that is to issue, and the key that is counted as used. */
export type ChosenIssuer = {
  readonly issuer: Issuer
  readonly certificate: ManagedObject
  readonly privateKey: ManagedObject
}

const inForce = (certificate: ManagedObject, now: number): boolean =>
  ['PreActive', 'Active'].includes(stateOf(certificate, now))

const issuerAt = async (context: OperationContext, id: string): Promise<ChosenIssuer> => {
  const certificate = await context.objects.find(id)
  if (certificate?.objectType !== 'Certificate' || isDestroyed(certificate) || certificate.key === undefined) {
    throw refuse('The Certificate Link leads to no certificate of an authority')
  }
  checkOnline(certificate)
  if (!inForce(certificate, context.now)) throw refuse('The issuing certificate is out of service')
  const privateKey = await privateKeyOf(context, certificate)
  if (privateKey === undefined) throw refuse('The private key of the issuing certificate is not here')
  const key = await keyToUse(context, privateKey, 'CertificateSign')
  return { issuer: { key, certificate: certificate.key }, certificate, privateKey }
}

/**
 * The authority that the attributes of a request name; undefined for the server's own.
 * @throws KmipError PermissionDenied, InvalidField, ObjectArchived, and as `keyToUse`
 */
export const namedIssuer = async (
  context: OperationContext,
  given: readonly Attribute[],
): Promise<ChosenIssuer | undefined> => {
  const [id, ...more] = linkedIds({ attributes: given }, 'CertificateLink')
  if (more.length > 0) throw new KmipError('InvalidField', 'A certificate has one issuer')
  return id === undefined ? undefined : issuerAt(context, id)
}

/** Who issued a certificate that is to be renewed, where the client may use that authority; undefined otherwise. */
export const issuerBefore = async (
  context: OperationContext,
  existing: ManagedObject,
): Promise<ChosenIssuer | undefined> => {
  const [id] = linkedIds(existing, 'CertificateLink')
  const parent = id === undefined ? undefined : await context.objects.find(id)
  if (id === undefined || parent === undefined || (await privateKeyOf(context, parent)) === undefined) return undefined
  return issuerAt(context, id)
}

/** Counts a certificate as one use of the key that issued it. */
export const countIssued = (
  { objects, now }: OperationContext,
  chosen: ChosenIssuer | undefined,
  bytes: number,
): void => {
  if (chosen === undefined) return
  const counted = protecting(chosen.privateKey, bytes, now)
  if (counted !== chosen.privateKey) objects.update(counted)
}
