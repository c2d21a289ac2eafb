import type { CryptographicAlgorithm, HashingAlgorithm, RecommendedCurve } from '../protocol/enumerations.ts'

/*
 * What every keystore knows of the algorithms: lengths, block sizes, modes, curves. Data only; each keystore maps these
 * rows to its own library.
 */

/** Lengths in bits that keys of an algorithm have. */
export type LengthRule = {
  /** Single lengths; a range otherwise. */
  readonly bits: readonly number[] | { readonly from: number; readonly to: number; readonly step: number }
  /** The one usual length, where there is just one. */
  readonly usual?: number
  /** Bytes of material, where they are not the length divided by eight. */
  readonly bytes?: Readonly<Record<number, number>>
  /** Each byte has odd parity (FIPS 46-3). */
  readonly oddParity?: true
}

const WHOLE_BYTES = { from: 8, to: 65_536, step: 8 } as const
const AES_LIKE: LengthRule = { bits: [128, 192, 256] }
const only = (bits: number): LengthRule => ({ bits: [bits], usual: bits })
/** RFC 2104 section 3: any length; the length of the hash is the one recommended. */
const hmac = (bits: number): LengthRule => ({ bits: WHOLE_BYTES, usual: bits })

/**
 * Symmetric algorithms of 1.4 section 9.1.3.2.13 and 2.1 section 11.12 that have keys. 1.4 section 2.1.3 counts 3DES
 * keys with or without their parity bits: 112 and 128 are two keys of eight bytes, 168 and 192 are three.
 */
export const SYMMETRIC_LENGTHS: ReadonlyMap<CryptographicAlgorithm | number, LengthRule> = new Map<
  CryptographicAlgorithm | number,
  LengthRule
>([
  // 512 bits are the two keys of XTS with AES-256 (SP 800-38E); those with AES-128 have 256.
  ['AES', { bits: [128, 192, 256, 512] }],
  ['DES', { bits: [56, 64], usual: 56, bytes: { 56: 8 }, oddParity: true }],
  ['DES3', { bits: [112, 128, 168, 192], usual: 168, bytes: { 112: 16, 168: 24 }, oddParity: true }],
  ['Camellia', AES_LIKE],
  ['ARIA', AES_LIKE],
  ['Twofish', AES_LIKE],
  ['SEED', only(128)],
  ['SM4', only(128)],
  ['IDEA', only(128)],
  ['SKIPJACK', only(80)],
  ['MARS', { bits: { from: 128, to: 448, step: 32 } }],
  ['Blowfish', { bits: { from: 32, to: 448, step: 8 } }],
  ['CAST5', { bits: { from: 40, to: 128, step: 8 } }],
  ['RC2', { bits: { from: 8, to: 1024, step: 8 } }],
  ['RC4', { bits: { from: 40, to: 2048, step: 8 } }],
  ['RC5', { bits: { from: 8, to: 2040, step: 8 } }],
  ['GOST28147_89', only(256)],
  ['GOSTR34_13_2015', only(256)],
  ['OneTimePad', { bits: { from: 8, to: 8_388_608, step: 8 } }],
  ['ChaCha20', only(256)],
  ['Poly1305', only(256)],
  ['ChaCha20Poly1305', only(256)],
  ['HMAC_MD5', hmac(128)],
  ['HMAC_SHA1', hmac(160)],
  ['HMAC_SHA224', hmac(224)],
  ['HMAC_SHA256', hmac(256)],
  ['HMAC_SHA384', hmac(384)],
  ['HMAC_SHA512', hmac(512)],
  ['HMAC_SHA3_224', hmac(224)],
  ['HMAC_SHA3_256', hmac(256)],
  ['HMAC_SHA3_384', hmac(384)],
  ['HMAC_SHA3_512', hmac(512)],
])

/** Whether an algorithm has keys of that many bits. */
export const allowsLength = ({ bits }: LengthRule, length: number): boolean =>
  'from' in bits
    ? length >= bits.from && length <= bits.to && (length - bits.from) % bits.step === 0
    : bits.includes(length)

/** Bytes of key material for a length that {@link allowsLength} allows. */
export const materialBytes = (rule: LengthRule, length: number): number => rule.bytes?.[length] ?? length / 8

/** The length in bits that a key of so many bytes has, or undefined where the algorithm has no such key. */
export const lengthOfMaterial = (rule: LengthRule, bytes: number): number | undefined => {
  const counted = Object.entries(rule.bytes ?? {}).find(([, size]) => size === bytes)
  const length = counted === undefined ? bytes * 8 : Number(counted[0])
  return allowsLength(rule, length) ? length : undefined
}

/** Hashes of the HMACs that have a Cryptographic Algorithm of their own (1.4 section 9.1.3.2.13, 2.1 section 11.12). */
export const HMACS: ReadonlyMap<CryptographicAlgorithm | number, HashingAlgorithm> = new Map<
  CryptographicAlgorithm | number,
  HashingAlgorithm
>([
  ['HMAC_MD5', 'MD5'],
  ['HMAC_SHA1', 'SHA_1'],
  ['HMAC_SHA224', 'SHA_224'],
  ['HMAC_SHA256', 'SHA_256'],
  ['HMAC_SHA384', 'SHA_384'],
  ['HMAC_SHA512', 'SHA_512'],
  ['HMAC_SHA3_224', 'SHA3_224'],
  ['HMAC_SHA3_256', 'SHA3_256'],
  ['HMAC_SHA3_384', 'SHA3_384'],
  ['HMAC_SHA3_512', 'SHA3_512'],
])

