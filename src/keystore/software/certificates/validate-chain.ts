import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { BasicConstraints, Certificate, id_ce_basicConstraints } from '@peculiar/asn1-x509'
import type { ChainToValidate } from '../../../domain/certificate-keeper.ts'
import type { ValidityIndicator } from '../../../protocol/enumerations.ts'
import { isOneSequence } from '../asymmetric/der.ts'
import { MAX_CERTIFICATE_BYTES } from '../certificate.ts'
import { mayIssue } from './issue.ts'
import { BROKEN_SIGNATURES } from './signature-algorithms.ts'

/*
 * Validation of a certificate chain (1.4 section 4.24, 2.1 section 6.1.57) after RFC 5280 section 6.1, without policies
 * and name constraints: a chain that insists on those is not found valid. Nothing is fetched from anywhere.
 */

/**
 * Signatures that are checked in one validation, all by the thread that serves everybody; a chain needs one for each of
 * its certificates, but many of one name may each have issued each.
 */
const MOST_CHECKS = 64

/** Bits of the keys they are checked with: those of authorities are shorter, and what is longer takes its time. */
const LONGEST_KEY = 8192

/** What is known of signatures, by issuer and certificate. */
type Checks = { readonly known: Map<string, boolean>; left: number }

/** A certificate with what the library does not tell of it. */
type Link = { readonly x509: X509Certificate; readonly parsed: Certificate; readonly checks: Checks }

/** Critical extensions that are understood: Key Usage, alternative names, Basic Constraints, Extended Key Usage. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.18',
  id_ce_basicConstraints,
  '2.5.29.37',
])

const readWith =
  (checks: Checks) =>
  (der: Buffer): Link => {
    if (der.length > MAX_CERTIFICATE_BYTES || !isOneSequence(der)) throw new Error('no certificate')
    return { x509: new X509Certificate(der), parsed: AsnConvert.parse(der, Certificate), checks }
  }

const isSame = (a: Link, b: Link): boolean => a.x509.raw.equals(b.x509.raw)

const isSigned = ({ publicKey }: X509Certificate, x509: X509Certificate): boolean =>
  (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) <= LONGEST_KEY && x509.verify(publicKey)

const hasIssued = (issuer: Link, { x509, checks }: Link): boolean => {
  if (!x509.checkIssued(issuer.x509)) return false
  const pair = `${issuer.x509.fingerprint256} ${x509.fingerprint256}`
  const known = checks.known.get(pair)
  if (known !== undefined) return known
  if (checks.left === 0) throw new Error('too many signatures to check')
  checks.left -= 1
  const result = isSigned(issuer.x509, x509)
  checks.known.set(pair, result)
  return result
}

const isRoot = (link: Link): boolean => hasIssued(link, link)

/** The issuer of the last of a path, among others that are not in it. */
const issuerOf = (path: readonly Link[], among: readonly Link[]): Link | undefined => {
  const last = path.at(-1)
  if (last === undefined || isRoot(last)) return undefined
  return among.find((link) => !path.includes(link) && hasIssued(link, last))
}

const pathFrom = (path: readonly Link[], among: readonly Link[]): readonly Link[] => {
  const issuer = issuerOf(path, among)
  return issuer === undefined ? path : pathFrom([...path, issuer], among)
}

/** All certificates in a row, each issued by the next; undefined where they are not one chain. */
const inOrder = (links: readonly Link[]): readonly Link[] | undefined => {
  const ends = links.filter((link) => !links.some((other) => other !== link && hasIssued(link, other)))
  const [end, ...more] = ends
  if (end === undefined || more.length > 0) return undefined
  const path = pathFrom([end], links)
  return path.length === links.length ? path : undefined
}

const timeOf = (text: string): number => Math.floor(Date.parse(text) / 1000)

const isInTime = ({ x509 }: Link, at: number): boolean => timeOf(x509.validFrom) <= at && at <= timeOf(x509.validTo)

const isUnderstood = ({ parsed: { tbsCertificate } }: Link): boolean =>
  tbsCertificate.extensions?.every(({ extnID, critical }) => !critical || UNDERSTOOD.has(extnID)) ?? true

/** What somebody who is trusted has signed oneself says nothing more. */
const isSoundlySigned = (link: Link): boolean =>
  isRoot(link) || !BROKEN_SIGNATURES.has(link.parsed.signatureAlgorithm.algorithm)

const longestPath = ({ parsed: { tbsCertificate } }: Link): number => {
  const found = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_basicConstraints)
  if (found === undefined) return Infinity
  return AsnConvert.parse(found.extnValue.buffer, BasicConstraints).pathLenConstraint ?? Infinity
}

/** `below` counts the authorities between an issuer and the end of the chain (RFC 5280 section 4.2.1.9). */
const isIssuer = (link: Link, below: number): boolean => mayIssue(link.x509) && below <= longestPath(link)

const isSound = (path: readonly Link[], at: number): boolean =>
  path.every(
    (link, index) =>
      isInTime(link, at) && isUnderstood(link) && isSoundlySigned(link) && (index === 0 || isIssuer(link, index - 1)),
  )

const judge = (links: readonly Link[], anchors: readonly Link[], at: number): ValidityIndicator => {
  const path = inOrder(links)
  if (path === undefined) return 'Invalid'
  const anchor = issuerOf(path, anchors)
  const whole = anchor === undefined ? path : [...path, anchor]
  if (!isSound(whole, at)) return 'Invalid'
  const top = whole.at(-1)
  return top !== undefined && anchors.some((trusted) => isSame(trusted, top)) ? 'Valid' : 'Unknown'
}

const distinct = (ders: readonly Buffer[]): readonly Buffer[] =>
  ders.filter((der, index) => ders.findIndex((other) => other.equals(der)) === index)

/** Whether certificates, in any order, are one chain that is good at a time; `own` is trusted besides. */
export const validateChain = (
  { certificates, trusted, at }: ChainToValidate,
  own: X509Certificate | undefined,
): ValidityIndicator => {
  const read = readWith({ known: new Map(), left: MOST_CHECKS })
  try {
    // A certificate vouches for others without being vouched for where it is a root, or the server's own authority.
    const roots = distinct(trusted).map(read).filter(isRoot)
    const anchors = own === undefined ? roots : [...roots, read(own.raw)]
    return judge(distinct(certificates).map(read), anchors, at)
  } catch {
    return 'Invalid'
  }
}
