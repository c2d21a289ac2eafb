import type { WrappingMethod } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { Wrapping } from './key-store.ts'

/** What a Wrapping Method does to a Key Value. */
export type WrappingSteps = {
  readonly encrypts: boolean
  /** What a MAC or signature is made of: the Key Value as it was, or as it is sent. */
  readonly protects: 'nothing' | 'clear' | 'sent'
}

/** Wrapping Methods (1.4 section 2.1.5, 2.1 section 11.62) that need nothing but keys of this server. */
export const WRAPPING_STEPS: Readonly<Record<Wrapping['method'], WrappingSteps>> = {
  Encrypt: { encrypts: true, protects: 'nothing' },
  MACSign: { encrypts: false, protects: 'clear' },
  EncryptThenMACSign: { encrypts: true, protects: 'sent' },
  MACSignThenEncrypt: { encrypts: true, protects: 'clear' },
}

/** @throws KmipError FeatureNotSupported for TR-31 and the methods of vendors */
export const supportedMethod = (method: WrappingMethod | number): Wrapping['method'] => {
  if (typeof method === 'string' && method !== 'TR_31') return method
  throw new KmipError('FeatureNotSupported', 'The Wrapping Method is not supported')
}
