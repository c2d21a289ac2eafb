import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { CryptographicUsageMask } from '../../src/protocol/enumerations.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { VERSIONS, type Version } from '../../src/schema/version.ts'
import {
  active,
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import type { Payload, TestClient } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const NIST = { blockCipherMode: 'NISTKeyWrap' } as const
const CMAC = { blockCipherMode: 'CMAC' } as const
const NO_ENCODING = { encodingOption: 'NoEncoding' } as const
const REASON = { revocationReason: { revocationReasonCode: 'CessationOfOperation' } }

/** RFC 3394 section 4.1. */
const KEK = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const WRAPPED = Buffer.from('1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5', 'hex')

const parameters = (value: CryptographicParameters): Attribute => ({ name: 'CryptographicParameters', value })

const wrapper = (
  version: Version,
  uses: readonly CryptographicUsageMask[] = ['WrapKey', 'UnwrapKey'],
  ...attributes: readonly Attribute[]
) => registerKey(client, version, KEK, usage(...uses), active, parameters(NIST), ...attributes)

const by = (uniqueIdentifier: string, cryptographicParameters?: CryptographicParameters) => ({
  uniqueIdentifier,
  cryptographicParameters,
})

const under = (id: string, more: Payload = {}): Payload => ({
  keyWrappingSpecification: {
    wrappingMethod: 'Encrypt',
    encryptionKeyInformation: by(id, NIST),
    attributeName: [],
    ...more,
  },
})

const get = (version: Version, id: string, more: Payload = {}, from: TestClient = client) =>
  from.call(version, 'Get', { ...of(id), ...more })

const told = async (version: Version, id: string, more: Payload, from: TestClient = client) =>
  refusal(await from.attempt(version, 'Get', { ...of(id), ...more }))

/** A key that comes wrapped, as RFC 3394 has it. */
const registerWrapped = async (version: Version, kek: string, ...attributes: readonly Attribute[]) =>
  idIn(
    await client.call(version, 'Register', {
      objectType: 'SymmetricKey',
      attributes: attributesOf(usage('Encrypt', 'Decrypt'), active, ...attributes),
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: WRAPPED,
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 128,
          keyWrappingData: {
            wrappingMethod: 'Encrypt',
            encryptionKeyInformation: by(kek, NIST),
            ...NO_ENCODING,
          },
        },
      },
    }),
  )

const MISSING = ['ItemNotFound', 'WrappingObjectNotFound'] as const

for (const version of VERSIONS) {
  void test(`1.4 §2.1.6, §4.11 / 2.1 §7.18, §6.1.19: ${version}: wrapped as TTLV by default`, async (t) => {
    const kek = await wrapper(version)
    const id = await registerKey(client, version, KEY, usage('Encrypt'))
    const { SymmetricKey } = await get(version, id, under(kek))
    t.match(SymmetricKey, {
      keyBlock: {
        keyFormatType: 'Raw',
        cryptographicAlgorithm: 'AES',
        cryptographicLength: 128,
        keyWrappingData: { wrappingMethod: 'Encrypt', encryptionKeyInformation: by(kek, NIST) },
      },
    })
    const { keyBlock } = SymmetricKey as { readonly keyBlock: { readonly keyValue: Buffer } }
    t.equal(keyBlock.keyValue.length, 8 + 8 + 16 + 8, 'headers of Key Value and Key Material, the key, and one block')
  })
}

