import { issuerBefore, namedIssuer } from '../domain/certificate-issuer.ts'
import { type Applicant, applicantFrom, certified, requestIn, withCertificate } from '../domain/certification.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkOffset, checkReplaceable, ownedLike, superseded, takenOver } from '../domain/re-key.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { linkedIds } from '../domain/wrapping-keys.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { objectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { interval } from '../schema/primitives.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { certificateRequestFields } from './certificate-request.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

const requestFields = {
  uniqueIdentifier: uniqueIdentifierOrPlaceholder,
  certificateRequestUniqueIdentifier: optional(TAG.CertificateRequestUniqueIdentifier, objectReference, {
    since: '2.0',
  }),
  ...certificateRequestFields,
  offset: optional(TAG.Offset, interval),
  attributes: attributeList('optional'),
  protectionStorageMasks: storageMasks(),
}

type Request = Infer<typeof requestFields>

const requestOf = async (context: OperationContext, message: Request): Promise<Applicant['request']> => {
  const request = requestIn(message.certificateRequestType, message.certificateRequestValue)
  if (message.certificateRequestUniqueIdentifier === undefined) return request
  const object = await context.objects.get(context.batch.resolve(message.certificateRequestUniqueIdentifier))
  if (object.objectType !== 'CertificateRequest') {
    throw new KmipError('InvalidObjectType', 'The object is no Certificate Request', { older: 'PermissionDenied' })
  }
  return (await applicantFrom(context, object, request)).request
}

/** The public key of the certificate, where it is an object and the client may use it. */
const publicKeyOf = async (context: OperationContext, existing: ManagedObject): Promise<ManagedObject | undefined> => {
  const [id] = linkedIds(existing, 'PublicKeyLink')
  return id === undefined ? undefined : context.objects.find(id)
}

/**
 * Re-certify: a new certificate for the same key takes the place, the Names and the attributes of an existing one (1.4
 * section 4.8, 2.1 section 6.1.45).
 */
export const reCertify = defineOperation({
  name: 'ReCertify',
  spec: { '1.4': '4.8', '2.1': '6.1.45' },
  request: requestFields,
  response: { uniqueIdentifier },
  handle: async (context, message) => {
    const { objects, batch, now } = context
    checkStorage(message.protectionStorageMasks)
    const existing = await objects.get(batch.resolve(message.uniqueIdentifier))
    checkReplaceable(existing, 'Certificate')
    const request = await requestOf(context, message)
    const publicKey = await publicKeyOf(context, existing)
    const given = await givenAttributes(context, message.attributes)
    checkOffset(message.offset, given)
    const chosen = (await namedIssuer(context, given)) ?? (await issuerBefore(context, existing))
    const own = takenOver(existing, message.offset, now)
    const certificate = await certified(context, { publicKey, request, given, own, renewed: existing, chosen })
    // In this order: the Names have to be free before they are taken.
    objects.update(superseded(existing, certificate.id, now))
    objects.insert(ownedLike(certificate, existing))
    if (publicKey !== undefined) objects.update(withCertificate(publicKey, certificate.id, existing.id, now))
    batch.produced(certificate.id)
    return { uniqueIdentifier: certificate.id }
  },
})
