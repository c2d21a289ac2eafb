import { bytes, enumOf, extensibleEnumOf, text } from '../../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../../schema/struct.ts'
import { ENCODING_OPTION, WRAPPING_METHOD } from '../enumerations.ts'
import { TAG } from '../tags.ts'
import { identifier } from './unique-identifier.ts'
import { cryptographicParameters } from './cryptographic-parameters.ts'

const keyInformation = {
  uniqueIdentifier: required(TAG.UniqueIdentifier, identifier),
  cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
}

/** Encryption Key Information (1.4 section 2.1.5, 2.1 section 3.3). */
export const encryptionKeyInformation = struct('Encryption Key Information', keyInformation)

/** MAC/Signature Key Information (1.4 section 2.1.5, 2.1 section 3.3). */
export const macSignatureKeyInformation = struct('MAC/Signature Key Information', keyInformation)

/** Key Wrapping Data (1.4 section 2.1.5, 2.1 section 3.3): how a key that is stored or handed out is wrapped. */
export const keyWrappingData = struct('Key Wrapping Data', {
  wrappingMethod: required(TAG.WrappingMethod, extensibleEnumOf(WRAPPING_METHOD)),
  encryptionKeyInformation: optional(TAG.EncryptionKeyInformation, encryptionKeyInformation),
  macSignatureKeyInformation: optional(TAG.MACSignatureKeyInformation, macSignatureKeyInformation),
  macSignature: optional(TAG.MACSignature, bytes),
  ivCounterNonce: optional(TAG.IVCounterNonce, bytes),
  encodingOption: optional(TAG.EncodingOption, enumOf(ENCODING_OPTION), { since: '1.1' }),
})

/** Key Wrapping Specification (1.4 section 2.1.6, 2.1 section 7.14): how the client wants a key to be wrapped. */
export const keyWrappingSpecification = struct('Key Wrapping Specification', {
  wrappingMethod: required(TAG.WrappingMethod, extensibleEnumOf(WRAPPING_METHOD)),
  encryptionKeyInformation: optional(TAG.EncryptionKeyInformation, encryptionKeyInformation),
  macSignatureKeyInformation: optional(TAG.MACSignatureKeyInformation, macSignatureKeyInformation),
  attributeName: repeated(TAG.AttributeName, text),
  encodingOption: optional(TAG.EncodingOption, enumOf(ENCODING_OPTION), { since: '1.1' }),
})

export type KeyWrappingData = Infer<typeof keyWrappingData.fields>
export type KeyWrappingSpecification = Infer<typeof keyWrappingSpecification.fields>
