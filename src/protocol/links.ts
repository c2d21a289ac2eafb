import type { VersionRange } from '../schema/version.ts'
import type { LinkType } from './enumerations.ts'
import { TAG } from './tags.ts'

/** Versions in which each kind of link is an attribute of its own (3.0 section 4.35). */
export const LINKS_BY_KIND: VersionRange = { since: '3.0' }

/** The attribute of each kind of link. A Group Link is what other versions have as Object Group. */
export const LINK_TAGS: Readonly<Record<LinkType, number>> = {
  CertificateLink: TAG.CertificateLink,
  PublicKeyLink: TAG.PublicKeyLink,
  PrivateKeyLink: TAG.PrivateKeyLink,
  DerivationBaseObjectLink: TAG.DerivationObjectLink,
  DerivedKeyLink: TAG.DerivedObjectLink,
  ReplacementObjectLink: TAG.ReplacementObjectLink,
  ReplacedObjectLink: TAG.ReplacedObjectLink,
  ParentLink: TAG.ParentLink,
  ChildLink: TAG.ChildLink,
  PreviousLink: TAG.PreviousLink,
  NextLink: TAG.NextLink,
  PKCS_12CertificateLink: TAG.PKCS_12CertificateLink,
  PKCS_12PasswordLink: TAG.PKCS_12PasswordLink,
  WrappingKeyLink: TAG.WrappingKeyLink,
  CredentialLink: TAG.CredentialLink,
  PasswordLink: TAG.PasswordLink,
  SplitKeyBaseLink: TAG.SplitKeyBaseLink,
  JoinedSplitKeyPartsLink: TAG.JoinedSplitKeyPartsLink,
  CertificateRequestLink: TAG.CertificateRequestLink,
}

const isLinkType = (name: string): name is LinkType => Object.hasOwn(LINK_TAGS, name)

const BY_TAG: ReadonlyMap<number, LinkType> = new Map(
  Object.entries(LINK_TAGS).flatMap(([name, tag]) => (isLinkType(name) ? [[tag, name]] : [])),
)

/** The kind of link that a tag is. */
export const linkTypeOf = (tag: number): LinkType | undefined => BY_TAG.get(tag)
