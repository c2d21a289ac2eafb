import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { BasicConstraints, Extension, KeyUsage, type Name } from '@peculiar/asn1-x509'
import { issueCertificate } from '../../src/keystore/software/certificates/issue.ts'
import { commonNameOf } from '../../src/keystore/software/certificates/subject.ts'
import { issueAuthority } from '../../src/pki/issue.ts'
import { makeKey } from '../../src/pki/key-pair.ts'

/* Certificates of whatever kind, issued by one another. */

export type Made = { readonly key: KeyObject; readonly certificate: X509Certificate }

export type Says = {
  readonly name?: string
  readonly ca?: boolean
  readonly pathLength?: number
  /** Bits of Key Usage: 0x20 signs certificates. */
  readonly usage?: number
  readonly from?: number
  readonly to?: number
  readonly more?: readonly Extension[]
}

const extension = (extnID: string, value: object): Extension =>
  new Extension({ extnID, critical: true, extnValue: new OctetString(AsnConvert.serialize(value)) })

/** From the year 2020 to the year 2040. */
const ALWAYS = { from: 1_577_836_800, to: 2_208_988_800 } as const

const planOf = (key: KeyObject, says: Says) => {
  const {
    name = 'x',
    ca = false,
    pathLength,
    usage = ca ? 0x20 : 1,
    from = ALWAYS.from,
    to = ALWAYS.to,
    more = [],
  } = says
  const constraints = new BasicConstraints({
    cA: ca,
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  })
  const subject: Name = commonNameOf(name)
  const extensions = [extension('2.5.29.19', constraints), extension('2.5.29.15', new KeyUsage(usage)), ...more]
  return { subject, publicKey: createPublicKey(key), extensions, from, to }
}

/** A certificate that `issuer` has issued for a key. */
export const issuedBy = (issuer: Made, key: KeyObject, says: Says): Made => ({
  key,
  certificate: new X509Certificate(issueCertificate(issuer, planOf(key, says))),
})

const seed = await issueAuthority(makeKey(), 1_600_000_000)

/** A self-signed certificate. */
export const selfSigned = (key: KeyObject, says: Says): Made => {
  // The first one is issued by another: what is issued under its name and by its key is self-signed.
  const bridge = issuedBy(seed, key, says)
  return issuedBy({ key, certificate: bridge.certificate }, key, says)
}

/** The certificate of an authority with a key. */
export const createAuthority = (key: KeyObject): X509Certificate =>
  selfSigned(key, { name: 'authority', ca: true }).certificate
