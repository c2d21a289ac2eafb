import type { BlockCipherMode, CryptographicAlgorithm } from '../protocol/enumerations.ts'

/*
 * Ciphers of Encrypt and Decrypt, and how each may be used. Data only, as in mechanisms.ts.
 */

/** How a cipher is used: which values it takes besides key and data. */
export type CipherMode = {
  /**
   * How it is made: by the library as the data comes; composed of ECB here, where the library lacks it; with a tag; with
   * all of the data at once (CCM, XTS, and wrapping).
   */
  readonly way: 'stream' | 'pcbc' | 'ctr' | 'aead' | 'ccm' | 'xts' | 'wrap'
  /** The part of the library's name after algorithm and key length. */
  readonly suffix: string
  /** Data is padded to whole blocks. */
  readonly padded: boolean
  /** Lengths in bytes of IV, counter or nonce; the first is what the server makes. Empty: it has none. */
  readonly iv: readonly number[] | { readonly from: number; readonly to: number; readonly usual: number }
  /** Bytes of tags; the first is what is usual. */
  readonly tags?: readonly number[]
  /** Where a counter stands in the IV, and which end of it counts. */
  readonly counter?: 'last, big-endian' | 'first, little-endian'
}

export type Cipher = {
  /** Bytes. */
  readonly block: number
  readonly modes: ReadonlyMap<BlockCipherMode | number, CipherMode>
  /** What is meant where no mode is named: of stream ciphers only, which have nothing else. */
  readonly sole?: CipherMode
}

type Row = readonly [BlockCipherMode, CipherMode]

const blockModes = (block: number, ...extra: readonly Row[]): Cipher => ({
  block,
  modes: new Map<BlockCipherMode | number, CipherMode>([
    ['ECB', { way: 'stream', suffix: 'ecb', padded: true, iv: [] }],
    ['CBC', { way: 'stream', suffix: 'cbc', padded: true, iv: [block] }],
    ['PCBC', { way: 'pcbc', suffix: 'ecb', padded: true, iv: [block] }],
    ['CFB', { way: 'stream', suffix: 'cfb', padded: false, iv: [block] }],
    ['OFB', { way: 'stream', suffix: 'ofb', padded: false, iv: [block] }],
    ...extra,
  ]),
})

/** SP 800-38A section 6.5. A nonce that is shorter than the block has the counter behind it (RFC 3686 section 4). */
const CTR: Row = [
  'CTR',
  { way: 'stream', suffix: 'ctr', padded: false, iv: { from: 1, to: 16, usual: 16 }, counter: 'last, big-endian' },
]
const SHORT_CTR: Row = [
  'CTR',
  { way: 'ctr', suffix: 'ecb', padded: false, iv: { from: 1, to: 8, usual: 8 }, counter: 'last, big-endian' },
]

/**
 * SP 800-38D section 5.2.1.1 allows 1 to 2^64 - 1 bits of IV and recommends 96; the library takes 128 bytes. Tags:
 * section 5.2.1.2, without the short ones, which need rules of their own.
 */
const GCM: Row = [
  'GCM',
  {
    way: 'aead',
    suffix: 'gcm',
    padded: false,
    iv: { from: 1, to: 128, usual: 12 },
    tags: [16, 15, 14, 13, 12],
  },
]

/** SP 800-38C appendix A.1: nonces of 7 to 13 bytes, tags of an even number of bytes, without the shortest. */
const CCM: Row = [
  'CCM',
  { way: 'ccm', suffix: 'ccm', padded: false, iv: { from: 7, to: 13, usual: 12 }, tags: [16, 14, 12, 10, 8] },
]

/** SP 800-38E; the key is two, one for the tweak. */
const XTS: Row = ['XTS', { way: 'xts', suffix: 'xts', padded: false, iv: [16] }]

/** SP 800-38F: RFC 3394 and RFC 5649. */
const KEY_WRAP: Row = ['NISTKeyWrap', { way: 'wrap', suffix: 'wrap', padded: false, iv: [] }]
const KEY_WRAP_PADDING: Row = ['AESKeyWrapPadding', { way: 'wrap', suffix: 'wrap-pad', padded: false, iv: [] }]

/** A nonce of 12 bytes (RFC 8439), of 8 in its first form, or 16 bytes where the counter stands before it. */
const CHACHA20: CipherMode = {
  way: 'stream',
  suffix: '',
  padded: false,
  iv: [12, 8, 16],
  counter: 'first, little-endian',
}
const CHACHA20_POLY1305: CipherMode = {
  way: 'aead',
  suffix: '',
  padded: false,
  iv: [12],
  tags: [16, 15, 14, 13, 12],
}

/** Ciphers of Encrypt and Decrypt with their modes. */
export const CIPHERS: ReadonlyMap<CryptographicAlgorithm | number, Cipher> = new Map<
  CryptographicAlgorithm | number,
  Cipher
>([
  ['AES', blockModes(16, CTR, GCM, CCM, XTS, KEY_WRAP, KEY_WRAP_PADDING)],
  ['ARIA', blockModes(16, CTR, GCM, CCM)],
  ['Camellia', blockModes(16, CTR)],
  ['SM4', blockModes(16, CTR)],
  ['DES3', blockModes(8, SHORT_CTR)],
  ['DES', blockModes(8, SHORT_CTR)],
  ['ChaCha20', { block: 1, modes: new Map(), sole: CHACHA20 }],
  ['ChaCha20Poly1305', { block: 1, modes: new Map([['AEAD', CHACHA20_POLY1305]]), sole: CHACHA20_POLY1305 }],
])

/** Shorter tags are taken only where Tag Length asks for them: anybody can cut a tag short. */
export const SHORTEST_USUAL_TAG = 12
