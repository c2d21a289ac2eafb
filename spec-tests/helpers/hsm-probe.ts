import pkcs11js from 'pkcs11js'
import type { HsmToken } from './hsm-token.ts'

/*
 * Tries what a server may want of a token, with pkcs11js alone and in a process of its own, and prints a line of JSON: for
 * each use null where it works, else the error. The description of the token comes as an argument.
 */

const P = pkcs11js
const token = JSON.parse(process.argv[2] ?? '') as Omit<HsmToken, 'remove'>

const module = new P.PKCS11()
module.load(token.module)
module.C_Initialize({
  flags: P.CKF_OS_LOCKING_OK,
  ...(token.libraryParameters === undefined ? {} : { libraryParameters: token.libraryParameters }),
})
const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trim() === token.label)
if (slot === undefined) throw new Error('the token is not there')
const opened = (): Buffer => module.C_OpenSession(slot, P.CKF_SERIAL_SESSION | P.CKF_RW_SESSION)
module.C_Login(opened(), P.CKU_USER, token.pin)

/** One for each use: what fails in the middle leaves its session of no use. */
let session = opened()

const DATA = Buffer.alloc(32, 7)
/** As long as the longest output here, an RSA signature: tpm2-pkcs11 takes no buffer that is much too long. */
const out = (): Buffer => Buffer.alloc(256)

const inside = [
  { type: P.CKA_TOKEN, value: true },
  { type: P.CKA_PRIVATE, value: true },
  { type: P.CKA_SENSITIVE, value: true },
  { type: P.CKA_EXTRACTABLE, value: false },
]

const flags = (...types: readonly number[]) => types.map((type) => ({ type, value: true }))

const aesKey = () =>
  module.C_GenerateKey(session, { mechanism: P.CKM_AES_KEY_GEN }, [
    ...inside,
    { type: P.CKA_CLASS, value: P.CKO_SECRET_KEY },
    { type: P.CKA_KEY_TYPE, value: P.CKK_AES },
    { type: P.CKA_VALUE_LEN, value: 32 },
    ...flags(P.CKA_ENCRYPT, P.CKA_DECRYPT, P.CKA_WRAP, P.CKA_UNWRAP),
  ])

const macKey = () =>
  module.C_GenerateKey(session, { mechanism: P.CKM_GENERIC_SECRET_KEY_GEN }, [
    ...inside,
    { type: P.CKA_CLASS, value: P.CKO_SECRET_KEY },
    { type: P.CKA_KEY_TYPE, value: P.CKK_GENERIC_SECRET },
    { type: P.CKA_VALUE_LEN, value: 32 },
    ...flags(P.CKA_SIGN, P.CKA_VERIFY),
  ])

