import { randomBytes } from 'node:crypto'
import { CKA, CKK, CKO } from '../../../protocol/pkcs11/constants.ts'
import { GENERATE_KEY, GENERATE_PAIR, type Template } from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import type { ModuleHost } from '../module-host.ts'
import { CKM } from '../numbers.ts'
import { requireRoot, type RootObject } from './root-object.ts'

/* Makes a root key inside a token: for AES, or for RSA where the token makes no keys for AES. */

const ID_BYTES = 8

const AES_KEY_BYTES = 32
const RSA_KEY_BITS = 3072
const RSA_SMALLER_BITS = 2048
const PUBLIC_EXPONENT = Buffer.from([1, 0, 1])

const inside = (id: Buffer, label: string): Template => [
  { type: CKA.TOKEN, value: true },
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: true },
  { type: CKA.EXTRACTABLE, value: false },
  { type: CKA.ID, value: id },
  { type: CKA.LABEL, value: label },
]

const allowed = (...types: readonly number[]): Template => types.map((type) => ({ type, value: true }))

const makeAes = (host: ModuleHost, id: Buffer, label: string): Promise<void> =>
  host.call(GENERATE_KEY, {
    mechanism: { mechanism: CKM.AES_KEY_GEN },
    template: [
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.KEY_TYPE, value: CKK.AES },
      { type: CKA.VALUE_LEN, value: AES_KEY_BYTES },
      ...inside(id, label),
      ...allowed(CKA.ENCRYPT, CKA.DECRYPT, CKA.WRAP, CKA.UNWRAP),
    ],
  })

const makeRsa = (host: ModuleHost, id: Buffer, label: string, bits: number): Promise<void> =>
  host.call(GENERATE_PAIR, {
    mechanism: { mechanism: CKM.RSA_PKCS_KEY_PAIR_GEN },
    publicTemplate: [
      { type: CKA.TOKEN, value: true },
      { type: CKA.ID, value: id },
      { type: CKA.LABEL, value: label },
      { type: CKA.MODULUS_BITS, value: bits },
      { type: CKA.PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
      ...allowed(CKA.ENCRYPT, CKA.VERIFY),
    ],
    privateTemplate: [...inside(id, label), ...allowed(CKA.DECRYPT, CKA.SIGN)],
  })

/** Tries one way after the other. Only a refusal is a reason to go on: what failed otherwise may have made a key. */
const firstThatWorks = async (ways: readonly (() => Promise<void>)[]): Promise<void> => {
  let refusal: unknown
  for (const way of ways) {
    try {
      await way()
      return
    } catch (error) {
      if (!(error instanceof ModuleError) || error.fault !== 'refused') throw error
      refusal = error
    }
  }
  throw refusal
}

type Way = (host: ModuleHost, id: Buffer, label: string) => Promise<void>

const WAYS: Readonly<Record<RootObject['kind'], readonly Way[]>> = {
  aes: [makeAes],
  rsa: [
    (host, id, label) => makeRsa(host, id, label, RSA_KEY_BITS),
    (host, id, label) => makeRsa(host, id, label, RSA_SMALLER_BITS),
  ],
}

/**
 * Makes a root key with an id of its own, of the first kind that the token can make.
 * @throws ModuleError where it can make none, or makes one that can be taken out
 */
export const makeRoot = async (
  host: ModuleHost,
  label: string,
  kinds: readonly RootObject['kind'][] = ['aes', 'rsa'],
): Promise<RootObject> => {
  const id = randomBytes(ID_BYTES)
  await firstThatWorks(kinds.flatMap((kind) => WAYS[kind]).map((way) => () => way(host, id, label)))
  return requireRoot(host, { label, id })
}
