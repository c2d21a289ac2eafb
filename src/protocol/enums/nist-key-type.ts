import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** NIST Key Type (2.1 section 11.32). */
export const NIST_KEY_TYPE = enumeration('NIST Key Type', {
  PrivateSignatureKey: [0x01, '2.0'],
  PublicSignatureVerificationKey: [0x02, '2.0'],
  SymmetricAuthenticationKey: [0x03, '2.0'],
  PrivateAuthenticationKey: [0x04, '2.0'],
  PublicAuthenticationKey: [0x05, '2.0'],
  SymmetricDataEncryptionKey: [0x06, '2.0'],
  SymmetricKeyWrappingKey: [0x07, '2.0'],
  SymmetricRandomNumberGenerationKey: [0x08, '2.0'],
  SymmetricMasterKey: [0x09, '2.0'],
  PrivateKeyTransportKey: [0x0a, '2.0'],
  PublicKeyTransportKey: [0x0b, '2.0'],
  SymmetricKeyAgreementKey: [0x0c, '2.0'],
  PrivateStaticKeyAgreementKey: [0x0d, '2.0'],
  PublicStaticKeyAgreementKey: [0x0e, '2.0'],
  PrivateEphemeralKeyAgreementKey: [0x0f, '2.0'],
  PublicEphemeralKeyAgreementKey: [0x10, '2.0'],
  SymmetricAuthorizationKey: [0x11, '2.0'],
  PrivateAuthorizationKey: [0x12, '2.0'],
  PublicAuthorizationKey: [0x13, '2.0'],
})

export type NISTKeyType = EnumName<typeof NIST_KEY_TYPE>
