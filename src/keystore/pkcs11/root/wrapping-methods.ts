import { createHmac, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { CKZ_DATA_SPECIFIED } from '../../../protocol/pkcs11/constants.ts'
import { DECRYPT, ENCRYPT, type MechanismUse, SIGN, UNWRAP_BYTES, WRAP_BYTES } from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import type { ModuleHost } from '../module-host.ts'
import { CKG, CKM, PARAMETERS } from '../numbers.ts'
import type { RootObject } from './root-object.ts'

/*
 * The ways in which a root key wraps a store key. Which one a token really has is found by trying; the code of the one
 * that was used stands before what was wrapped. Each binds the wrapped key to its name, and notices every change.
 */

type Work = (host: ModuleHost, root: RootObject, bytes: Buffer, name: Buffer) => Promise<Buffer>

export type WrappingMethod = {
  /** Recorded with every wrapped key: never changed, never used again for another. */
  readonly code: number
  readonly title: string
  readonly kind: RootObject['kind']
  readonly wrap: Work
  /** @throws ModuleError refused, where it was wrapped otherwise or changed */
  readonly unwrap: Work
}

const refused = (): ModuleError => new ModuleError('refused', 'what was wrapped does not open')

const aesKey = (root: RootObject) => {
  if (root.kind !== 'aes') throw refused()
  return root.key
}

const rsaKeys = (root: RootObject) => {
  if (root.kind !== 'rsa') throw refused()
  return root
}

const GCM_NONCE = 12
const GCM_TAG_BITS = 128
const BLOCK = 16
const DIGEST = 32

const split = (bytes: Buffer, at: number): readonly [Buffer, Buffer] => {
  if (bytes.length < at) throw refused()
  return [bytes.subarray(0, at), bytes.subarray(at)]
}

const gcm = (iv: Buffer, aad: Buffer): MechanismUse => ({
  mechanism: CKM.AES_GCM,
  parameter: { type: PARAMETERS.GCM, iv, ivBits: iv.length * 8, aad, tagBits: GCM_TAG_BITS },
})

/** Nonce, ciphertext, tag. */
const aesGcm: WrappingMethod = {
  code: 1,
  title: 'AES-GCM',
  kind: 'aes',
  wrap: async (host, root, data, name) => {
    const nonce = randomBytes(GCM_NONCE)
    return Buffer.concat([nonce, await host.call(ENCRYPT, { key: aesKey(root), mechanism: gcm(nonce, name), data })])
  },
  unwrap: (host, root, bytes, name) => {
    const [nonce, data] = split(bytes, GCM_NONCE)
    return host.call(DECRYPT, { key: aesKey(root), mechanism: gcm(nonce, name), data })
  },
}

const digestOf = (name: Buffer): Buffer => hash('sha256', name, 'buffer')

const withoutName = (clear: Buffer, name: Buffer): Buffer => {
  const [digest, key] = split(clear, DIGEST)
  if (!timingSafeEqual(digest, digestOf(name))) throw refused()
  return key
}

/** RFC 3394 and 5649 notice changes, and know no further data: a digest of the name is wrapped along. */
const keyWrap = (code: number, title: string, mechanism: number): WrappingMethod => ({
  code,
  title,
  kind: 'aes',
  wrap: (host, root, key, name) =>
    host.call(WRAP_BYTES, {
      key: aesKey(root),
      mechanism: { mechanism },
      data: Buffer.concat([digestOf(name), key]),
    }),
  unwrap: async (host, root, data, name) =>
    withoutName(await host.call(UNWRAP_BYTES, { key: aesKey(root), mechanism: { mechanism }, data }), name),
})

/** What the secret is made of that a MAC is derived from. */
const MAC_TEXT = digestOf(Buffer.from('kmipd root key: message authentication 1'))

const macOf = (secret: Buffer, code: number, name: Buffer, data: Buffer): Buffer => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'kmipd root key mac', DIGEST))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  const mac = createHmac('sha256', key).update(Buffer.of(code)).update(length).update(name).update(data).digest()
  key.fill(0)
  secret.fill(0)
  return mac
}