for (const version of FAMILIES) {
  const name = (clauses: string, what: string): string => `${clauses}: ${version}: ${what}`
  const GET = '1.4 §4.11, §11.12 / 2.1 §6.1.19'

  void test(name(GET, 'No Encoding wraps the bytes of the key (RFC 3394 §4.1)'), async (t) => {
    const kek = await wrapper(version)
    const id = await registerKey(client, version, KEY, usage('Encrypt'))
    for (const operation of ['Get', 'Export'] as const) {
      const answer = await client.call(version, operation, { ...of(id), ...under(kek, NO_ENCODING) })
      t.match(answer, { SymmetricKey: { keyBlock: { keyValue: WRAPPED, keyWrappingData: NO_ENCODING } } })
    }
    t.equal(await attributeOf(client, version, id, 'Fresh'), false)
  })

  void test(name('1.4 §2.1.6 / 2.1 §7.18', 'Cryptographic Parameters are those of the wrapping key'), async (t) => {
    const id = await createKey(client, version)
    const two = await wrapper(version, ['WrapKey'], parameters({ blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }))
    const byDefault = await get(version, id, under(two, { encryptionKeyInformation: by(two) }))
    const information = { cryptographicParameters: NIST }
    t.match(byDefault, { SymmetricKey: { keyBlock: { keyWrappingData: { encryptionKeyInformation: information } } } })
    const cbc = { encryptionKeyInformation: by(two, { blockCipherMode: 'CBC' }) }
    t.match(await get(version, id, under(two, cbc)), {
      SymmetricKey: { keyBlock: { keyWrappingData: { ivCounterNonce: { length: 16 } } } },
    })
    const mismatch = inFamily(version, 'ItemNotFound', 'BadCryptographicParameters')
    const gcm = { encryptionKeyInformation: by(two, { blockCipherMode: 'GCM' }) }
    t.equal(await told(version, id, under(two, gcm)), mismatch)
    const none = await registerKey(client, version, KEK, usage('WrapKey'), active)
    t.equal(await told(version, id, under(none)), mismatch)
    t.equal(await told(version, id, under(none, { encryptionKeyInformation: by(none) })), mismatch)
  })

  void test(name('1.4 §2.1.5, §2.1.6 / 2.1 §3.3, §7.18', 'attributes are wrapped with the key'), async (t) => {
    const kek = await wrapper(version)
    const id = await createKey(client, version)
    const attributeName = ['Cryptographic Usage Mask', 'State', 'no such attribute']
    const plain = await get(version, id, under(kek))
    const more = await get(version, id, under(kek, { attributeName }))
    const length = (answer: Payload): number =>
      (answer['SymmetricKey'] as { readonly keyBlock: { readonly keyValue: Buffer } }).keyBlock.keyValue.length
    t.ok(length(more) > length(plain) + 30)
    t.equal(await told(version, id, under(kek, { attributeName, ...NO_ENCODING })), 'EncodingOptionError')
    const both = { attributeName: ['State', 'State'] }
    t.equal(await told(version, id, under(kek, both)), 'InvalidMessage', 'named twice')
  })

  void test(name(GET, 'MAC and signature, and what they leave readable'), async (t) => {
    const kek = await wrapper(version)
    const macKey = await createKey(client, version, usage('MACGenerate'), active, parameters(CMAC))
    const id = await createKey(client, version)
    const macSignatureKeyInformation = by(macKey, CMAC)
    for (const wrappingMethod of ['MACSign', 'EncryptThenMACSign', 'MACSignThenEncrypt']) {
      t.match(await get(version, id, under(kek, { wrappingMethod, macSignatureKeyInformation })), {
        SymmetricKey: {
          keyBlock: { keyWrappingData: { wrappingMethod, macSignatureKeyInformation, macSignature: { length: 16 } } },
        },
      })
      t.equal(await told(version, id, under(kek, { wrappingMethod })), 'InvalidField', 'no key for the MAC')
    }
    const sensitive = await createKey(client, version, { name: 'Sensitive', value: true })
    const mac = { wrappingMethod: 'MACSign', macSignatureKeyInformation }
    t.equal(await told(version, sensitive, under(kek, mac)), 'Sensitive')
    t.equal(await told(version, id, under(kek, mac)), 'Success')
    const wrongMask = { ...mac, macSignatureKeyInformation: by(kek, NIST) }
    t.equal(
      await told(version, id, under(kek, wrongMask)),
      inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask'),
    )
  })

  void test(name(GET, 'sensitive objects leave wrapped, others never'), async (t) => {
    const kek = await wrapper(version)
    const sensitive = await createKey(client, version, { name: 'Sensitive', value: true })
    t.equal(await told(version, sensitive, {}), 'Sensitive')
    t.match(await get(version, sensitive, under(kek)), { SymmetricKey: { keyBlock: { keyWrappingData: {} } } })
    const kept = await createKey(client, version, { name: 'Extractable', value: false })
    t.equal(await told(version, kept, under(kek)), 'NotExtractable')
  })

  void test(
    name(GET, 'the wrapping key: missing, foreign, archived, destroyed, no key, not for this, out of service'),
    async (t) => {
      const id = await createKey(client, version)
      t.equal(await told(version, id, under('nothing')), inFamily(version, ...MISSING))
      const mallory = harness.client('mallory')
      const own = await createKey(mallory, version)
      const foreign = await wrapper(version)
      t.equal(await told(version, own, under(foreign), mallory), inFamily(version, ...MISSING), 'of somebody else')
      const archived = await wrapper(version)
      await client.call(version, 'Archive', of(archived))
      t.equal(await told(version, id, under(archived)), inFamily(version, 'ObjectArchived', 'WrappingObjectArchived'))
      const spent = await wrapper(version)
      await client.call(version, 'Revoke', { ...of(spent), ...REASON })
      t.equal(await told(version, id, under(spent)), 'PermissionDenied')
      await client.call(version, 'Destroy', of(spent))
      t.equal(await told(version, id, under(spent)), inFamily(version, 'PermissionDenied', 'WrappingObjectDestroyed'))
      const early = await registerKey(client, version, KEK, usage('WrapKey'), parameters(NIST))
      t.equal(await told(version, id, under(early)), 'PermissionDenied', 'not Active yet')
      const other = await wrapper(version, ['Encrypt', 'UnwrapKey'])
      t.equal(
        await told(version, id, under(other)),
        inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask'),
      )
      const { uniqueIdentifier } = await client.call(version, 'Register', {
        objectType: 'OpaqueObject',
        attributes: attributesOf(),
        OpaqueObject: { opaqueDataType: 0x80000001, opaqueDataValue: Buffer.alloc(4) },
      })
      t.equal(
        await told(version, id, under(String(uniqueIdentifier))),
        inFamily(version, 'IllegalOperation', 'InvalidObjectType'),
      )
      t.equal(
        await told(version, String(uniqueIdentifier), under(foreign)),
        inFamily(version, 'IllegalOperation', 'InvalidObjectType'),
        'and nothing that can be wrapped',
      )
      t.equal(await told(version, foreign, under(foreign)), 'PermissionDenied', 'under itself')
      t.equal(await told(version, id, under(foreign, { encryptionKeyInformation: undefined })), 'InvalidField')
      t.equal(await told(version, id, under(foreign, { wrappingMethod: 'TR_31' })), 'FeatureNotSupported')
    },
  )

  void test(name('1.4 §3.21 / 2.1 §4.59', 'wrapping is a use that counts'), async (t) => {
    const limits = { usageLimitsTotal: 2n, usageLimitsUnit: 'Object' } as const
    const kek = await wrapper(version, ['WrapKey'], { name: 'UsageLimits', value: limits })
    const id = await createKey(client, version)
    await get(version, id, under(kek))
    await get(version, id, under(kek))
    t.equal(await told(version, id, under(kek)), 'PermissionDenied')
    t.match(await attributeOf(client, version, kek, 'UsageLimits'), { usageLimitsCount: 0n })
  })

  void test(name('1.4 §9.1.3.2.48 / 2.1 §6.1.19, §11.29', 'Key Wrap Type of a key that came wrapped'), async (t) => {
    const kek = await wrapper(version)
    const id = await registerWrapped(version, kek)
    for (const more of [{}, { keyWrapType: 'AsRegistered' }]) {
      t.match(await get(version, id, more), { SymmetricKey: { keyBlock: { keyValue: WRAPPED, keyWrappingData: {} } } })
    }
    const clear = await get(version, id, { keyWrapType: 'NotWrapped' })
    t.match(clear, { SymmetricKey: { keyBlock: { keyValue: { keyMaterial: KEY }, cryptographicLength: 128 } } })
    t.equal(
      (clear['SymmetricKey'] as { readonly keyBlock: Payload }).keyBlock['keyWrappingData'],
      undefined,
      'nothing is left of the wrapping',
    )
    const anew = await wrapper(version)
    const again = await get(version, id, under(anew, NO_ENCODING))
    t.match(again, { SymmetricKey: { keyBlock: { keyWrappingData: { encryptionKeyInformation: by(anew, NIST) } } } })
    t.equal(
      await told(version, id, { ...under(anew), keyWrapType: 'AsRegistered' }),
      inFamily(version, 'FeatureNotSupported', 'KeyWrapTypeNotSupported'),
    )
    const transparent = { keyWrapType: 'NotWrapped', keyFormatType: 'TransparentSymmetricKey' }
    t.match(await get(version, id, transparent), {
      SymmetricKey: { keyBlock: { keyValue: { keyMaterial: { key: KEY } } } },
    })
  })

  void test(name('1.4 §3.48 / 2.1 §4.55', 'a sensitive key that came wrapped goes wrapped only'), async (t) => {
    const kek = await wrapper(version)
    const id = await registerWrapped(version, kek, { name: 'Sensitive', value: true })
    t.match(await get(version, id), { SymmetricKey: { keyBlock: { keyValue: WRAPPED } } })
    t.equal(await told(version, id, { keyWrapType: 'NotWrapped' }), 'Sensitive')
  })

  void test(name('1.4 §4.3, §4.29 / 2.1 §6.1.43, §6.1.17', 'a wrapped key is used by unwrapping it'), async (t) => {
    const kek = await wrapper(version)
    const id = await registerWrapped(version, kek)
    const clear = await registerKey(client, version, KEY, usage('Encrypt'), active)
    const request = { cryptographicParameters: { blockCipherMode: 'ECB' }, data: randomBytes(32) }
    const encrypt = (key: string) => client.attempt(version, 'Encrypt', { ...of(key), ...request })
    t.same((await encrypt(id)).payload['ciphertext'], (await encrypt(clear)).payload['ciphertext'])
    const links = await attributeOf(client, '2.1', id, 'Link')
    t.match(links, { linkType: 'WrappingKeyLink', linkedObjectIdentifier: byId(kek) })
    t.equal(await attributeOf(client, '1.4', id, 'Link'), undefined, '1.4 has no such link')
    await client.call(version, 'Revoke', { ...of(kek), ...REASON })
    t.equal(refusal(await encrypt(id)), 'Success', 'what is out of service still opens')
    await client.call(version, 'Destroy', of(kek))
    t.equal(refusal(await encrypt(id)), inFamily(version, 'PermissionDenied', 'WrappingObjectDestroyed'))
    const gone = { keyWrapType: 'NotWrapped' }
    t.equal(await told(version, id, gone), inFamily(version, 'PermissionDenied', 'WrappingObjectDestroyed'))
    const closed = await registerWrapped(version, await wrapper(version, ['WrapKey']))
    t.equal(
      await told(version, closed, gone),
      inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask'),
    )
  })

  void test(name('1.4 §4.41 / 2.1 §6.1.25', 'Import unwraps where the client wants it'), async (t) => {
    const kek = await wrapper(version)
    const importing = (id: string, keyWrapType: string | undefined, keyValue: Buffer, key = kek): Payload => ({
      uniqueIdentifier: id,
      objectType: 'SymmetricKey',
      keyWrapType,
      attributes: [usage('Encrypt')],
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue,
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 128,
          keyWrappingData: { wrappingMethod: 'Encrypt', encryptionKeyInformation: by(key, NIST), ...NO_ENCODING },
        },
      },
    })
    const clear = `clear ${version}`
    await client.call(version, 'Import', importing(clear, 'NotWrapped', WRAPPED))
    t.match(await get(version, clear), { SymmetricKey: { keyBlock: { keyValue: { keyMaterial: KEY } } } })
    const kept = `kept ${version}`
    await client.call(version, 'Import', importing(kept, 'AsRegistered', WRAPPED))
    t.match(await get(version, kept), { SymmetricKey: { keyBlock: { keyValue: WRAPPED } } })
    const refused = async (request: Payload) => refusal(await client.attempt(version, 'Import', request))
    t.equal(await refused(importing('x', 'NotWrapped', WRAPPED, 'nothing')), inFamily(version, ...MISSING))
    t.equal(await refused(importing('x', 'NotWrapped', randomBytes(24))), 'CryptographicFailure')
  })

  void test(name('1.4 §2.1.5 / 2.1 §3.3', 'keys that wrap each other open nothing'), async (t) => {
    const circular = (id: string, key: string): Payload => ({
      uniqueIdentifier: id,
      attributes: [usage('WrapKey', 'UnwrapKey'), active, parameters(NIST)],
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: WRAPPED,
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 128,
          keyWrappingData: { wrappingMethod: 'Encrypt', encryptionKeyInformation: by(key, NIST), ...NO_ENCODING },
        },
      },
    })
    const [a, b] = [`a ${version}`, `b ${version}`]
    const kek = await wrapper(version)
    await client.call(version, 'Import', circular(a, kek))
    await client.call(version, 'Import', circular(b, a))
    await client.call(version, 'Import', { ...circular(a, b), replaceExisting: true })
    t.equal(await told(version, a, { keyWrapType: 'NotWrapped' }), 'PermissionDenied')
    t.equal(await told(version, await createKey(client, version), under(a)), 'PermissionDenied')
    const chained = `c ${version}`
    await client.call(version, 'Import', circular(chained, kek))
    t.equal(await told(version, kek, under(chained)), 'PermissionDenied', 'the key that wraps the wrapping key')
  })
}
