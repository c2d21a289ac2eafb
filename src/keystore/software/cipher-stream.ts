import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { TAG_LENGTHS } from '../mechanisms.ts'
import {
  ivToDecrypt,
  ivToEncrypt,
  libraryIv,
  type Plan,
  planFor,
  type SecretKey,
  tagLengthOf,
  undecrypted,
} from './cipher-plan.ts'
import { gather } from './gather.ts'

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
const nothing = (): void => undefined

type Gcm = 'aes-256-gcm'

/**
 * The types know authenticated ciphers by their literal names only; the mode of the table decides that it is one.
 */
const isAuthenticatedName = (name: string, { mode }: Plan): name is Gcm => mode.authenticated && name.length > 0

const notWhole = (): KmipError =>
  new KmipError('InvalidField', 'The data is not a whole number of blocks, and there is no padding')

// Encryption -------------------------------------------------------------------------------------------------------------

const sealing = (cipher: CipherGCM, additionalData: Buffer | undefined): CipherStream => {
  if (additionalData !== undefined) cipher.setAAD(additionalData)
  return {
    held: 0,
    gathers: false,
    update: (data) => cipher.update(data),
    finish: () => ({ data: cipher.final(), tag: cipher.getAuthTag() }),
    close: nothing,
  }
}

/** Whole blocks come out as they are there; the padding, or what has no padding, shows at the end. */
const encrypting = ({ name, cipher: { block }, mode, padding }: Plan, key: SecretKey, iv: Buffer | null) => {
  const running = createCipheriv(name, key.keyObject, iv).setAutoPadding(false)
  let length = 0
  const stream: CipherStream = {
    held: 0,
    gathers: false,
    update: (data) => {
      length += data.length
      return running.update(data)
    },
    finish: () => {
      if (mode.padded && padding === undefined && length % block !== 0) throw notWhole()
      const last = padding === undefined ? EMPTY : running.update(padding.fill(length, block))
      return { data: Buffer.concat([last, running.final()]), tag: undefined }
    },
    close: nothing,
  }
  return stream
}

/** Encrypt (1.4 section 4.29, 2.1 section 6.1.17). @throws KmipError */
export const beginEncryption = (
  key: SecretKey,
  parameters: CryptographicParameters,
  { ivCounterNonce: given, additionalData }: CipherInput,
): BegunEncryption => {
  const plan = planFor(key, parameters)
  const iv = ivToEncrypt(plan.mode, parameters, given)
  const value = libraryIv(key.algorithm, iv.value)
  const ivCounterNonce = iv.made ? (iv.value ?? undefined) : undefined
  if (!isAuthenticatedName(plan.name, plan)) return { stream: encrypting(plan, key, value), ivCounterNonce }
  const authTagLength = tagLengthOf(parameters)
  const cipher = createCipheriv(plan.name, key.keyObject, value ?? EMPTY, { authTagLength })
  return { stream: sealing(cipher, additionalData), ivCounterNonce }
}

// Decryption -------------------------------------------------------------------------------------------------------------

/** Tag and ciphertext; without a tag of its own, the data ends with it, as versions before 1.4 have it. */
const splitTag = (data: Buffer, tag: Buffer | undefined, length: number): CipherEnd => {
  if (tag === undefined) {
    if (data.length < length) throw undecrypted()
    return { data: data.subarray(0, data.length - length), tag: data.subarray(data.length - length) }
  }
  if (tag.length !== length) throw undecrypted()
  return { data, tag }
}

const openData = (decipher: DecipherGCM, data: Buffer): Buffer => {
  const clear = decipher.update(data)
  try {
    decipher.final()
  } catch (cause) {
    clear.fill(0)
    throw undecrypted(cause)
  }
  return clear
}

/** Nothing comes out before the tag has been checked: what is not authentic is nobody's clear text. */
const opening = (decipher: DecipherGCM, tagOf: (data: Buffer) => CipherEnd): CipherStream => {
  const gathered = gather()
  return {
    get held() {
      return gathered.held
    },
    gathers: true,
    update: (data) => {
      gathered.add(data)
      return EMPTY
    },
    finish: () => {
      const { data, tag = EMPTY } = tagOf(gathered.take())
      return { data: openData(decipher.setAuthTag(tag), data), tag: undefined }
    },
    close: () => gathered.clear(),
  }
}

const unpad = (clear: Buffer, { cipher, padding }: Plan): Buffer => {
  if (padding === undefined) return clear
  const count = padding.count(clear, cipher.block)
  if (count === undefined) throw undecrypted()
  return clear.subarray(0, clear.length - count)
}

/** The last block that is there stays behind where it may be padding. */
const decrypting = (plan: Plan, key: SecretKey, iv: Buffer | null): CipherStream => {
  const { cipher, mode, padding, name } = plan
  const running = createDecipheriv(name, key.keyObject, iv).setAutoPadding(false)
  let length = 0
  let last = EMPTY
  return {
    get held() {
      return last.length
    },
    gathers: false,
    update: (data) => {
      length += data.length
      const clear = running.update(data)
      if (padding === undefined) return clear
      const all = Buffer.concat([last, clear])
      const out = Math.max(0, all.length - cipher.block)
      last = all.subarray(out)
      return all.subarray(0, out)
    },
    finish: () => {
      if (mode.padded && padding === undefined && length % cipher.block !== 0) throw notWhole()
      if (padding !== undefined && length % cipher.block !== 0) throw undecrypted()
      return { data: unpad(Buffer.concat([last, running.final()]), plan), tag: undefined }
    },
    close: () => {
      last.fill(0)
    },
  }
}

/** Decrypt (1.4 section 4.30, 2.1 section 6.1.11). @throws KmipError CryptographicFailure for data that does not decrypt */
export const beginDecryption = (
  key: SecretKey,
  parameters: CryptographicParameters,
  { ivCounterNonce, additionalData, tag }: CipherInput & { readonly tag: Buffer | undefined },
): CipherStream => {
  const plan = planFor(key, parameters)
  const iv = libraryIv(key.algorithm, ivToDecrypt(plan.mode, ivCounterNonce))
  if (!isAuthenticatedName(plan.name, plan)) return decrypting(plan, key, iv)
  const tagLength = parameters.tagLength ?? tag?.length ?? TAG_LENGTHS.usual
  const authTagLength = tagLengthOf({ tagLength })
  const decipher = createDecipheriv(plan.name, key.keyObject, iv ?? EMPTY, { authTagLength })
  if (additionalData !== undefined) decipher.setAAD(additionalData)
  return opening(decipher, (data) => splitTag(data, tag, authTagLength))
}
