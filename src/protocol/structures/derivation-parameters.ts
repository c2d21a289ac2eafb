import { bytes, integer } from '../../schema/primitives.ts'
import { type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import { TAG } from '../tags.ts'
import { cryptographicParameters } from './cryptographic-parameters.ts'

/** Derivation Parameters (1.4 section 4.6, 2.1 section 7.12). Which of them a method needs is the method's affair. */
export const derivationParameters = struct('Derivation Parameters', {
  cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
  initializationVector: optional(TAG.InitializationVector, bytes),
  derivationData: repeated(TAG.DerivationData, bytes),
  salt: optional(TAG.Salt, bytes),
  iterationCount: optional(TAG.IterationCount, integer),
})

export type DerivationParameters = Infer<typeof derivationParameters.fields>
