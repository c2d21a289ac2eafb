/* Numbers of PKCS#11 3.0 (pkcs11t.h) that talking to a module needs, beyond those of protocol/pkcs11/constants.ts. */

/** CKM: mechanisms. */
export const CKM = {
  RSA_PKCS_KEY_PAIR_GEN: 0x0000,
  RSA_PKCS: 0x0001,
  RSA_PKCS_OAEP: 0x0009,
  SHA256_RSA_PKCS: 0x0040,
  SHA_1: 0x0220,
  SHA256: 0x0250,
  AES_KEY_GEN: 0x1080,
  AES_CBC: 0x1082,
  AES_CBC_PAD: 0x1085,
  AES_GCM: 0x1087,
  AES_KEY_WRAP: 0x2109,
  AES_KEY_WRAP_PAD: 0x210a,
  AES_KEY_WRAP_KWP: 0x210b,
} as const

export type MechanismName = keyof typeof CKM

/** CKF_OS_LOCKING_OK: several threads call the module. */
export const CKF_OS_LOCKING_OK = 0x02

/** CKF: flags of a token that matter before and at a login. */
export const CKF_TOKEN = {
  WRITE_PROTECTED: 0x0000_0002,
  LOGIN_REQUIRED: 0x0000_0004,
  USER_PIN_INITIALIZED: 0x0000_0008,
  INITIALIZED: 0x0000_0400,
  USER_PIN_COUNT_LOW: 0x0001_0000,
  USER_PIN_FINAL_TRY: 0x0002_0000,
  USER_PIN_LOCKED: 0x0004_0000,
} as const

/** CKA: what became of a key. */
export const CKA_STATE = {
  MODULUS: 0x120,
  NEVER_EXTRACTABLE: 0x164,
  ALWAYS_SENSITIVE: 0x165,
} as const

/** CKG: mask generation of OAEP. */
export const CKG = { MGF1_SHA1: 0x01, MGF1_SHA256: 0x02 } as const

/** What pkcs11js calls the parameters of mechanisms: its own numbers, not of PKCS#11. */
export const PARAMETERS = { GCM_OLD: 3, OAEP: 4, GCM: 7 } as const

/** CKR: what a module answers with, where it is told apart. */
export const CKR = {
  OK: 0x000,
  HOST_MEMORY: 0x002,
  SLOT_ID_INVALID: 0x003,
  GENERAL_ERROR: 0x005,
  FUNCTION_FAILED: 0x006,
  ARGUMENTS_BAD: 0x007,
  ATTRIBUTE_READ_ONLY: 0x010,
  ATTRIBUTE_SENSITIVE: 0x011,
  ATTRIBUTE_TYPE_INVALID: 0x012,
  ATTRIBUTE_VALUE_INVALID: 0x013,
  DATA_INVALID: 0x020,
  DATA_LEN_RANGE: 0x021,
  DEVICE_ERROR: 0x030,
  DEVICE_MEMORY: 0x031,
  DEVICE_REMOVED: 0x032,
  ENCRYPTED_DATA_INVALID: 0x040,
  ENCRYPTED_DATA_LEN_RANGE: 0x041,
  KEY_HANDLE_INVALID: 0x060,
  KEY_SIZE_RANGE: 0x062,
  KEY_TYPE_INCONSISTENT: 0x063,
  KEY_UNEXTRACTABLE: 0x06a,
  KEY_NOT_WRAPPABLE: 0x069,
  KEY_FUNCTION_NOT_PERMITTED: 0x068,
  MECHANISM_INVALID: 0x070,
  MECHANISM_PARAM_INVALID: 0x071,
  OBJECT_HANDLE_INVALID: 0x082,
  OPERATION_ACTIVE: 0x090,
  OPERATION_NOT_INITIALIZED: 0x091,
  PIN_INCORRECT: 0x0a0,
  PIN_INVALID: 0x0a1,
  PIN_LEN_RANGE: 0x0a2,
  PIN_EXPIRED: 0x0a3,
  PIN_LOCKED: 0x0a4,
  SESSION_CLOSED: 0x0b0,
  SESSION_COUNT: 0x0b1,
  SESSION_HANDLE_INVALID: 0x0b3,
  SESSION_READ_ONLY: 0x0b5,
  SIGNATURE_INVALID: 0x0c0,
  SIGNATURE_LEN_RANGE: 0x0c1,
  TEMPLATE_INCOMPLETE: 0x0d0,
  TEMPLATE_INCONSISTENT: 0x0d1,
  TOKEN_NOT_PRESENT: 0x0e0,
  TOKEN_NOT_RECOGNIZED: 0x0e1,
  TOKEN_WRITE_PROTECTED: 0x0e2,
  USER_ALREADY_LOGGED_IN: 0x100,
  USER_NOT_LOGGED_IN: 0x101,
  USER_PIN_NOT_INITIALIZED: 0x102,
  WRAPPED_KEY_INVALID: 0x110,
  WRAPPED_KEY_LEN_RANGE: 0x112,
  CRYPTOKI_NOT_INITIALIZED: 0x190,
  CRYPTOKI_ALREADY_INITIALIZED: 0x191,
} as const

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(CKM).map(([name, type]) => [type, name]))

/** The name of a mechanism that the server has a use for. */
export const mechanismName = (type: number): string | undefined => NAMES.get(type)
