import { createCipheriv, createDecipheriv } from 'node:crypto'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { type AeadInput, opening, openingCcm, sealing, sealingCcm } from './aead-stream.ts'
import { decryptingBlocks, encryptingBlocks } from './block-stream.ts'
import { type Plan, planFor, type SecretKey, tagLengthOf, tagLengthToCheck } from './cipher-plan.ts'
import { counterStart } from './counter.ts'
import { gathering } from './gathering-stream.ts'
import { ivToDecrypt, ivToEncrypt } from './initial-value.ts'
import { keyUnwrap, keyWrap } from './wrapping/key-wrap.ts'

/** What the last part brings: the rest of the data, and the tag where the mode makes one. */
export type CipherEnd = { readonly data: Buffer; readonly tag: Buffer | undefined }

/** An encryption or decryption on its way. A single part is one of a single update. */
export type CipherStream = {
  /** Bytes that are held until the last part. */
  readonly held: number
  /** Whether all data is held until then. */
  readonly gathers: boolean
  update(data: Buffer): Buffer
  finish(): CipherEnd
  /** Clears what is held. */
  close(): void
}

export type BegunEncryption = {
  readonly stream: CipherStream
  /** Set where the server chose it. */
  readonly ivCounterNonce: Buffer | undefined
}

export type CipherInput = {
  readonly ivCounterNonce: Buffer | undefined
  readonly additionalData: Buffer | undefined
}

const EMPTY = Buffer.alloc(0)
const WHOLE_BLOCK = 16

/** At least one block, at most 2^20 (SP 800-38E, IEEE 1619 section 5.1); the library knows the lower bound only. */
const checkUnit = (data: Buffer): void => {
  if (data.length >= WHOLE_BLOCK && data.length <= WHOLE_BLOCK << 20) return
  throw new KmipError('InvalidField', 'XTS takes a block of data at least, and 16 MiB at most')
}

const encryptUnit =
  ({ name, key }: Plan, iv: Buffer) =>
  (data: Buffer): CipherEnd => {
    checkUnit(data)
    try {
      const cipher = createCipheriv(name, key, iv)
      return { data: Buffer.concat([cipher.update(data), cipher.final()]), tag: undefined }
    } catch (cause) {
      throw new KmipError('CryptographicFailure', 'The two keys of XTS have to differ', { cause })
    }
  }

const decryptUnit =
  ({ name, key }: Plan, iv: Buffer) =>
  (data: Buffer): CipherEnd => {
    checkUnit(data)
    const decipher = createDecipheriv(name, key, iv)
    return { data: Buffer.concat([decipher.update(data), decipher.final()]), tag: undefined }
  }

const wrapData =
  (plan: Plan) =>
  (data: Buffer): CipherEnd => ({ data: keyWrap(plan, data), tag: undefined })

const unwrapData =
  (plan: Plan) =>
  (data: Buffer): CipherEnd => ({ data: keyUnwrap(plan, data), tag: undefined })

const startOf = ({ mode, cipher }: Plan, iv: Buffer | undefined, parameters: CryptographicParameters) =>
  iv === undefined ? undefined : counterStart(mode, cipher.block, iv, parameters)

/** Encrypt (1.4 section 4.29, 2.1 section 6.1.17). @throws KmipError */
export const beginEncryption = (
  key: SecretKey,
  parameters: CryptographicParameters,
  { ivCounterNonce: given, additionalData }: CipherInput,
): BegunEncryption => {
  const plan = planFor(key, parameters)
  const { mode, cipher } = plan
  const { value, made } = ivToEncrypt(mode, cipher, parameters, given)
  const iv = value ?? EMPTY
  const aead = (): AeadInput => ({ iv, tagLength: tagLengthOf(mode, parameters), additionalData })
  const stream = (): CipherStream => {
    switch (mode.way) {
      case 'aead':
        return sealing(plan, aead())
      case 'ccm':
        return sealingCcm(plan, aead())
      case 'xts':
        return gathering(encryptUnit(plan, iv))
      case 'wrap':
        return gathering(wrapData(plan))
      default:
        return encryptingBlocks(plan, startOf(plan, value, parameters))
    }
  }
  return { stream: stream(), ivCounterNonce: made ? value : undefined }
}

/** Either works on all of the data at once, or as it comes. */
export type Decryption =
  | { readonly all: (data: Buffer) => CipherEnd; readonly kept: Buffer | undefined }
  | { readonly all: undefined; readonly stream: CipherStream }

/** Decrypt (1.4 section 4.30, 2.1 section 6.1.11). @throws KmipError CryptographicFailure for data that does not decrypt */
export const planDecryption = (
  key: SecretKey,
  parameters: CryptographicParameters,
  { ivCounterNonce, additionalData, tag }: CipherInput & { readonly tag: Buffer | undefined },
): Decryption => {
  const plan = planFor(key, parameters)
  const { mode } = plan
  const value = ivToDecrypt(mode, ivCounterNonce)
  const iv = value ?? EMPTY
  const aead = (): AeadInput => ({ iv, tagLength: tagLengthToCheck(mode, parameters, tag), additionalData })
  switch (mode.way) {
    case 'aead':
      return { all: opening(plan, aead(), tag), kept: undefined }
    case 'ccm':
      return { all: openingCcm(plan, aead(), tag), kept: additionalData }
    case 'xts':
      return { all: decryptUnit(plan, iv), kept: undefined }
    case 'wrap':
      return { all: unwrapData(plan), kept: undefined }
    default:
      return { all: undefined, stream: decryptingBlocks(plan, startOf(plan, value, parameters)) }
  }
}

/** The same, of data that comes in parts. */
export const beginDecryption = (...input: Parameters<typeof planDecryption>): CipherStream => {
  const planned = planDecryption(...input)
  return planned.all === undefined ? planned.stream : gathering(planned.all, planned.kept)
}
