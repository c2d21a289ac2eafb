import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Hashing Algorithm (1.4 section 9.1.3.2.16, 2.1 section 11.21). */
export const HASHING_ALGORITHM = enumeration('Hashing Algorithm', {
  MD2: [0x01, '1.0'],
  MD4: [0x02, '1.0'],
  MD5: [0x03, '1.0'],
  SHA_1: [0x04, '1.0'],
  SHA_224: [0x05, '1.0'],
  SHA_256: [0x06, '1.0'],
  SHA_384: [0x07, '1.0'],
  SHA_512: [0x08, '1.0'],
  RIPEMD_160: [0x09, '1.0'],
  Tiger: [0x0a, '1.0'],
  Whirlpool: [0x0b, '1.0'],
  SHA_512_224: [0x0c, '1.2'],
  SHA_512_256: [0x0d, '1.2'],
  SHA3_224: [0x0e, '1.4'],
  SHA3_256: [0x0f, '1.4'],
  SHA3_384: [0x10, '1.4'],
  SHA3_512: [0x11, '1.4'],
})

export type HashingAlgorithm = EnumName<typeof HASHING_ALGORITHM>
