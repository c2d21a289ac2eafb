import { valueOf } from '../domain/attribute-set.ts'
import { namedIssuer } from '../domain/certificate-issuer.ts'
import type { RequestValue } from '../domain/certificate-keeper.ts'
import { type Applicant, applicantFrom, certified, requestIn, withCertificate } from '../domain/certification.ts'
import { withDefaults } from '../domain/defaults.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import type { ObjectReference } from '../protocol/structures/unique-identifier.ts'
import { inRange, type VersionRange } from '../schema/version.ts'
import { certificateRequestFields } from './certificate-request.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Versions in which the ID Placeholder is meant though there is a request; later the request is enough. */
const PLACEHOLDER_ANYWAY: VersionRange = { until: '1.4' }

const applicantOf = async (
  context: OperationContext,
  reference: ObjectReference | undefined,
  request: RequestValue | undefined,
): Promise<Applicant> => {
  if (reference === undefined && request !== undefined && !inRange(context.version, PLACEHOLDER_ANYWAY)) {
    return { publicKey: undefined, request }
  }
  return applicantFrom(context, await context.objects.get(context.batch.resolve(reference)), request)
}

/**
 * Certify: a certificate for a public key (1.4 section 4.7, 2.1 section 6.1.6), issued by the authority that the client
 * names with a Certificate Link among the attributes, or by the server's own.
 */
export const certify = defineOperation({
  name: 'Certify',
  spec: { '1.4': '4.7', '2.1': '6.1.6' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    ...certificateRequestFields,
    attributes: attributeList('optional'),
    protectionStorageMasks: storageMasks(),
  },
  response: { uniqueIdentifier },
  handle: async (context, message) => {
    checkStorage(message.protectionStorageMasks)
    const request = requestIn(message.certificateRequestType, message.certificateRequestValue)
    const applicant = await applicantOf(context, message.uniqueIdentifier, request)
    const spelled = await givenAttributes(context, message.attributes)
    if (applicant.request === undefined && valueOf(spelled, 'CertificateType') === undefined) {
      throw new KmipError('InvalidMessage', 'Without a Certificate Request the Certificate Type has to be given')
    }
    const given = await withDefaults(context, 'Certificate', spelled, 'made')
    const chosen = await namedIssuer(context, given)
    const certificate = await certified(context, { ...applicant, given, own: [], renewed: undefined, chosen })
    const { publicKey } = applicant
    if (publicKey !== undefined) {
      context.objects.update(withCertificate(publicKey, certificate.id, undefined, context.now))
    }
    context.objects.insert(certificate)
    context.batch.produced(certificate.id)
    return { uniqueIdentifier: certificate.id }
  },
})
