import { boolean, bytes, enumOf, extensibleEnumOf, integer } from '../../schema/primitives.ts'
import { type Infer, optional, struct } from '../../schema/struct.ts'
import {
  BLOCK_CIPHER_MODE,
  CRYPTOGRAPHIC_ALGORITHM,
  DIGITAL_SIGNATURE_ALGORITHM,
  HASHING_ALGORITHM,
  KEM_ALGORITHM,
  KEY_ROLE_TYPE,
  MASK_GENERATOR,
  PADDING_METHOD,
} from '../enumerations.ts'
import { TAG } from '../tags.ts'

/** Cryptographic Parameters (1.4 section 3.6, 2.1 section 4.16). */
export const cryptographicParameters = struct('Cryptographic Parameters', {
  blockCipherMode: optional(TAG.BlockCipherMode, extensibleEnumOf(BLOCK_CIPHER_MODE)),
  paddingMethod: optional(TAG.PaddingMethod, extensibleEnumOf(PADDING_METHOD)),
  hashingAlgorithm: optional(TAG.HashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM)),
  keyRoleType: optional(TAG.KeyRoleType, extensibleEnumOf(KEY_ROLE_TYPE)),
  digitalSignatureAlgorithm: optional(TAG.DigitalSignatureAlgorithm, extensibleEnumOf(DIGITAL_SIGNATURE_ALGORITHM), {
    since: '1.2',
  }),
  cryptographicAlgorithm: optional(TAG.CryptographicAlgorithm, extensibleEnumOf(CRYPTOGRAPHIC_ALGORITHM), {
    since: '1.2',
  }),
  randomIV: optional(TAG.RandomIV, boolean, { since: '1.2' }),
  ivLength: optional(TAG.IVLength, integer, { since: '1.2' }),
  tagLength: optional(TAG.TagLength, integer, { since: '1.2' }),
  fixedFieldLength: optional(TAG.FixedFieldLength, integer, { since: '1.2' }),
  invocationFieldLength: optional(TAG.InvocationFieldLength, integer, { since: '1.2' }),
  counterLength: optional(TAG.CounterLength, integer, { since: '1.2' }),
  initialCounterValue: optional(TAG.InitialCounterValue, integer, { since: '1.2' }),
  saltLength: optional(TAG.SaltLength, integer, { since: '1.4' }),
  maskGenerator: optional(TAG.MaskGenerator, enumOf(MASK_GENERATOR), { since: '1.4' }),
  maskGeneratorHashingAlgorithm: optional(TAG.MaskGeneratorHashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM), {
    since: '1.4',
  }),
  pSource: optional(TAG.PSource, bytes, { since: '1.4' }),
  trailerField: optional(TAG.TrailerField, integer, { since: '1.4' }),
  // Of the working draft of 3.0, which does not tell their order here.
  kemAlgorithm: optional(TAG.KEMAlgorithm, extensibleEnumOf(KEM_ALGORITHM), { since: '3.0' }),
  deterministic: optional(TAG.Deterministic, boolean, { since: '3.0' }),
  contextString: optional(TAG.ContextString, bytes, { since: '3.0' }),
})

export type CryptographicParameters = Infer<typeof cryptographicParameters.fields>
