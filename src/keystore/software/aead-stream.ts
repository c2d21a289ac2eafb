import {
  type CipherCCM,
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherCCM,
  type DecipherGCM,
} from 'node:crypto'
import { type Plan, undecrypted } from './cipher-plan.ts'
import type { CipherEnd, CipherStream } from './cipher-stream.ts'
import { gathering } from './gathering-stream.ts'

/*
 * Ciphers with a tag. What is not authentic is nobody's clear text: nothing comes out before the tag has been checked.
 */

const EMPTY = Buffer.alloc(0)

/** What goes into an authenticated cipher besides key and data. */
export type AeadInput = {
  readonly iv: Buffer
  readonly tagLength: number
  readonly additionalData: Buffer | undefined
}

/** The types know authenticated ciphers by their literal names only; the table of modes decides that it is one. */
const isGcm = (name: string): name is 'aes-256-gcm' => name.length > 0
const isCcm = (name: string): name is 'aes-256-ccm' => name.length > 0

const gcm = ({ name, key }: Plan, { iv, tagLength: authTagLength, additionalData }: AeadInput): CipherGCM => {
  if (!isGcm(name)) throw new Error('a cipher without a name')
  const cipher = createCipheriv(name, key, iv, { authTagLength })
  return additionalData === undefined ? cipher : cipher.setAAD(additionalData)
}

export const sealing = (plan: Plan, input: AeadInput): CipherStream => {
  const cipher = gcm(plan, input)
  return {
    held: 0,
    gathers: false,
    update: (data) => cipher.update(data),
    finish: () => ({ data: cipher.final(), tag: cipher.getAuthTag() }),
    close: () => undefined,
  }
}

/** Tag and ciphertext; without a tag of its own, the data ends with it, as versions before 1.4 have it. */
const splitTag = (data: Buffer, tag: Buffer | undefined, length: number): { data: Buffer; tag: Buffer } => {
  if (tag === undefined) {
    if (data.length < length) throw undecrypted()
    return { data: data.subarray(0, data.length - length), tag: data.subarray(data.length - length) }
  }
  if (tag.length !== length) throw undecrypted()
  return { data, tag }
}

const openWith = (decipher: DecipherGCM | DecipherCCM, data: Buffer): CipherEnd => {
  let clear = EMPTY
  try {
    clear = decipher.update(data)
    decipher.final()
  } catch (cause) {
    clear.fill(0)
    throw undecrypted(cause)
  }
  return { data: clear, tag: undefined }
}

/** Takes all of the data: nothing may come out before the tag has been checked. */
export const opening = (plan: Plan, input: AeadInput, given: Buffer | undefined): ((sealed: Buffer) => CipherEnd) => {
  const { name, key } = plan
  const { iv, tagLength: authTagLength, additionalData } = input
  if (!isGcm(name)) throw new Error('a cipher without a name')
  const decipher = createDecipheriv(name, key, iv, { authTagLength })
  if (additionalData !== undefined) decipher.setAAD(additionalData)
  return (sealed) => {
    const { data, tag } = splitTag(sealed, given, authTagLength)
    return openWith(decipher.setAuthTag(tag), data)
  }
}

/** CCM begins with the length of the data (SP 800-38C appendix A.2.1). */
const ccm = (plan: Plan, input: AeadInput, length: number): CipherCCM => {
  const { name, key } = plan
  if (!isCcm(name)) throw new Error('a cipher without a name')
  const cipher = createCipheriv(name, key, input.iv, { authTagLength: input.tagLength })
  return cipher.setAAD(input.additionalData ?? EMPTY, { plaintextLength: length })
}

export const sealingCcm = (plan: Plan, input: AeadInput): CipherStream =>
  gathering((clear) => {
    const cipher = ccm(plan, input, clear.length)
    const data = cipher.update(clear)
    cipher.final()
    return { data, tag: cipher.getAuthTag() }
  }, input.additionalData)

export const openingCcm =
  (plan: Plan, input: AeadInput, given: Buffer | undefined) =>
  (sealed: Buffer): CipherEnd => {
    const { name, key } = plan
    const { iv, tagLength: authTagLength, additionalData = EMPTY } = input
    if (!isCcm(name)) throw new Error('a cipher without a name')
    const { data, tag } = splitTag(sealed, given, authTagLength)
    const decipher = createDecipheriv(name, key, iv, { authTagLength })
    return openWith(decipher.setAuthTag(tag).setAAD(additionalData, { plaintextLength: data.length }), data)
  }
