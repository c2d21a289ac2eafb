import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { readPkcs12 } from '../../src/keystore/software/pkcs12/read.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { LinkType, SecretDataType } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  active,
  attributeOf,
  attributesOf,
  idIn,
  inFamily,
  of,
  openServer,
  refusal,
  usage,
  link,
} from '../helpers/calls.ts'
import type { Payload, TestClient } from '../helpers/harness.ts'

const { client, harness } = await openServer()

type Fixture = {
  readonly password: string
  readonly publicKey: string
  readonly containers: Readonly<Record<'modern' | 'iter', string>>
}

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/pkcs12.json'), 'utf8')) as Fixture
const container = Buffer.from(fixture.containers.modern, 'base64')

const registerSecret = async (
  version: Version,
  from: TestClient,
  secretDataType: SecretDataType,
  ...attributes: readonly Attribute[]
) =>
  idIn(
    await from.call(version, 'Register', {
      objectType: 'SecretData',
      attributes: attributesOf(usage('DeriveKey'), ...attributes),
      SecretData: {
        secretDataType,
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: { keyMaterial: Buffer.from(fixture.password), attributes: [] },
        },
      },
    }),
  )

const password = (version: Version, from = client, ...attributes: readonly Attribute[]) =>
  registerSecret(version, from, 'Password', active, ...attributes)

const registering = (keyMaterial: Buffer, ...attributes: readonly Attribute[]): Payload => ({
  objectType: 'PrivateKey',
  attributes: attributesOf(usage('Sign'), ...attributes),
  PrivateKey: { keyBlock: { keyFormatType: 'PKCS_12', keyValue: { keyMaterial, attributes: [] } } },
})

const linksOf = async (id: string): Promise<ReadonlyMap<LinkType | number, string>> => {
  const request = { ...of(id), attributes: [{ name: 'Link' }] }
  const { attributes } = await client.call('2.1', 'GetAttributes', request)
  return new Map(
    (attributes as readonly Attribute[]).flatMap((attribute) => {
      if (attribute.name !== 'Link' || attribute.value.linkedObjectIdentifier.by !== 'id') return []
      return [[attribute.value.linkType, attribute.value.linkedObjectIdentifier.id] as const]
    }),
  )
}

const BAD_PASSWORD = ['InvalidField', 'BadPassword'] as const

