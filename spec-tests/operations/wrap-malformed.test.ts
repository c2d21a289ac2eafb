import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { TAG } from '../../src/protocol/tags.ts'
import type { Version } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { active, createKey, FAMILIES, inFamily, of, openServer, refusal, registerKey, usage } from '../helpers/calls.ts'
import { decodeResponse, encodeRequest, type Item } from '../helpers/messages.ts'

/* Key Wrapping Specification and Key Wrapping Data (1.4 sections 2.1.5 and 2.1.6, 2.1 sections 3.3 and 7.18) out of shape. */

const { client } = await openServer()

type TagName = keyof typeof TAG
type Edit = (tag: number, type: number, body: Buffer) => readonly (readonly [type: number, body: Buffer])[] | undefined

const written = (tag: number, type: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUIntBE(tag, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt32BE(body.length, 4)
  const padding = type === ITEM_TYPE.Structure ? 0 : (8 - (body.length % 8)) % 8
  return Buffer.concat([header, body, Buffer.alloc(padding)])
}

/** Encoded items with other items in the place of some; the lengths around them are made right. */
const edited = (bytes: Buffer, edit: Edit): Buffer => {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes.readUIntBE(at, 3)
    const type = bytes.readUInt8(at + 3)
    const length = bytes.readUInt32BE(at + 4)
    const body = bytes.subarray(at + 8, at + 8 + length)
    const items = edit(tag, type, body) ?? [[type, type === ITEM_TYPE.Structure ? edited(body, edit) : body] as const]
    parts.push(...items.map(([otherType, otherBody]) => written(tag, otherType, otherBody)))
    at += 8 + Math.ceil(length / 8) * 8
  }
  return Buffer.concat(parts)
}

/** What a request is told with an item changed, inside structures of that tag only. */
const told = async (version: Version, item: Item, within: TagName, edit: Edit): Promise<string> => {
  const message = edited(encodeRequest(version, [item]), (tag, type, body) =>
    tag === TAG[within] ? [[type, edited(body, edit)]] : undefined,
  )
  const [result] = decodeResponse((await client.raw(message)).bytes, version)
  return result === undefined ? 'no item' : refusal(result)
}

const dropped =
  (name: TagName): Edit =>
  (tag) =>
    tag === TAG[name] ? [] : undefined

const doubled =
  (name: TagName): Edit =>
  (tag, type, body) =>
    tag === TAG[name]
      ? [
          [type, body],
          [type, body],
        ]
      : undefined

const retyped =
  (name: TagName): Edit =>
  (tag, type, body) =>
    tag === TAG[name]
      ? [[type === ITEM_TYPE.ByteString ? ITEM_TYPE.BigInteger : ITEM_TYPE.ByteString, body]]
      : undefined

const NIST = { blockCipherMode: 'NISTKeyWrap' } as const
const information = (uniqueIdentifier: string) => ({ uniqueIdentifier, cryptographicParameters: NIST })

for (const version of FAMILIES) {
  const kek = await registerKey(
    client,
    version,
    randomBytes(16),
    usage('WrapKey', 'UnwrapKey', 'MACGenerate'),
    active,
    {
      name: 'CryptographicParameters',
      value: NIST,
    },
  )
  const id = await createKey(client, version)
  const getting: Item = {
    operation: 'Get',
    request: {
      ...of(id),
      keyWrappingSpecification: {
        wrappingMethod: 'Encrypt',
        encryptionKeyInformation: information(kek),
        macSignatureKeyInformation: information(kek),
        attributeName: ['State'],
        encodingOption: 'TTLVEncoding',
      },
    },
  }
  const registering: Item = {
    operation: 'Register',
    request: {
      objectType: 'SymmetricKey',
      attributes: { templates: [], attributes: [usage('Encrypt')] },
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: randomBytes(24),
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 128,
          keyWrappingData: {
            wrappingMethod: 'EncryptThenMACSign',
            encryptionKeyInformation: information(kek),
            macSignatureKeyInformation: information(kek),
            macSignature: randomBytes(16),
            ivCounterNonce: randomBytes(16),
            encodingOption: 'NoEncoding',
          },
        },
      },
    },
  }

  void test(`1.4 §2.1.6 / 2.1 §7.18: ${version}: Key Wrapping Specification out of shape`, async (t) => {
    const within = 'KeyWrappingSpecification'
    t.equal(await told(version, getting, within, () => undefined), 'Success')
    for (const name of ['WrappingMethod', 'UniqueIdentifier'] as const) {
      t.equal(await told(version, getting, within, dropped(name)), 'InvalidMessage', `without ${name}`)
    }
    t.equal(await told(version, getting, within, dropped('EncryptionKeyInformation')), 'InvalidField', 'no key')
    for (const name of ['WrappingMethod', 'EncryptionKeyInformation', 'UniqueIdentifier', 'EncodingOption'] as const) {
      t.equal(await told(version, getting, within, doubled(name)), 'InvalidMessage', `twice ${name}`)
      t.equal(await told(version, getting, within, retyped(name)), 'InvalidMessage', `${name} of another type`)
    }
    const strange = (tag: number, type: number) =>
      tag === TAG.WrappingMethod ? ([[type, Buffer.from('00000063', 'hex')]] as const) : undefined
    const unknown = inFamily(version, 'InvalidField', 'UnknownEnumeration')
    t.equal(await told(version, getting, within, strange), unknown, 'a Wrapping Method that nobody knows')
  })

  void test(`1.4 §2.1.5 / 2.1 §3.3: ${version}: Key Wrapping Data out of shape`, async (t) => {
    const within = 'KeyWrappingData'
    t.equal(await told(version, registering, within, () => undefined), 'Success')
    for (const name of ['WrappingMethod', 'UniqueIdentifier'] as const) {
      t.equal(await told(version, registering, within, dropped(name)), 'InvalidMessage', `without ${name}`)
    }
    for (const name of ['WrappingMethod', 'MACSignature', 'IVCounterNonce', 'EncodingOption'] as const) {
      t.equal(await told(version, registering, within, doubled(name)), 'InvalidMessage', `twice ${name}`)
      t.equal(await told(version, registering, within, retyped(name)), 'InvalidMessage', `${name} of another type`)
    }
    t.equal(await told(version, registering, 'KeyBlock', dropped('KeyWrappingData')), 'InvalidField', 'none at all')
    t.equal(
      await told(version, registering, 'KeyBlock', dropped('KeyValue')),
      'InvalidField',
      'nothing that is wrapped',
    )
  })
}
