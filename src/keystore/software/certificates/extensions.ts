import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  type GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_codeSigning,
  id_kp_emailProtection,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'
import { CRYPTOGRAPHIC_USAGE_MASK } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { invalidRequest } from './certificate-request.ts'

/*
 * What a certificate that this server issues may say of itself, whatever is asked for (docs/decisions/017).
 */

/** Of a certificate that is to be made: what its holder may do with it, and what else it names. */
export type Allowed = {
  readonly names: readonly GeneralName[]
  /** Bits of Key Usage; undefined where nobody has asked for any. */
  readonly usage: number | undefined
  readonly purposes: readonly string[]
}

export const NOTHING_ASKED: Allowed = { names: [], usage: undefined, purposes: [] }

const MOST_NAMES = 100

const AUTHORITY_BITS = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign

/** Signing answers about revocation or time in the name of the issuer is not among them. */
const PURPOSES: readonly string[] = [id_kp_serverAuth, id_kp_clientAuth, id_kp_codeSigning, id_kp_emailProtection]

/** Names of machines, people and services; not those by which directories log people in. */
const isPlainName = ({ dNSName, rfc822Name, iPAddress, uniformResourceIdentifier }: GeneralName): boolean =>
  [dNSName, rfc822Name, iPAddress, uniformResourceIdentifier].some((name) => name !== undefined)

const readNames = (value: ArrayBuffer): Allowed => {
  const names = [...AsnConvert.parse(value, SubjectAlternativeName)]
  if (names.length > MOST_NAMES) throw invalidRequest('The request has too many alternative names')
  return { ...NOTHING_ASKED, names: names.filter(isPlainName) }
}

const readUsage = (value: ArrayBuffer): Allowed => {
  const usage = AsnConvert.parse(value, KeyUsage).toNumber()
  if ((usage & AUTHORITY_BITS) !== 0) throw invalidRequest('The request asks for the rights of an authority')
  return { ...NOTHING_ASKED, usage }
}

const readPurposes = (value: ArrayBuffer): Allowed => ({
  ...NOTHING_ASKED,
  purposes: [...AsnConvert.parse(value, ExtendedKeyUsage)].filter((purpose) => PURPOSES.includes(purpose)),
})

const readConstraints = (value: ArrayBuffer): Allowed => {
  if (AsnConvert.parse(value, BasicConstraints).cA) {
    throw invalidRequest('The request asks for the rights of an authority')
  }
  return NOTHING_ASKED
}

type Reader = (value: ArrayBuffer) => Allowed

const READERS: Readonly<Partial<Record<string, Reader>>> = {
  [id_ce_subjectAltName]: readNames,
  [id_ce_keyUsage]: readUsage,
  [id_ce_extKeyUsage]: readPurposes,
  [id_ce_basicConstraints]: readConstraints,
  [id_ce_subjectKeyIdentifier]: () => NOTHING_ASKED,
}

const understood = (read: Reader, value: ArrayBuffer): Allowed => {
  try {
    return read(value)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : invalidRequest('An extension of the request is malformed', cause)
  }
}

/**
 * What is allowed of the extensions that are asked for. What nobody insists on is left out.
 * @throws KmipError InvalidCSR where the rights of an authority are asked for, or what is critical and not understood
 */
export const allowedOf = (extensions: readonly Extension[]): Allowed =>
  extensions.reduce<Allowed>((sum, { extnID, critical, extnValue }) => {
    const read = READERS[extnID]
    if (read === undefined && critical) throw invalidRequest('The request has an extension that is not supported')
    const { names, usage, purposes } = read === undefined ? NOTHING_ASKED : understood(read, extnValue.buffer)
    return {
      names: [...sum.names, ...names],
      usage: usage ?? sum.usage,
      purposes: [...sum.purposes, ...purposes],
    }
  }, NOTHING_ASKED)

/** Bits of Key Usage that the bits of a Cryptographic Usage Mask stand for (1.4 section 3.19, 2.1 section 4.17). */
const BITS = [
  [CRYPTOGRAPHIC_USAGE_MASK.of('Sign', 'Verify'), KeyUsageFlags.digitalSignature],
  [CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt'), KeyUsageFlags.dataEncipherment],
  [CRYPTOGRAPHIC_USAGE_MASK.of('WrapKey', 'UnwrapKey'), KeyUsageFlags.keyEncipherment],
  [CRYPTOGRAPHIC_USAGE_MASK.of('DeriveKey', 'KeyAgreement'), KeyUsageFlags.keyAgreement],
  [CRYPTOGRAPHIC_USAGE_MASK.of('ContentCommitment'), KeyUsageFlags.nonRepudiation],
] as const

/** Key Usage of a certificate for which a mask is given; of any, where the mask says nothing of the kind. */
export const usageOfMask = (mask: number): number => {
  const usage = BITS.reduce<number>((sum, [bits, flag]) => ((mask & bits) === 0 ? sum : sum | flag), 0)
  return usage === 0 ? KeyUsageFlags.digitalSignature : usage
}

const extension = (extnID: string, critical: boolean, value: object): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

/** The extensions of a certificate, but for those that point to keys. */
export const extensionsFor = ({ names, usage, purposes }: Allowed, subjectIsEmpty: boolean): readonly Extension[] => [
  extension(id_ce_basicConstraints, true, new BasicConstraints()),
  extension(id_ce_keyUsage, true, new KeyUsage(usage ?? KeyUsageFlags.digitalSignature)),
  ...(purposes.length === 0 ? [] : [extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...purposes]))]),
  ...(names.length === 0
    ? []
    : [extension(id_ce_subjectAltName, subjectIsEmpty, new SubjectAlternativeName([...names]))]),
]
