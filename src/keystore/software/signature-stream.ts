import { createHash, createSign, createVerify } from 'node:crypto'
import type { Verdict } from '../../domain/key-store.ts'
import type { MaybePromise } from '../../domain/maybe-promise.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { gather } from './gather.ts'
import { sign, verify } from './signature.ts'
import { concernsKey, schemeFor } from './signature-scheme.ts'

/** Data that is signed, or whose signature is verified, in parts. */
export type SignatureStream = {
  readonly held: number
  readonly gathers: boolean
  update(data: Buffer): unknown
  sign(): MaybePromise<Buffer>
  verify(signature: Buffer): MaybePromise<Verdict>
  close(): void
}

const nothing = (): void => undefined

/** An Edwards curve takes a message twice, ML-DSA and SLH-DSA are not given in parts, and the library has X9.31 for whole messages only. */
const gathering = (key: AsymmetricKey, parameters: CryptographicParameters): SignatureStream => {
  const gathered = gather()
  const input = () => ({ data: gathered.take(), digested: undefined })
  return {
    get held() {
      return gathered.held
    },
    gathers: true,
    update: (data) => gathered.add(data),
    sign: () => sign(key, parameters, input()),
    verify: (signature) => verify(key, parameters, input(), signature),
    close: () => gathered.clear(),
  }
}

/** What is signed with RSA is a digest, whoever makes it. */
const digesting = (key: AsymmetricKey, parameters: CryptographicParameters, hash: string): SignatureStream => {
  const running = createHash(hash)
  const input = () => ({ data: undefined, digested: running.digest() })
  return {
    held: 0,
    gathers: false,
    update: (data) => running.update(data),
    sign: () => sign(key, parameters, input()),
    verify: (signature) => verify(key, parameters, input(), signature),
    close: nothing,
  }
}

/** What the library signs only as it has hashed it: ECDSA and DSA. */
const hashing = ({ keyObject }: AsymmetricKey, hash: string): SignatureStream => {
  const options = { key: keyObject, dsaEncoding: 'der' } as const
  const signing = createSign(hash)
  const verifying = createVerify(hash)
  const isPrivate = keyObject.type === 'private'
  return {
    held: 0,
    gathers: false,
    update: (data) => (isPrivate ? signing : verifying).update(data),
    sign: () => signing.sign(options),
    verify: (signature) => ({
      validity: verifying.verify(options, signature) ? 'Valid' : 'Invalid',
      recovered: undefined,
    }),
    close: nothing,
  }
}

/** Whatever the data is, a signature of another algorithm than that of the key is Invalid. */
const foreign = (): SignatureStream => ({
  held: 0,
  gathers: false,
  update: nothing,
  sign: () => {
    throw new KmipError('BadCryptographicParameters', 'The algorithm is not that of the key')
  },
  verify: () => ({ validity: 'Invalid', recovered: undefined }),
  close: nothing,
})

/** @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters */
export const beginSignature = (key: AsymmetricKey, parameters: CryptographicParameters): SignatureStream => {
  if (!concernsKey(key, parameters)) return foreign()
  const scheme = schemeFor(key, parameters, false)
  if (scheme.kind === 'edwards' || scheme.kind === 'quantum' || scheme.kind === 'x931')
    return gathering(key, parameters)
  if (scheme.hash === undefined) throw new KmipError('BadCryptographicParameters', 'The Hashing Algorithm is missing')
  return scheme.kind === 'dsa' ? hashing(key, scheme.hash) : digesting(key, parameters, scheme.hash)
}
