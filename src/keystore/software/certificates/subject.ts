import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AttributeTypeAndValue,
  AttributeValue,
  GeneralName,
  Name,
  RelativeDistinguishedName,
} from '@peculiar/asn1-x509'
import type { Attribute } from '../../../protocol/attribute-instance.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { parseName, partTypes } from '../distinguished-name.ts'

/*
 * Subjects that attributes name (1.4 sections 3.11 and 3.14, 2.1 sections 4.6 and 4.63), for a key that is certified
 * without a request.
 */

export type NamedSubject = { readonly subject: Name | undefined; readonly names: readonly GeneralName[] }

const relative = (type: string, text: string): RelativeDistinguishedName =>
  new RelativeDistinguishedName([
    new AttributeTypeAndValue({
      type,
      value: new AttributeValue(IA5_TYPES.has(type) ? { ia5String: text } : { utf8String: text }),
    }),
  ])

/** Mail addresses and domain components (RFC 5280 appendix A, RFC 4519 section 2.4). */
const IA5_TYPES: ReadonlySet<string> = new Set(['1.2.840.113549.1.9.1', '0.9.2342.19200300.100.1.25'])

/** A Common Name alone. */
export const commonNameOf = (commonName: string): Name => new Name([relative('2.5.4.3', commonName)])

const PART = /^CertificateSubject(.+)$/

/** From the largest to the smallest: the order that people are used to. */
const ORDER = ['C', 'DC', 'ST', 'L', 'O', 'OU', 'CN', 'Title', 'UID', 'SerialNumber', 'DNQualifier', 'Email']

/** The single attributes of 2.x. */
const fromParts = (given: readonly Attribute[]): Name | undefined => {
  const found = given.flatMap(({ name, value }) => {
    const part = PART.exec(name)?.[1]
    const type = part === undefined ? undefined : partTypes.get(part)
    if (part === undefined || type === undefined || typeof value !== 'string') return []
    return [{ at: ORDER.indexOf(part), relative: relative(type, value) }]
  })
  if (found.length === 0) return undefined
  return new Name(found.sort((a, b) => a.at - b.at).map((part) => part.relative))
}

const ADDRESS = /^\d+(?:\.\d+){3}$|^[\da-f:]*:[\da-f:.]+$/i

/** What kind of name a text is. */
const generalName = (text: string): GeneralName => {
  if (ADDRESS.test(text)) return new GeneralName({ iPAddress: text })
  if (text.includes('://')) return new GeneralName({ uniformResourceIdentifier: text })
  return new GeneralName(text.includes('@') ? { rfc822Name: text } : { dNSName: text })
}

const read = (given: readonly Attribute[]): NamedSubject => {
  for (const attribute of given) {
    if (attribute.name === 'X_509CertificateSubject') {
      const { subjectDistinguishedName, subjectAlternativeName } = attribute.value
      const subject = AsnConvert.parse(subjectDistinguishedName, Name)
      return { subject, names: subjectAlternativeName.map((name) => AsnConvert.parse(name, GeneralName)) }
    }
    if (attribute.name === 'CertificateSubject') {
      const { certificateSubjectDistinguishedName, certificateSubjectAlternativeName } = attribute.value
      const subject = parseName(certificateSubjectDistinguishedName)
      return { subject, names: certificateSubjectAlternativeName.map(generalName) }
    }
  }
  return { subject: fromParts(given), names: [] }
}

/**
 * The subject that attributes name.
 * @throws KmipError InvalidField where they name it in no known form
 */
export const subjectOf = (given: readonly Attribute[]): NamedSubject => {
  try {
    return read(given)
  } catch (cause) {
    throw new KmipError('InvalidField', 'The attributes name no subject of a certificate', { cause })
  }
}
