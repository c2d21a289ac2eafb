/* Numbers of the PKCS#11 standard that this server knows (PKCS#11 3.0, pkcs11t.h). */

/** CKA: attributes of objects. */
export const CKA = {
  CLASS: 0x000,
  TOKEN: 0x001,
  PRIVATE: 0x002,
  LABEL: 0x003,
  UNIQUE_ID: 0x004,
  VALUE: 0x011,
  CERTIFICATE_TYPE: 0x080,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  ENCRYPT: 0x104,
  DECRYPT: 0x105,
  WRAP: 0x106,
  UNWRAP: 0x107,
  SIGN: 0x108,
  VERIFY: 0x10a,
  DERIVE: 0x10c,
  MODULUS_BITS: 0x121,
  PUBLIC_EXPONENT: 0x122,
  VALUE_LEN: 0x161,
  EXTRACTABLE: 0x162,
  LOCAL: 0x163,
  MODIFIABLE: 0x170,
  DESTROYABLE: 0x172,
  EC_PARAMS: 0x180,
} as const

/** CKO: classes of objects. */
export const CKO = { DATA: 0, CERTIFICATE: 1, PUBLIC_KEY: 2, PRIVATE_KEY: 3, SECRET_KEY: 4 } as const

/** CKK: types of keys. */
export const CKK = { RSA: 0x00, DSA: 0x01, EC: 0x03, GENERIC_SECRET: 0x10, DES3: 0x15, AES: 0x1f } as const

/** CKF: flags of slots, tokens, sessions and mechanisms. */
export const CKF = {
  TOKEN_PRESENT: 0x001,
  RNG: 0x001,
  TOKEN_INITIALIZED: 0x400,
  PROTECTED_AUTHENTICATION_PATH: 0x100,
  RW_SESSION: 0x002,
  SERIAL_SESSION: 0x004,
  ENCRYPT: 0x0100,
  DECRYPT: 0x0200,
  DIGEST: 0x0400,
  SIGN: 0x0800,
  VERIFY: 0x2000,
  GENERATE: 0x8000,
  GENERATE_KEY_PAIR: 0x10000,
} as const

/** CKS: states of sessions. */
export const CKS = { RO_PUBLIC: 0, RO_USER: 1, RW_PUBLIC: 2, RW_USER: 3 } as const

export const CKU_SO = 0
export const CKU_USER = 1

/** CKG, CKZ: what masks and sources of OAEP and PSS are called. */
export const CKZ_DATA_SPECIFIED = 1
