import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/**
 * Link Type (1.4 section 9.1.3.2.20, 2.1 section 11.28). 3.0 has an attribute for each kind of link instead
 * (`LINK_TAGS`); the kinds that it adds have extension codes, so that other versions see those links, too.
 */
export const LINK_TYPE = enumeration('Link Type', {
  CertificateLink: [0x0101, '1.0'],
  PublicKeyLink: [0x0102, '1.0'],
  PrivateKeyLink: [0x0103, '1.0'],
  DerivationBaseObjectLink: [0x0104, '1.0'],
  DerivedKeyLink: [0x0105, '1.0'],
  ReplacementObjectLink: [0x0106, '1.0'],
  ReplacedObjectLink: [0x0107, '1.0'],
  ParentLink: [0x0108, '1.2'],
  ChildLink: [0x0109, '1.2'],
  PreviousLink: [0x010a, '1.2'],
  NextLink: [0x010b, '1.2'],
  PKCS_12CertificateLink: [0x010c, '1.4'],
  PKCS_12PasswordLink: [0x010d, '1.4'],
  WrappingKeyLink: [0x010e, '2.0'],
  CredentialLink: [0x800001a0, '3.0', undefined, 0x800001a0],
  PasswordLink: [0x800001a5, '3.0', undefined, 0x800001a5],
  SplitKeyBaseLink: [0x800001b4, '3.0', undefined, 0x800001b4],
  JoinedSplitKeyPartsLink: [0x800001b5, '3.0', undefined, 0x800001b5],
  CertificateRequestLink: [0x800001bc, '3.0', undefined, 0x800001bc],
})

export type LinkType = EnumName<typeof LINK_TYPE>
