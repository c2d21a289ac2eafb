import { CERTIFICATE_REQUEST_TYPE } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, enumOf } from '../schema/primitives.ts'
import { inForms, optional } from '../schema/struct.ts'

/** A certificate request in a request: 2.0 has moved the value to a tag of its own (1.4 section 4.7, 2.1 section 6.1.6). */
export const certificateRequestFields = {
  certificateRequestType: optional(TAG.CertificateRequestType, enumOf(CERTIFICATE_REQUEST_TYPE)),
  certificateRequestValue: inForms<Buffer, 'optional'>(
    'optional',
    { tag: TAG.CertificateRequest, kind: bytes, until: '1.4' },
    { tag: TAG.CertificateRequestValue, kind: bytes, since: '2.0' },
  ),
}
