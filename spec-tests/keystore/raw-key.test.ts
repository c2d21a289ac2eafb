import { test } from 'tap'
import type { CryptographicAlgorithm } from '../../src/protocol/enumerations.ts'
import { bytesOf, hex, keyObject, materialOf, openKeys, reasonOf, valuesOf } from './software.ts'

/* Keys of Edwards curves as the bytes that they are (1.4 section 2.1.3, 2.1 section 11.25: Raw; RFC 8032). */

/** RFC 8032 section 7.1 TEST 1, and section 7.4, the first one: signatures of nothing. */
const VECTORS = [
  {
    algorithm: 'Ed25519',
    length: 256,
    secret: hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
    public: hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
    signature: hex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ),
  },
  {
    algorithm: 'Ed448',
    length: 456,
    secret: hex(
      '6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b',
    ),
    public: hex(
      '5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180',
    ),
    signature: hex(
      '533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600',
    ),
  },
] as const

const raw = (kind: 'PrivateKey' | 'PublicKey', bytes: Buffer, cryptographicAlgorithm: CryptographicAlgorithm) =>
  keyObject(kind, bytes, { keyFormatType: 'Raw', cryptographicAlgorithm })

for (const vector of VECTORS) {
  void test(`RFC 8032 §7: ${vector.algorithm} keys come, are used and go as Raw`, async (t) => {
    const keys = await openKeys()
    const secret = await keys.deposit('a', raw('PrivateKey', vector.secret, vector.algorithm))
    const open = await keys.deposit('b', raw('PublicKey', vector.public, vector.algorithm))
    t.same(valuesOf(secret, 'CryptographicLength'), [vector.length])
    t.same(valuesOf(open, 'CryptographicAlgorithm'), [vector.algorithm])
    const input = { data: Buffer.alloc(0), digested: undefined }
    t.same(await keys.sign(secret.key, {}, input), vector.signature)
    t.equal((await keys.verify(open.key, {}, input, vector.signature)).validity, 'Valid')
    const pkcs8 = await keys.retrieve(secret.key, { keyFormatType: 'PKCS_8' })
    const again = await keys.deposit('c', pkcs8)
    t.same(bytesOf(await keys.retrieve(again.key, { keyFormatType: 'Raw' })), vector.secret)
    const spki = await keys.deposit('d', await keys.retrieve(open.key, { keyFormatType: 'X_509' }))
    t.same(materialOf(await keys.retrieve(spki.key, { keyFormatType: 'Raw' })), vector.public)
  })

  void test(`RFC 8032 §5: ${vector.algorithm}: Raw bytes that are no key`, async (t) => {
    const keys = await openKeys()
    for (const [kind, bytes] of [
      ['PrivateKey', vector.secret],
      ['PublicKey', vector.public],
    ] as const) {
      const rows = [bytes.subarray(1), Buffer.concat([bytes, Buffer.from([0])])]
      for (const wrong of rows) {
        const told = await reasonOf(async () => keys.deposit('a', raw(kind, wrong, vector.algorithm)))
        t.equal(told, 'InvalidField', kind)
      }
    }
  })
}

void test('2.1 §11.25: Raw keys of other algorithms are kept as they come', async (t) => {
  const keys = await openKeys()
  const deposit = await keys.deposit('a', raw('PrivateKey', Buffer.alloc(32, 1), 'EC'))
  t.same(bytesOf(await keys.retrieve(deposit.key)), Buffer.alloc(32, 1))
  t.equal(
    await reasonOf(async () => keys.retrieve(deposit.key, { keyFormatType: 'PKCS_8' })),
    'KeyFormatTypeNotSupported',
  )
})
