import { DERIVATION_METHOD } from '../src/protocol/enumerations.ts'
import {
  ALGORITHMS,
  CERTIFICATE_REQUESTS,
  CIPHER_ALGORITHMS,
  CIPHER_MODES,
  encrypts,
  encryptsAlone,
  FORMATS,
  HASHING_ALGORITHMS,
  hashes,
  MAC_ALGORITHMS,
  MAC_MODES,
  makesKeyPairs,
  makesMac,
  PADDING_METHODS,
  padsBlocks,
  padsRsaEncryption,
  padsRsaSignatures,
  RECOMMENDED_CURVES,
  SIGNATURES,
  symmetricLengths,
  WRAPPING_METHODS,
} from '../src/keystore/software/support.ts'
import { table } from './table.ts'

/* The part of docs/operations.md about algorithms: what is supported, and what is refused. */

const yes = (supported: boolean): string => (supported ? 'yes' : 'refused')

const list = (names: readonly string[]): string => (names.length === 0 ? '' : names.join(', '))

const lengths = (algorithm: (typeof ALGORITHMS)[number]): string => {
  const bits = symmetricLengths(algorithm)?.bits
  if (bits === undefined) return 'refused'
  return 'from' in bits ? `${bits.from} to ${bits.to} by ${bits.step}` : bits.join(', ')
}

const keys = (): string =>
  table(
    ['Cryptographic Algorithm', 'Create (bits)', 'Create Key Pair'],
    ALGORITHMS.map((name) => [name, lengths(name), yes(makesKeyPairs(name))]),
  )

const ciphers = (): string =>
  table(
    ['Cryptographic Algorithm', 'Supported', 'Refused'],
    CIPHER_ALGORITHMS.map((name) => [
      name,
      list([...(encryptsAlone(name) ? ['no mode'] : []), ...CIPHER_MODES.filter((mode) => encrypts(name, mode))]),
      list(CIPHER_MODES.filter((mode) => !encrypts(name, mode))),
    ]),
  )

const paddings = (): string =>
  table(
    ['Padding Method', 'ECB, CBC, PCBC', 'RSA: Encrypt, Decrypt', 'RSA: Sign, Signature Verify'],
    PADDING_METHODS.map((name) => [
      name,
      yes(padsBlocks(name)),
      yes(padsRsaEncryption(name)),
      yes(padsRsaSignatures(name)),
    ]),
  )

const hashTable = (): string =>
  table(
    ['Hashing Algorithm', 'Hash, HMAC, signatures'],
    HASHING_ALGORITHMS.map((name) => [name, yes(hashes(name))]),
  )

const signatures = (): string =>
  table(
    ['Digital Signature Algorithm', 'Sign, Signature Verify'],
    SIGNATURES.map(({ name, supported }) => [name, yes(supported)]),
  )

const curves = (): string =>
  table(
    ['Recommended Curve', 'Keys', 'ECDSA', 'ECDSA of Digested Data'],
    RECOMMENDED_CURVES.map(({ name, supported, signs, signsDigests }) => [
      name,
      yes(supported),
      yes(signs),
      yes(signsDigests),
    ]),
  )

const formats = (): string =>
  table(
    ['Key Format Type', 'Objects', 'Get in another format than the one registered'],
    FORMATS.map(({ name, objectTypes, converted }) => [name, list(objectTypes), yes(converted)]),
  )

const named = (header: string, rows: readonly { readonly name: string; readonly supported: boolean }[]): string =>
  table(
    [header, ''],
    rows.map(({ name, supported }) => [name, yes(supported)]),
  )

/** A section of Markdown. */
export const algorithmSection = (): string => `## Algorithms

What follows is made of the tables of the software keystore, and a test asks a server for every line of it. What is
refused is answered with Unsupported Cryptographic Parameters, Bad Cryptographic Parameters or Invalid Field (in 1.x:
Invalid Field), and an algorithm whose keys are kept but not used for encryption is refused by Encrypt. OpenSSL 3 has
moved Blowfish, CAST5, IDEA, RC2, RC4 and SEED into a provider that Node does not load; their keys are made, kept and
wrapped all the same.

### Keys

${keys()}

Register and Import take keys of the same kinds, ECMQV among EC keys, and keys of other algorithms as they are.

### Encrypt and Decrypt

${ciphers()}

AES keys of 256 and 512 bits are the two keys of XTS with AES-128 and AES-256; those of 512 bits are for nothing else. GCM
has tags of 12 to 16 bytes, CCM of 8 to 16 (Tag Length below 12 has to be asked for), ChaCha20Poly1305 of 12 to 16.

### Padding

${paddings()}

### Hashes

${hashTable()}

### MAC and MAC Verify

By name of the Cryptographic Algorithm: ${list(ALGORITHMS.filter(makesMac))}; with a Hashing Algorithm alone: HMAC of each
hash above. As Block Cipher Mode ${list(MAC_MODES)}: ${list(MAC_ALGORITHMS)}. There is no GMAC: the request has no
field for its IV; Encrypt with GCM and additional data alone makes the same.

### Sign and Signature Verify

${signatures()}

By Cryptographic Algorithm and Hashing Algorithm: RSA with each padding above (X9.31: SHA_1, SHA_256, SHA_384, SHA_512),
DSA and ECDSA with each hash; Ed25519 and Ed448. Digested Data: RSA with PKCS1V1_5 and PSS, ECDSA on the curves below.

### Curves

${curves()}

### Key formats

${formats()}

PKCS_12 is a container: it is made of a private key and its certificates, and opened when it comes. Every Key Compression
Type of points is read and written.

### Wrapping

${named('Wrapping Method', WRAPPING_METHODS)}

Keys wrap as Encrypt does with them, or by AESKeyWrapPadding and NISTKeyWrap; MACs and signatures are those of MAC and Sign.
TR-31 blocks are not made: the standard does not say what of a key goes into their headers.

### Certificate requests

${named('Certificate Request Type', CERTIFICATE_REQUESTS)}

The server issues X.509 certificates only. PGP certificates are registered and read, PGP Keys are kept as they come.

### Derive Key

${list(DERIVATION_METHOD.names)}.
`
