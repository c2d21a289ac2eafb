import { createHash } from 'node:crypto'
import { test } from 'tap'
import { inRange, VERSIONS } from '../../src/schema/version.ts'
import { FAMILIES, openServer, refusal } from '../helpers/calls.ts'

const { client } = await openServer()

const DATA = Buffer.from('abc')

/** Of `abc`: FIPS 180-4 and 202 examples, RFC 1321, RFC 3174, and the page of RIPEMD-160. */
const DIGESTS = {
  MD5: '900150983cd24fb0d6963f7d28e17f72',
  SHA_1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  SHA_256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  RIPEMD_160: '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
} as const

for (const version of VERSIONS.filter((each) => inRange(each, { since: '1.2' }))) {
  void test(`1.4 §4.37 / 2.1 §6.1.24: ${version}: Hash`, async (t) => {
    for (const [hashingAlgorithm, digest] of Object.entries(DIGESTS)) {
      const answer = await client.call(version, 'Hash', { cryptographicParameters: { hashingAlgorithm }, data: DATA })
      t.same(answer['data'], Buffer.from(digest, 'hex'), hashingAlgorithm)
    }
  })

  void test(`1.4 §4.35, §4.36 / 2.1 §6.1.49, §6.1.50: ${version}: RNG Retrieve and RNG Seed`, async (t) => {
    const retrieve = async () => (await client.call(version, 'RNGRetrieve', { dataLength: 32 }))['data']
    const first = await retrieve()
    t.equal(Buffer.isBuffer(first) && first.length, 32)
    for (const length of [1, 16, 17, 1000]) {
      const { dataLength } = await client.call(version, 'RNGSeed', { data: Buffer.alloc(length, 7) })
      t.equal(dataLength, Math.min(length, 16), 'the seed of the generator is one block')
    }
    const second = await retrieve()
    await client.call(version, 'RNGSeed', { data: DATA })
    const third = await retrieve()
    t.notSame(first, second)
    t.notSame(second, third, 'the same seed does not make the same output')
    for (const dataLength of [-1, 0, 65_537]) {
      t.equal(refusal(await client.attempt(version, 'RNGRetrieve', { dataLength })), 'InvalidField', `${dataLength}`)
    }
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §9.1.3.2.16 / 2.1 §11.21: ${version}: hashes of SHA-2 and SHA-3`, async (t) => {
    const names = { SHA_224: 'sha224', SHA_384: 'sha384', SHA_512: 'sha512', SHA_512_224: 'sha512-224' }
    const more = { SHA_512_256: 'sha512-256', SHA3_224: 'sha3-224', SHA3_256: 'sha3-256', SHA3_512: 'sha3-512' }
    for (const [hashingAlgorithm, name] of Object.entries({ ...names, ...more })) {
      const answer = await client.call(version, 'Hash', { cryptographicParameters: { hashingAlgorithm }, data: DATA })
      t.same(answer['data'], createHash(name).update(DATA).digest())
    }
  })

  void test(`1.4 §11.38 / 2.1 §6.1.24.1: ${version}: what Hash refuses`, async (t) => {
    const sha = { hashingAlgorithm: 'SHA_256' } as const
    const told = async (request: object) => refusal(await client.attempt(version, 'Hash', { ...request }))
    t.equal(await told({ cryptographicParameters: sha }), 'InvalidMessage')
    t.equal(await told({ cryptographicParameters: {}, data: DATA }), 'InvalidField')
    t.equal(await told({ cryptographicParameters: { hashingAlgorithm: 'Tiger' }, data: DATA }), 'InvalidField')
  })
}
