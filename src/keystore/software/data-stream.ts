import type { CipherStart, DataStream, HeldKey, ProofStart, StreamEnd, StreamStart } from '../../domain/key-store.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import { beginDecryption, beginEncryption, type CipherStream } from './cipher-stream.ts'
import { gather } from './gather.ts'
import { beginHash } from './hash.ts'
import type { OpenedKey } from './key-cache.ts'
import { beginMac, isSameMac } from './mac.ts'
import { beginSignature } from './signature-stream.ts'
import { asymmetricKeyOf, decryptWith, encryptWith, secretKeyOf } from './use-key.ts'

const EMPTY = Buffer.alloc(0)
const nothing = (): void => undefined

/** @throws KmipError InvalidMessage */
const given = (proof: Buffer | undefined): Buffer => {
  if (proof === undefined) throw new KmipError('InvalidMessage', 'What is to be verified is missing')
  return proof
}

const ofCipher = (stream: CipherStream, ivCounterNonce?: Buffer): DataStream => ({
  get held() {
    return stream.held
  },
  gathers: stream.gathers,
  ivCounterNonce,
  update: (data) => stream.update(data),
  finish: () => stream.finish(),
  close: () => stream.close(),
})

/** RSA takes what it encrypts as a whole. */
const ofRsa = (opened: OpenedKey, { operation, parameters }: CipherStart): DataStream => {
  // Read now: the bytes belong to the cache, which may have dropped them when the last part comes.
  asymmetricKeyOf(opened)
  const gathered = gather()
  const finish = (): MaybePromise<StreamEnd> => {
    const input = { data: gathered.take(), ivCounterNonce: undefined, additionalData: undefined, tag: undefined }
    return operation === 'Encrypt'
      ? encryptWith(opened, parameters, input)
      : then(decryptWith(opened, parameters, input), (data) => ({ data }))
  }
  return {
    get held() {
      return gathered.held
    },
    gathers: true,
    update: (data) => {
      gathered.add(data)
      return EMPTY
    },
    finish,
    close: () => gathered.clear(),
  }
}

const beginCipher = (opened: OpenedKey, start: CipherStart): DataStream => {
  if (opened.object.objectType !== 'SymmetricKey') return ofRsa(opened, start)
  const key = secretKeyOf(opened)
  if (start.operation === 'Decrypt') return ofCipher(beginDecryption(key, start.parameters, start))
  const { stream, ivCounterNonce } = beginEncryption(key, start.parameters, start)
  return ofCipher(stream, ivCounterNonce)
}

const beginSigned = (opened: OpenedKey, { operation, parameters }: ProofStart): DataStream => {
  const stream = beginSignature(asymmetricKeyOf(opened), parameters)
  return {
    get held() {
      return stream.held
    },
    gathers: stream.gathers,
    update: (data) => {
      stream.update(data)
      return EMPTY
    },
    finish: (proof) =>
      operation === 'Sign'
        ? then(stream.sign(), (data) => ({ data }))
        : then(stream.verify(given(proof)), ({ validity }) => ({ validity })),
    close: () => stream.close(),
  }
}

type Running = { update(data: Buffer): unknown; digest(): Buffer }

const ofDigest = (running: Running, end: (digest: Buffer, proof: Buffer | undefined) => StreamEnd): DataStream => ({
  held: 0,
  gathers: false,
  update: (data) => {
    running.update(data)
    return EMPTY
  },
  finish: (proof) => end(running.digest(), proof),
  close: nothing,
})

const toData = (data: Buffer): StreamEnd => ({ data })

const toValidity = (expected: Buffer, proof: Buffer | undefined): StreamEnd => ({
  validity: isSameMac(expected, given(proof)) ? 'Valid' : 'Invalid',
})

/** Begins what is done over parts of data. @throws KmipError as the operation does whose data is there as a whole */
export const beginStream = (start: StreamStart, open: (key: HeldKey) => OpenedKey): DataStream => {
  switch (start.operation) {
    case 'Encrypt':
    case 'Decrypt':
      return beginCipher(open(start.key), start)
    case 'Sign':
    case 'SignatureVerify':
      return beginSigned(open(start.key), start)
    case 'MAC':
      return ofDigest(beginMac(secretKeyOf(open(start.key)), start.parameters), toData)
    case 'MACVerify':
      return ofDigest(beginMac(secretKeyOf(open(start.key)), start.parameters), toValidity)
    case 'Hash':
      return ofDigest(beginHash(start.parameters), toData)
  }
}