/** Ciphers of CMAC and CBC-MAC, by the library's stem. */
export const MAC_CIPHERS: ReadonlyMap<
  CryptographicAlgorithm | number,
  { readonly stem: string; readonly block: number }
> = new Map<CryptographicAlgorithm | number, { readonly stem: string; readonly block: number }>([
  ['AES', { stem: 'aes', block: 16 }],
  ['ARIA', { stem: 'aria', block: 16 }],
  ['Camellia', { stem: 'camellia', block: 16 }],
  ['SM4', { stem: 'sm4', block: 16 }],
  ['DES3', { stem: 'des', block: 8 }],
])

/** Hashing Algorithms (1.4 section 9.1.3.2.16, 2.1 section 11.21) by the names that the library has for them. */
export const HASHES: ReadonlyMap<HashingAlgorithm | number, string> = new Map<HashingAlgorithm | number, string>([
  ['MD5', 'md5'],
  ['SHA_1', 'sha1'],
  ['SHA_224', 'sha224'],
  ['SHA_256', 'sha256'],
  ['SHA_384', 'sha384'],
  ['SHA_512', 'sha512'],
  ['RIPEMD_160', 'ripemd160'],
  ['SHA_512_224', 'sha512-224'],
  ['SHA_512_256', 'sha512-256'],
  ['SHA3_224', 'sha3-224'],
  ['SHA3_256', 'sha3-256'],
  ['SHA3_384', 'sha3-384'],
  ['SHA3_512', 'sha3-512'],
])

export type Curve = {
  /** What OpenSSL calls it. */
  readonly name: string
  /** Bits of the order or field: the Cryptographic Length of its keys. */
  readonly bits: number
  /** Which kind of field: it decides the compressed form of a point. Montgomery and Edwards curves have none. */
  readonly field: 'prime' | 'char2' | 'none'
  /** The curve that the algorithm EC means where only this length is given. */
  readonly usual?: true
}

const prime = (name: string, bits: number): Curve => ({ name, bits, field: 'prime' })
const nist = (name: string, bits: number): Curve => ({ ...prime(name, bits), usual: true })
const char2 = (name: string, bits: number): Curve => ({ name, bits, field: 'char2' })

/** Recommended Curves (1.4 section 9.1.3.2.5, 2.1 section 11.45) of at least 160 bits that OpenSSL has. */
export const CURVES: ReadonlyMap<RecommendedCurve, Curve> = new Map<RecommendedCurve, Curve>([
  ['P_192', nist('prime192v1', 192)],
  ['P_224', nist('secp224r1', 224)],
  ['P_256', nist('prime256v1', 256)],
  ['P_384', nist('secp384r1', 384)],
  ['P_521', nist('secp521r1', 521)],
  ['K_163', char2('sect163k1', 163)],
  ['B_163', char2('sect163r2', 163)],
  ['K_233', char2('sect233k1', 233)],
  ['B_233', char2('sect233r1', 233)],
  ['K_283', char2('sect283k1', 283)],
  ['B_283', char2('sect283r1', 283)],
  ['K_409', char2('sect409k1', 409)],
  ['B_409', char2('sect409r1', 409)],
  ['K_571', char2('sect571k1', 571)],
  ['B_571', char2('sect571r1', 571)],
  ['SECP160K1', prime('secp160k1', 160)],
  ['SECP160R1', prime('secp160r1', 160)],
  ['SECP160R2', prime('secp160r2', 160)],
  ['SECP192K1', prime('secp192k1', 192)],
  ['SECP224K1', prime('secp224k1', 224)],
  ['SECP256K1', prime('secp256k1', 256)],
  ['BRAINPOOLP160R1', prime('brainpoolP160r1', 160)],
  ['BRAINPOOLP160T1', prime('brainpoolP160t1', 160)],
  ['BRAINPOOLP192R1', prime('brainpoolP192r1', 192)],
  ['BRAINPOOLP192T1', prime('brainpoolP192t1', 192)],
  ['BRAINPOOLP224R1', prime('brainpoolP224r1', 224)],
  ['BRAINPOOLP224T1', prime('brainpoolP224t1', 224)],
  ['BRAINPOOLP256R1', prime('brainpoolP256r1', 256)],
  ['BRAINPOOLP256T1', prime('brainpoolP256t1', 256)],
  ['BRAINPOOLP320R1', prime('brainpoolP320r1', 320)],
  ['BRAINPOOLP320T1', prime('brainpoolP320t1', 320)],
  ['BRAINPOOLP384R1', prime('brainpoolP384r1', 384)],
  ['BRAINPOOLP384T1', prime('brainpoolP384t1', 384)],
  ['BRAINPOOLP512R1', prime('brainpoolP512r1', 512)],
  ['BRAINPOOLP512T1', prime('brainpoolP512t1', 512)],
  ['CURVE25519', { name: 'x25519', bits: 256, field: 'none' }],
  ['CURVE448', { name: 'x448', bits: 448, field: 'none' }],
])

const curveByName: ReadonlyMap<string, RecommendedCurve> = new Map(
  [...CURVES].map(([curve, { name }]): [string, RecommendedCurve] => [name, curve]),
)

/** The Recommended Curve that OpenSSL calls `name`. */
export const curveOfName = (name: string): RecommendedCurve | undefined => curveByName.get(name)

/** The curve that EC means where only a length is given: the NIST curve over a prime field of that size. */
export const usualCurve = (bits: number): RecommendedCurve | undefined =>
  [...CURVES].find(([, curve]) => curve.usual === true && curve.bits === bits)?.[0]