/**
 * Encrypts, then authenticates with a key that is derived from what only the root key can make of a fixed text. It is in
 * memory for the moment of its use only.
 */
const authenticated = (
  { code, ...method }: WrappingMethod,
  secret: (host: ModuleHost, root: RootObject) => Promise<Buffer>,
): WrappingMethod => ({
  ...method,
  code,
  wrap: async (host, root, key, name) => {
    const data = await method.wrap(host, root, key, name)
    return Buffer.concat([macOf(await secret(host, root), code, name, data), data])
  },
  unwrap: async (host, root, bytes, name) => {
    const [mac, data] = split(bytes, DIGEST)
    if (!timingSafeEqual(mac, macOf(await secret(host, root), code, name, data))) throw refused()
    return method.unwrap(host, root, data, name)
  },
})

const cbc = (iv: Buffer): MechanismUse => ({ mechanism: CKM.AES_CBC_PAD, parameter: iv })

/** MAC, initial value, ciphertext. */
const aesCbc = authenticated(
  {
    code: 5,
    title: 'AES-CBC-PAD with HMAC-SHA-256',
    kind: 'aes',
    wrap: async (host, root, data) => {
      const iv = randomBytes(BLOCK)
      return Buffer.concat([iv, await host.call(ENCRYPT, { key: aesKey(root), mechanism: cbc(iv), data })])
    },
    unwrap: (host, root, bytes) => {
      const [iv, data] = split(bytes, BLOCK)
      return host.call(DECRYPT, { key: aesKey(root), mechanism: cbc(iv), data })
    },
  },
  (host, root) => host.call(ENCRYPT, { key: aesKey(root), mechanism: cbc(Buffer.alloc(BLOCK)), data: MAC_TEXT }),
)

/** A signature of PKCS#1 1.5 is the same each time, and only the private key can make it. */
const rsaSecret = (host: ModuleHost, root: RootObject): Promise<Buffer> =>
  host.call(SIGN, {
    key: rsaKeys(root).privateKey,
    mechanism: { mechanism: CKM.SHA256_RSA_PKCS },
    data: MAC_TEXT,
  })

const oaep = (hashAlg: number, mgf: number): MechanismUse => ({
  mechanism: CKM.RSA_PKCS_OAEP,
  parameter: { type: PARAMETERS.OAEP, hashAlg, mgf, source: CKZ_DATA_SPECIFIED },
})

/** Everybody can encrypt under a public key, so it takes the MAC to know who did. */
const rsaOaep = (code: number, title: string, mechanism: MechanismUse): WrappingMethod =>
  authenticated(
    {
      code,
      title: `${title} with HMAC-SHA-256`,
      kind: 'rsa',
      wrap: (host, root, data) => host.call(ENCRYPT, { key: rsaKeys(root).publicKey, mechanism, data }),
      unwrap: (host, root, data) => host.call(DECRYPT, { key: rsaKeys(root).privateKey, mechanism, data }),
    },
    rsaSecret,
  )

/** The best first. */
export const WRAPPING_METHODS: readonly WrappingMethod[] = [
  aesGcm,
  keyWrap(2, 'AES key wrap with padding (KWP)', CKM.AES_KEY_WRAP_KWP),
  keyWrap(3, 'AES key wrap with padding', CKM.AES_KEY_WRAP_PAD),
  keyWrap(4, 'AES key wrap', CKM.AES_KEY_WRAP),
  aesCbc,
  rsaOaep(6, 'RSA-OAEP, SHA-256', oaep(CKM.SHA256, CKG.MGF1_SHA256)),
  rsaOaep(7, 'RSA-OAEP, SHA-1', oaep(CKM.SHA_1, CKG.MGF1_SHA1)),
]
