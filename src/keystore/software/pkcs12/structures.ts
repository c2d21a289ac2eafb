import { MacData } from '@peculiar/asn1-pfx'
import { AsnArray, AsnConvert, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'

/*
 * What a PKCS#12 container is made of besides the structures of its own standard (RFC 7292): messages of RFC 5652, and
 * parameters of password-based encryption of RFC 8018. Classes, because the ASN.1 library wants them; decorators are
 * applied as the functions they are, since the runtime does not know their syntax.
 */

const EMPTY = new ArrayBuffer(0)
const OID = { type: AsnPropTypes.ObjectIdentifier } as const
const INTEGER = { type: AsnPropTypes.Integer } as const
const OCTETS = { type: OctetString } as const
const ALGORITHM = { type: AlgorithmIdentifier } as const

export const ID_DATA = '1.2.840.113549.1.7.1'
export const ID_ENCRYPTED_DATA = '1.2.840.113549.1.7.6'

/** ContentInfo (RFC 5652 section 3). */
export class ContentInfo {
  contentType = ID_DATA
  content = EMPTY
}
AsnType({ type: AsnTypeTypes.Sequence })(ContentInfo)
AsnProp(OID)(ContentInfo.prototype, 'contentType')
AsnProp({ type: AsnPropTypes.Any, context: 0 })(ContentInfo.prototype, 'content')

/** PFX (RFC 7292 section 4). */
export class Pfx {
  version = 3
  authSafe = new ContentInfo()
  macData?: MacData
}
AsnType({ type: AsnTypeTypes.Sequence })(Pfx)
AsnProp(INTEGER)(Pfx.prototype, 'version')
AsnProp({ type: ContentInfo })(Pfx.prototype, 'authSafe')
AsnProp({ type: MacData, optional: true })(Pfx.prototype, 'macData')

/** AuthenticatedSafe (RFC 7292 section 4.1). */
export class AuthenticatedSafe extends AsnArray<ContentInfo> {}
AsnType({ type: AsnTypeTypes.Sequence, itemType: ContentInfo })(AuthenticatedSafe)

/** EncryptedContentInfo (RFC 5652 section 6.1). */
export class EncryptedContentInfo {
  contentType = ID_DATA
  contentEncryptionAlgorithm = new AlgorithmIdentifier()
  encryptedContent = new OctetString()
}
AsnType({ type: AsnTypeTypes.Sequence })(EncryptedContentInfo)
AsnProp(OID)(EncryptedContentInfo.prototype, 'contentType')
AsnProp(ALGORITHM)(EncryptedContentInfo.prototype, 'contentEncryptionAlgorithm')
AsnProp({ ...OCTETS, context: 0, implicit: true })(EncryptedContentInfo.prototype, 'encryptedContent')

/** EncryptedData (RFC 5652 section 8). */
export class EncryptedData {
  version = 0
  encryptedContentInfo = new EncryptedContentInfo()
}
AsnType({ type: AsnTypeTypes.Sequence })(EncryptedData)
AsnProp(INTEGER)(EncryptedData.prototype, 'version')
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, 'encryptedContentInfo')

/** PBES2-params (RFC 8018 appendix A.4). */
export class Pbes2Parameters {
  keyDerivationFunc = new AlgorithmIdentifier()
  encryptionScheme = new AlgorithmIdentifier()
}
AsnType({ type: AsnTypeTypes.Sequence })(Pbes2Parameters)
AsnProp(ALGORITHM)(Pbes2Parameters.prototype, 'keyDerivationFunc')
AsnProp(ALGORITHM)(Pbes2Parameters.prototype, 'encryptionScheme')

/** PBKDF2-params (RFC 8018 appendix A.2); without a function it is HMAC-SHA1. */
export class Pbkdf2Parameters {
  salt = new OctetString()
  iterationCount = 1
  keyLength?: number
  prf?: AlgorithmIdentifier
}
AsnType({ type: AsnTypeTypes.Sequence })(Pbkdf2Parameters)
AsnProp(OCTETS)(Pbkdf2Parameters.prototype, 'salt')
AsnProp(INTEGER)(Pbkdf2Parameters.prototype, 'iterationCount')
AsnProp({ ...INTEGER, optional: true })(Pbkdf2Parameters.prototype, 'keyLength')
AsnProp({ ...ALGORITHM, optional: true })(Pbkdf2Parameters.prototype, 'prf')

/** pkcs-12PbeParams (RFC 7292 appendix C). */
export class PbeParameters {
  salt = new OctetString()
  iterations = 1
}
AsnType({ type: AsnTypeTypes.Sequence })(PbeParameters)
AsnProp(OCTETS)(PbeParameters.prototype, 'salt')
AsnProp(INTEGER)(PbeParameters.prototype, 'iterations')

/** friendlyName (RFC 2985 section 5.5.1). */
export class FriendlyName {
  value = ''
}
AsnType({ type: AsnTypeTypes.Choice })(FriendlyName)
AsnProp({ type: AsnPropTypes.BmpString })(FriendlyName.prototype, 'value')

/** An object of a class with some of its fields set. */
export const made = <T extends object>(object: T, fields: Partial<T>): T => Object.assign(object, fields)

export const encode = (value: object): Buffer => Buffer.from(AsnConvert.serialize(value))

/** The bytes that an encoded OCTET STRING holds. */
export const octetsIn = (der: ArrayBuffer): Buffer => Buffer.from(AsnConvert.parse(der, OctetString).buffer)
