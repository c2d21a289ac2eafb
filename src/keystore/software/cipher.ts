import type { EncryptInput, EncryptOutput } from '../../domain/key-store.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { SecretKey } from './cipher-plan.ts'
import { beginEncryption, type CipherEnd, type CipherStream, planDecryption } from './cipher-stream.ts'

/*
 * Encrypt and Decrypt of data that is there as a whole: a stream of one part.
 */

const inOne = (stream: CipherStream, data: Buffer): CipherEnd => {
  const head = stream.update(data)
  const { data: tail, tag } = stream.finish()
  if (tail.length === 0) return { data: head, tag }
  return { data: head.length === 0 ? tail : Buffer.concat([head, tail]), tag }
}

/** Encrypt (1.4 section 4.29, 2.1 section 6.1.17). @throws KmipError */
export const encrypt = (key: SecretKey, parameters: CryptographicParameters, input: EncryptInput): EncryptOutput => {
  const { stream, ivCounterNonce } = beginEncryption(key, parameters, input)
  const { data, tag } = inOne(stream, input.data)
  return { data, tag, ivCounterNonce }
}

/** Decrypt (1.4 section 4.30, 2.1 section 6.1.11). @throws KmipError CryptographicFailure for data that does not decrypt */
export const decrypt = (key: SecretKey, parameters: CryptographicParameters, input: EncryptInput): Buffer => {
  const planned = planDecryption(key, parameters, input)
  return (planned.all === undefined ? inOne(planned.stream, input.data) : planned.all(input.data)).data
}