for (const version of ['1.4', '2.0', '2.1'] as const) {
  const name = (what: string): string => `1.4 §3.45, §4.3, §4.11 / 2.1 §4.39, §6.1.43, §6.1.19: ${version}: ${what}`

  const bytesIn = (payload: Payload): Buffer => {
    const { keyBlock } = payload['PrivateKey'] as { readonly keyBlock: { readonly keyValue: unknown } }
    const { keyValue } = keyBlock
    if (version !== '1.4') return (keyValue as { readonly keyMaterial: Buffer }).keyMaterial
    return keyValue as Buffer
  }

  void test(name('a key is taken out of its container and put into one'), async (t) => {
    const secret = await password(version)
    const id = idIn(await client.call(version, 'Register', registering(container, link('PKCS_12PasswordLink', secret))))
    t.equal(await attributeOf(client, version, id, 'PKCS_12FriendlyName'), 'Alias', 'what the container calls it')
    t.equal(await attributeOf(client, version, id, 'CryptographicAlgorithm'), 'EC')
    const plain = await client.call(version, 'Get', of(id))
    t.match(plain, { PrivateKey: { keyBlock: { keyFormatType: 'PKCS_8', cryptographicLength: 256 } } })
    const certificate = (await linksOf(id)).get('PKCS_12CertificateLink') ?? ''
    t.equal(await attributeOf(client, version, certificate, 'PKCS_12FriendlyName'), 'Alias')
    const root = (await linksOf(certificate)).get('CertificateLink') ?? ''
    t.match(await attributeOf(client, '2.1', root, 'CertificateSubjectCN'), 'Root')
    for (const operation of ['Get', 'Export'] as const) {
      const answer = await client.call(version, operation, { ...of(id), keyFormatType: 'PKCS_12' })
      const opened = await readPkcs12(bytesIn(answer), fixture.password, 'alias')
      const publicKey = createPublicKey(opened.privateKey).export({ format: 'der', type: 'spki' })
      t.equal(publicKey.toString('base64'), fixture.publicKey, operation)
      t.equal(opened.certificates.length, 2, 'with its chain')
    }
  })

  void test(name('a container that is the Key Value itself'), async (t) => {
    const request = registering(container, link('PKCS_12PasswordLink', await password(version)))
    const PrivateKey = { keyBlock: { keyFormatType: 'PKCS_12', keyValue: container } }
    t.equal(refusal(await client.attempt(version, 'Register', { ...request, PrivateKey })), 'Success')
  })

  void test(
    name('the password: none, several, foreign, no Secret Data, no Password, wrong, out of service'),
    async (t) => {
      const told = async (from: TestClient, ...attributes: readonly Attribute[]) =>
        refusal(await from.attempt(version, 'Register', registering(container, ...attributes)))
      const bad = inFamily(version, ...BAD_PASSWORD)
      const good = await password(version)
      t.equal(await told(client), bad, 'none')
      const two = [link('PKCS_12PasswordLink', good), link('PKCS_12PasswordLink', await password(version))]
      t.equal(await told(client, ...two), bad, 'several')
      t.equal(await told(harness.client('mallory'), link('PKCS_12PasswordLink', good)), bad, 'of somebody else')
      t.equal(await told(client, link('PKCS_12PasswordLink', 'nothing')), bad, 'missing')
      const seed = await registerSecret(version, client, 'Seed', active)
      t.equal(await told(client, link('PKCS_12PasswordLink', seed)), bad, 'no Password')
      const key = idIn(
        await client.call(version, 'Register', registering(container, link('PKCS_12PasswordLink', good))),
      )
      t.equal(await told(client, link('PKCS_12PasswordLink', key)), bad, 'no Secret Data')
      const early = await registerSecret(version, client, 'Password')
      const state = inFamily(version, 'InvalidField', 'WrongKeyLifecycleState')
      t.equal(await told(client, link('PKCS_12PasswordLink', early)), state, 'not Active')
      t.equal(
        refusal(
          await client.attempt(
            version,
            'Register',
            registering(Buffer.from(fixture.containers.iter, 'base64'), link('PKCS_12PasswordLink', good)),
          ),
        ),
        'FeatureNotSupported',
        'too many iterations',
      )
      const away = await password(version)
      await client.call(version, 'Archive', of(away))
      t.equal(await told(client, link('PKCS_12PasswordLink', away)), 'ObjectArchived')
      const damaged = Buffer.from(container)
      damaged.writeUInt8(damaged.readUInt8(400) ^ 1, 400)
      const request = registering(damaged, link('PKCS_12PasswordLink', good))
      t.equal(refusal(await client.attempt(version, 'Register', request)), bad, 'damage is told as a wrong password')
      const asked = { ...of(key), keyFormatType: 'PKCS_12' }
      await client.call(version, 'Archive', of(good))
      t.equal(refusal(await client.attempt(version, 'Get', asked)), 'ObjectArchived')
    },
  )

  void test(name('a sensitive key is in no container'), async (t) => {
    const given = [link('PKCS_12PasswordLink', await password(version)), { name: 'Sensitive', value: true } as const]
    const id = idIn(await client.call(version, 'Register', registering(container, ...given)))
    const asked = { ...of(id), keyFormatType: 'PKCS_12' }
    t.equal(refusal(await client.attempt(version, 'Get', asked)), 'Sensitive')
  })

  void test(name('a certificate chain without an end, or with two'), async (t) => {
    const given = link('PKCS_12PasswordLink', await password(version))
    const id = idIn(await client.call(version, 'Register', registering(container, given)))
    const certificate = (await linksOf(id)).get('PKCS_12CertificateLink') ?? ''
    const root = (await linksOf(certificate)).get('CertificateLink') ?? ''
    const asked = { ...of(id), keyFormatType: 'PKCS_12' }
    const add = (from: string, attribute: Attribute) => client.call(version, 'AddAttribute', { ...of(from), attribute })
    await add(root, link('CertificateLink', root))
    t.equal(refusal(await client.attempt(version, 'Get', asked)), 'Success', 'a root may link to itself')
    await add(certificate, link('CertificateLink', 'another'))
    t.equal(refusal(await client.attempt(version, 'Get', asked)), 'InvalidField', 'two')
    await client.call(version, 'Destroy', of(root))
    t.equal(refusal(await client.attempt(version, 'Get', asked)), 'InvalidField')
  })
}
