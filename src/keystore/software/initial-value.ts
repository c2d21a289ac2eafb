import { randomBytes } from 'node:crypto'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { Cipher, CipherMode } from '../ciphers.ts'
import { madeCounter } from './counter.ts'

/*
 * IVs, counters and nonces: those that clients bring, and those that the server makes (1.4 section 3.6, 2.1 section 4.16).
 */

const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

const takesIv = ({ iv }: CipherMode): boolean => 'from' in iv || iv.length > 0

const ivFits = ({ iv }: CipherMode, length: number): boolean =>
  'from' in iv ? Number.isInteger(length) && length >= iv.from && length <= iv.to : iv.includes(length)

const usualLength = ({ iv }: CipherMode): number => ('from' in iv ? iv.usual : (iv[0] ?? 0))

/** Less than that at random is soon the same again. */
const SHORTEST_RANDOM = 8

/**
 * Fixed Field and Invocation Field make the IV, together with the counter where there is one. Both are random here: the
 * server keeps no count of invocations.
 */
const checkFields = ({ fixedFieldLength, invocationFieldLength }: CryptographicParameters, random: number): void => {
  const fields = [fixedFieldLength, invocationFieldLength].filter((bits) => bits !== undefined)
  const sum = fields.reduce((total, bits) => total + bits, 0)
  const isWrong = fields.length === 2 ? sum !== random * 8 : sum > random * 8
  if (isWrong || fields.some((bits) => bits < 0)) {
    throw bad('Fixed Field Length and Invocation Field Length are not those of the IV')
  }
}

/** IV Length is in bits. With a Counter Length the IV ends with the counter, unless it is too short for that. */
const makeIv = (mode: CipherMode, { block }: Cipher, parameters: CryptographicParameters): Buffer => {
  const length = parameters.ivLength === undefined ? usualLength(mode) : parameters.ivLength / 8
  if (!ivFits(mode, length)) throw bad('The IV has not the length that the mode needs')
  const counter = madeCounter(mode, block, parameters)
  const hasCounter = counter.length > 0 && length === block
  const random = hasCounter ? length - counter.length : length
  checkFields(parameters, random)
  if (random < SHORTEST_RANDOM) throw bad('The IV is too short to be made at random')
  return hasCounter ? Buffer.concat([randomBytes(random), counter]) : randomBytes(length)
}

export type Iv = { readonly value: Buffer | undefined; readonly made: boolean }

/**
 * The IV of an encryption: the server's where Random IV asks for it or where none was given. One that the client sent
 * along with Random IV is not used.
 * @throws KmipError BadCryptographicParameters
 */
export const ivToEncrypt = (
  mode: CipherMode,
  cipher: Cipher,
  parameters: CryptographicParameters,
  given: Buffer | undefined,
): Iv => {
  if (!takesIv(mode)) return { value: undefined, made: false }
  if (given === undefined || parameters.randomIV === true) {
    return { value: makeIv(mode, cipher, parameters), made: true }
  }
  if (!ivFits(mode, given.length)) throw bad('The IV has not the length that the mode needs')
  return { value: given, made: false }
}

/**
 * A missing IV is an Invalid Message in the published cases of every version (CS-BC-M-11, CS-BC-M-12).
 * @throws KmipError InvalidMessage, BadCryptographicParameters
 */
export const ivToDecrypt = (mode: CipherMode, given: Buffer | undefined): Buffer | undefined => {
  if (!takesIv(mode)) return undefined
  if (given === undefined) throw new KmipError('InvalidMessage', 'The IV is missing')
  if (!ivFits(mode, given.length)) throw bad('The IV has not the length that the mode needs')
  return given
}