const rsaPair = () =>
  module.C_GenerateKeyPair(
    session,
    { mechanism: P.CKM_RSA_PKCS_KEY_PAIR_GEN },
    [
      { type: P.CKA_TOKEN, value: true },
      { type: P.CKA_MODULUS_BITS, value: 2048 },
      { type: P.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
      ...flags(P.CKA_ENCRYPT, P.CKA_VERIFY),
    ],
    [...inside, ...flags(P.CKA_DECRYPT, P.CKA_SIGN)],
  )

const P256 = Buffer.from('06082a8648ce3d030107', 'hex')

const ecPair = () =>
  module.C_GenerateKeyPair(
    session,
    { mechanism: P.CKM_EC_KEY_PAIR_GEN },
    [{ type: P.CKA_TOKEN, value: true }, { type: P.CKA_EC_PARAMS, value: P256 }, ...flags(P.CKA_VERIFY)],
    [...inside, ...flags(P.CKA_SIGN)],
  )

const encryptsWith = (mechanism: pkcs11js.Mechanism, key: () => Buffer, forDecrypt = key): void => {
  module.C_EncryptInit(session, mechanism, key())
  const data = module.C_Encrypt(session, DATA, out())
  module.C_DecryptInit(session, mechanism, forDecrypt())
  if (!module.C_Decrypt(session, data, out()).equals(DATA)) throw new Error('something else comes back')
}

const wrapsWith = (mechanism: number): void => {
  const wrapping = keys.aes()
  const extractable = module.C_GenerateKey(session, { mechanism: P.CKM_AES_KEY_GEN }, [
    { type: P.CKA_TOKEN, value: false },
    { type: P.CKA_SENSITIVE, value: false },
    { type: P.CKA_EXTRACTABLE, value: true },
    { type: P.CKA_VALUE_LEN, value: 32 },
  ])
  const wrapped = module.C_WrapKey(session, { mechanism }, wrapping, extractable, out())
  module.C_UnwrapKey(session, { mechanism }, wrapping, wrapped, [
    { type: P.CKA_TOKEN, value: false },
    { type: P.CKA_CLASS, value: P.CKO_SECRET_KEY },
    { type: P.CKA_KEY_TYPE, value: P.CKK_AES },
    ...flags(P.CKA_ENCRYPT),
  ])
}

const signsWith = (
  mechanism: pkcs11js.Mechanism,
  data: Buffer,
  signing: () => Buffer,
  verifying: () => Buffer,
): void => {
  module.C_SignInit(session, mechanism, signing())
  const signature = module.C_Sign(session, data, out())
  module.C_VerifyInit(session, mechanism, verifying())
  module.C_Verify(session, data, signature)
}

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

const keys = { aes: once(aesKey), mac: once(macKey), rsa: once(rsaPair), ec: once(ecPair) }

const gcm = (type: number) => ({
  mechanism: P.CKM_AES_GCM,
  parameter: { type, iv: Buffer.alloc(12, 1), ivBits: 96, aad: Buffer.from('place'), tagBits: 128 },
})

const oaep = (hashAlg: number, mgf: number) => ({
  mechanism: P.CKM_RSA_PKCS_OAEP,
  parameter: { type: P.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: 1 },
})

const pss = { type: P.CK_PARAMS_RSA_PSS, hashAlg: P.CKM_SHA256, mgf: P.CKG_MGF1_SHA256, saltLen: 32 }

const USES: Readonly<Record<string, () => void>> = {
  'AES key': () => void keys.aes(),
  'AES-GCM': () => encryptsWith(gcm(P.CK_PARAMS_AES_GCM), keys.aes),
  'AES-GCM with the parameters of PKCS#11 2.40': () => encryptsWith(gcm(P.CK_PARAMS_AES_GCM_v240), keys.aes),
  'AES-CBC-PAD': () => encryptsWith({ mechanism: P.CKM_AES_CBC_PAD, parameter: Buffer.alloc(16, 1) }, keys.aes),
  'AES key wrap by C_WrapKey': () => wrapsWith(0x2109),
  'AES key wrap with padding by C_WrapKey': () => wrapsWith(0x210a),
  'AES key wrap by C_Encrypt': () => encryptsWith({ mechanism: 0x2109 }, keys.aes),
  'AES key wrap with padding by C_Encrypt': () => encryptsWith({ mechanism: 0x210a }, keys.aes),
  'AES-CMAC': () => signsWith({ mechanism: 0x108a }, DATA, keys.aes, keys.aes),
  'HMAC key': () => void keys.mac(),
  'HMAC-SHA-256': () => signsWith({ mechanism: P.CKM_SHA256_HMAC }, DATA, keys.mac, keys.mac),
  'RSA key pair': () => void keys.rsa(),
  'RSA-OAEP with SHA-1': () =>
    encryptsWith(
      oaep(P.CKM_SHA_1, P.CKG_MGF1_SHA1),
      () => keys.rsa().publicKey,
      () => keys.rsa().privateKey,
    ),
  'RSA-OAEP with SHA-256': () =>
    encryptsWith(
      oaep(P.CKM_SHA256, P.CKG_MGF1_SHA256),
      () => keys.rsa().publicKey,
      () => keys.rsa().privateKey,
    ),
  'RSA PKCS#1 1.5 signature with SHA-256': () =>
    signsWith(
      { mechanism: P.CKM_SHA256_RSA_PKCS },
      DATA,
      () => keys.rsa().privateKey,
      () => keys.rsa().publicKey,
    ),
  'RSA PKCS#1 1.5 signature': () =>
    signsWith(
      { mechanism: P.CKM_RSA_PKCS },
      DATA,
      () => keys.rsa().privateKey,
      () => keys.rsa().publicKey,
    ),
  'RSA-PSS': () =>
    signsWith(
      { mechanism: P.CKM_RSA_PKCS_PSS, parameter: pss },
      DATA,
      () => keys.rsa().privateKey,
      () => keys.rsa().publicKey,
    ),
  'EC key pair': () => void keys.ec(),
  'ECDSA over P-256': () =>
    signsWith(
      { mechanism: P.CKM_ECDSA },
      DATA,
      () => keys.ec().privateKey,
      () => keys.ec().publicKey,
    ),
  random: () => void module.C_GenerateRandom(session, Buffer.alloc(32)),
}

const verdict = (use: () => void): string | null => {
  session = opened()
  try {
    use()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown'
  }
}

console.log(JSON.stringify(Object.fromEntries(Object.entries(USES).map(([name, use]) => [name, verdict(use)]))))
process.exit(0)
