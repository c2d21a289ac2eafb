import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { t as file, test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { DRAFT_VERSION } from '../../src/schema/version.ts'
import { attributeOf, attributesOf, createKey, idIn, link, named, of, refusal } from '../helpers/calls.ts'
import { createHarness, type ItemResult, type Payload } from '../helpers/harness.ts'

/* Users, groups and credentials that are managed objects (3.0 sections 2.1, 6.1.9, 6.1.10 and 6.1.13). */

const harness = await createHarness({ draft: true })
file.teardown(() => harness.close())
const admin = harness.client('root', 'admin')
const client = harness.client()

let counter = 0
const nextName = (): string => `user ${(counter += 1)}`

const createCredential = async (credentialType: string, contents: Payload): Promise<string> =>
  idIn(
    await admin.call(DRAFT_VERSION, 'CreateCredential', {
      credentialType,
      attributes: attributesOf(),
      ...contents,
    }),
  )

const createUser = async (name: string, ...credentials: readonly string[]): Promise<string> =>
  idIn(
    await admin.call(DRAFT_VERSION, 'CreateUser', {
      attributes: attributesOf(named(name), ...credentials.map((id) => link('CredentialLink', id))),
    }),
  )

type Shown = { readonly credentialType: string; readonly credentialValue: Payload }

/** What a message is answered that shows a credential: it makes a key. */
const act = async (shown: Shown, version: '2.1' | '3.0' = '2.1', from = client): Promise<ItemResult> => {
  const request = {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: 128 },
      { name: 'CryptographicUsageMask', value: 4 },
    ),
  }
  const [result] = await from.batch(version, [{ operation: 'Create', request }], {
    header: { authentication: { credentials: [shown] } },
  })
  if (result === undefined) throw new Error('no answer')
  return result
}

const byPassword = (username: string, password: string): Shown => ({
  credentialType: 'UsernameAndPassword',
  credentialValue: { username, password },
})

const NOT = 'AuthenticationNotSuccessful'

void test('3.0 §6.1.13: a user is known by the password that it links to, and what it makes is its own', async (t) => {
  const name = nextName()
  const user = await createUser(name, await createCredential('Password', { password: { password: 'secret' } }))
  for (const version of ['2.1', '3.0'] as const) {
    const made = await act(byPassword(name, 'secret'), version)
    const id = idIn(made.payload)
    t.equal(refusal(await client.attempt('2.1', 'Get', of(id))), 'ObjectNotFound', 'it is not of who is connected')
    t.equal(refusal(await act(byPassword(name, 'wrong'), version)), NOT)
  }
  t.equal(await attributeOf(admin, DRAFT_VERSION, user, 'ObjectClass'), 'System')
  t.equal(await attributeOf(admin, DRAFT_VERSION, user, 'State'), 'Active')
})

void test('3.0 §2.1.1: who or what is out of force lets nobody in from the next message on', async (t) => {
  const reason = { revocationReason: { revocationReasonCode: 'CessationOfOperation' } }
  const cases: readonly (readonly [
    what: 'user' | 'credential',
    operation: 'Revoke' | 'Deactivate',
    request: Payload,
  ])[] = [
    ['user', 'Revoke', reason],
    ['credential', 'Revoke', reason],
    ['user', 'Deactivate', {}],
    ['credential', 'Deactivate', { deactivationReason: { deactivationReasonCode: 'Unspecified' } }],
  ]
  for (const [what, operation, request] of cases) {
    const name = nextName()
    const credential = await createCredential('Password', { password: { password: 'secret' } })
    const user = await createUser(name, credential)
    t.equal(refusal(await act(byPassword(name, 'secret'))), 'Success')
    await admin.call(DRAFT_VERSION, operation, { ...of(what === 'user' ? user : credential), ...request })
    const answer = await act(byPassword(name, 'secret'))
    // Of a user that is not there the certificate decides, as of any name that nobody knows.
    if (what === 'credential') t.equal(refusal(answer), NOT, operation)
    else t.equal(await ownerSees(idIn(answer.payload)), true, operation)
  }
})

const ownerSees = async (id: string): Promise<boolean> =>
  refusal(await client.attempt('2.1', 'GetAttributes', { ...of(id), attributes: [] })) === 'Success'

void test('3.0 §2.1.3: a Salted Password is checked with its algorithm', async (t) => {
  const name = nextName()
  const passwordSalt = Buffer.from('0123456789abcdef', 'hex')
  const password = {
    passwordSalt,
    passwordSaltAlgorithm: 'HMAC_SHA256',
    saltedPassword: pbkdf2Sync('salted', passwordSalt, 1000, 32, 'sha256'),
    iterationCount: 1000,
  }
  await createUser(name, await createCredential('Password', { password }))
  t.equal(refusal(await act(byPassword(name, 'salted'))), 'Success')
  t.equal(refusal(await act(byPassword(name, 'other'))), NOT)
})

const hotp = (seed: Buffer, step: number, digits = 6, hash = 'sha1'): string => {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(hash, seed).update(message).digest()
  const at = (mac.at(-1) ?? 0) & 0xf
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}

const byOneTime = (username: string, oneTimePassword: string, password?: string): Shown => ({
  credentialType: 'OneTimePassword',
  credentialValue: { username, oneTimePassword, password },
})

void test('3.0 §2.1.3 / RFC 4226: HOTP, with the values of its appendix D, each good once', async (t) => {
  const name = nextName()
  const otpSeed = Buffer.from('12345678901234567890')
  const APPENDIX_D = [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ]
  t.strictSame(
    APPENDIX_D,
    APPENDIX_D.map((_, step) => hotp(otpSeed, step)),
  )
  await createUser(name, await createCredential('OneTimePassword', { otp: { otpAlgorithm: 'HOTP', otpSeed } }))
  t.equal(refusal(await act(byOneTime(name, '755224'))), 'Success')
  t.equal(refusal(await act(byOneTime(name, '755224'))), NOT, 'a replay')
  t.equal(refusal(await act(byOneTime(name, '969429'))), 'Success', 'some may have been lost')
  t.equal(refusal(await act(byOneTime(name, '287082'))), NOT, 'what is behind is over')
  t.equal(refusal(await act(byPassword(name, '338314'))), NOT, 'a password is not enough')
  harness.clock.advance(600)
  t.equal(refusal(await act(byOneTime(name, hotp(otpSeed, 40)))), NOT, 'too far ahead')
  harness.clock.advance(600)
  t.equal(refusal(await act(byOneTime(name, '338314'))), 'Success')
})

void test('3.0 §2.1.3 / RFC 6238: TOTP in another form, and with a password besides', async (t) => {
  const name = nextName()
  const otpSeed = Buffer.from('12345678901234567890123456789012')
  const otp = { otpAlgorithm: 'TOTP', otpDigest: 'HMAC_SHA256', otpSeed, otpInterval: 60, otpDigits: 8 }
  await createUser(
    name,
    await createCredential('OneTimePassword', { otp }),
    await createCredential('Password', { password: { password: 'secret' } }),
  )
  const now = () => hotp(otpSeed, Math.floor(harness.clock.now() / 60), 8, 'sha256')
  t.equal(refusal(await act(byOneTime(name, now()))), NOT, 'without the password')
  t.equal(refusal(await act(byOneTime(name, now(), 'wrong'))), NOT)
  t.equal(refusal(await act(byOneTime(name, now(), 'secret'))), 'Success')
  t.equal(refusal(await act(byOneTime(name, now(), 'secret'))), NOT, 'a replay')
  harness.clock.advance(120)
  t.equal(refusal(await act(byOneTime(name, now(), 'secret'))), 'Success')
})

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

void test('3.0 §2.1.3, §9.9: a Hashed Password, made of hashes or of the password', async (t) => {
  const hashes = (name: string) => ({
    hashed: { hashedUsernamePassword: sha256(name, 'secret'), hashedPasswordUsername: sha256('secret', name) },
  })
  for (const kind of ['HashedPassword', 'Password'] as const) {
    const name = nextName()
    const contents = kind === 'HashedPassword' ? hashes(name) : { password: { password: 'secret' } }
    await createUser(name, await createCredential(kind, contents))
    const timestamp = BigInt(harness.clock.now()) * 1_000_000n
    const time = Buffer.alloc(8)
    time.writeBigInt64BE(timestamp)
    const hashedPassword = Buffer.concat([sha256(sha256(name, 'secret'), time), sha256('secret', name)])
    const shown = { credentialType: 'HashedPassword', credentialValue: { username: name, timestamp, hashedPassword } }
    t.equal(refusal(await act(shown)), 'Success', kind)
    t.equal(refusal(await act(shown)), NOT, `${kind}: a replay`)
    t.equal(refusal(await act(byPassword(name, 'secret'))), 'Success', `${kind}: the password itself`)
  }
})

void test('3.0 §2.1.3: a device is known by its identifiers', async (t) => {
  const device = { deviceSerialNumber: 'serial', machineIdentifier: 'machine' }
  await createUser(nextName(), await createCredential('Device', { device }))
  const shown = (credentialValue: Payload): Shown => ({ credentialType: 'Device', credentialValue })
  const made = await act(shown(device))
  t.equal(await ownerSees(idIn(made.payload)), false, 'it is the device’s own')
  const other = await act(shown({ deviceSerialNumber: 'other' }))
  t.equal(await ownerSees(idIn(other.payload)), true, 'nobody knows that one')
})

void test('3.0 §6.1.9: what nobody could be known by is refused', async (t) => {
  const attempt = async (credentialType: string, contents: Payload, from = admin) =>
    refusal(
      await from.attempt(DRAFT_VERSION, 'CreateCredential', {
        credentialType,
        attributes: attributesOf(),
        ...contents,
      }),
    )
  const password = { password: 'secret' }
  const otpSeed = Buffer.alloc(20, 1)
  const cases: readonly (readonly [string, Payload, string])[] = [
    ['Password', {}, 'InvalidMessage'],
    ['Password', { password: {} }, 'InvalidField'],
    ['Password', { password: { password: '' } }, 'InvalidField'],
    ['Password', { password: { ...password, saltedPassword: Buffer.alloc(32) } }, 'InvalidField'],
    ['Password', { password: { saltedPassword: Buffer.alloc(32) } }, 'InvalidField'],
    ['Password', { password, device: { deviceIdentifier: 'a' } }, 'InvalidField'],
    ['Device', { device: {} }, 'InvalidField'],
    ['Device', { password }, 'InvalidMessage'],
    ['OneTimePassword', { otp: { otpAlgorithm: 'HOTP' } }, 'InvalidField'],
    ['OneTimePassword', { otp: { otpAlgorithm: 'HOTP', otpSeed: Buffer.alloc(15) } }, 'InvalidField'],
    ['OneTimePassword', { otp: { otpAlgorithm: 'HOTP', otpSeed, otpDigits: 5 } }, 'InvalidField'],
    ['OneTimePassword', { otp: { otpAlgorithm: 'TOTP', otpSeed, otpInterval: 0 } }, 'InvalidField'],
    ['OneTimePassword', { otp: { otpAlgorithm: 'TOTP', otpSeed, otpDigest: 'AES' } }, 'InvalidField'],
    [
      'HashedPassword',
      { hashed: { hashedUsernamePassword: Buffer.alloc(31), hashedPasswordUsername: Buffer.alloc(32) } },
      'InvalidField',
    ],
    ['Ticket', { password }, 'InvalidField'],
    ['Certificate', {}, 'InvalidMessage'],
    ['Certificate', { certificate: { certificateType: 'X_509', certificateValue: Buffer.from('no') } }, 'InvalidField'],
  ]
  for (const [type, contents, reason] of cases) t.equal(await attempt(type, contents), reason, type)
  t.equal(await attempt('Password', { password }, client), 'PermissionDenied', 'an administrator’s affair')
})

void test('3.0 §6.1.10, §6.1.13: users and groups need a Name, and users credentials', async (t) => {
  const attempt = async (operation: 'CreateUser' | 'CreateGroup', from = admin, ...given: readonly Attribute[]) =>
    refusal(await from.attempt(DRAFT_VERSION, operation, { attributes: attributesOf(...given) }))
  for (const operation of ['CreateUser', 'CreateGroup'] as const) {
    t.equal(await attempt(operation, admin), 'InvalidField')
    t.equal(await attempt(operation, client, named(nextName())), 'PermissionDenied')
    const name = nextName()
    t.equal(await attempt(operation, admin, named(name)), 'Success')
    t.equal(await attempt(operation, admin, named(name)), 'NonUniqueNameAttribute')
  }
  const key = await createKey(admin, '2.1')
  t.equal(await attempt('CreateUser', admin, named(nextName()), link('CredentialLink', key)), 'InvalidObjectType')
  t.equal(await attempt('CreateUser', admin, named(nextName()), link('CredentialLink', 'nowhere')), 'ItemNotFound')
})

void test('3.0 §2.1: nothing of them is handed out, and clients do not come upon them', async (t) => {
  const credential = await createCredential('Password', { password: { password: 'hidden' } })
  const user = await createUser(nextName(), credential)
  for (const id of [credential, user]) {
    for (const operation of ['Get', 'Export'] as const)
      t.equal(refusal(await admin.attempt(DRAFT_VERSION, operation, of(id))), 'InvalidObjectType')
    t.equal(
      refusal(await client.attempt(DRAFT_VERSION, 'GetAttributes', { ...of(id), attributes: [] })),
      'ItemNotFound',
    )
  }
  t.equal(await attributeOf(admin, DRAFT_VERSION, credential, 'Digest'), undefined, 'by which it could be guessed')
  t.equal(await attributeOf(admin, DRAFT_VERSION, credential, 'CredentialType'), 'Password')
  const located = async (more: Payload) =>
    (await admin.call(DRAFT_VERSION, 'Locate', { filters: [], ...more }))['uniqueIdentifiers'] as readonly string[]
  t.notOk((await located({})).includes(user))
  t.ok((await located({ objectClassMask: 2 })).includes(user))
  for (const objectType of ['User', 'Group', 'PasswordCredential'] as const) {
    const request = { objectType, attributes: attributesOf() }
    t.not(
      refusal(await admin.attempt(DRAFT_VERSION, 'Create', request)),
      'Success',
      'they are made by their own operations',
    )
    t.not(refusal(await admin.attempt(DRAFT_VERSION, 'Register', request)), 'Success')
  }
})

void test('3.0 §4.35: a Group Link by reference is the Name of the group', async (t) => {
  const name = nextName()
  await admin.call(DRAFT_VERSION, 'CreateGroup', { attributes: attributesOf(named(name)) })
  const id = await createKey(admin, DRAFT_VERSION, { name: 'ObjectGroup', value: name })
  t.equal(await attributeOf(admin, '2.1', id, 'ObjectGroup'), name)
})

// Deactivate and Obliterate ---------------------------------------------------------------------------------------------

void test('3.0 §6.1.14: Deactivate takes an Active object out of service, now or later', async (t) => {
  const now = harness.clock.now()
  const active = { name: 'ActivationDate', value: now - 10 } as const
  const tell = async (id: string, more: Payload = {}, from = client) =>
    refusal(await from.attempt(DRAFT_VERSION, 'Deactivate', { ...of(id), ...more }))
  const id = await createKey(client, '2.1', active)
  t.equal(await tell(id, { deactivationDate: now - 5 }), 'InvalidField')
  t.equal(await tell(id, {}, harness.client('mallory')), 'ItemNotFound')
  t.equal(
    await tell(id, { deactivationReason: { deactivationReasonCode: 'UsageLimit', deactivationMessage: 'x' } }),
    'Success',
  )
  t.equal(await attributeOf(client, '2.1', id, 'State'), 'Deactivated')
  t.match(await attributeOf(client, DRAFT_VERSION, id, 'DeactivationReason'), { deactivationReasonCode: 'UsageLimit' })
  t.equal(await tell(id), 'WrongKeyLifecycleState', 'once')
  t.equal(await tell(await createKey(client, '2.1')), 'WrongKeyLifecycleState', 'not before it is Active')
  const later = await createKey(client, '2.1', active)
  t.equal(await tell(later, { deactivationDate: now + 3600 }), 'Success')
  t.equal(await attributeOf(client, '2.1', later, 'State'), 'Active')
  const archived = await createKey(client, '2.1', active)
  await client.call('2.1', 'Archive', of(archived))
  t.equal(await tell(archived), 'ObjectArchived')
})

void test('3.0 §6.1.39: what is obliterated never was, for nobody', async (t) => {
  const tell = async (operation: 'Obliterate' | 'Get' | 'Destroy' | 'GetAttributes', id: string, from = client) =>
    refusal(await from.attempt(DRAFT_VERSION, operation, { ...of(id), attributes: [] }))
  const name = nextName()
  const id = await createKey(client, '2.1', named(name))
  t.equal(await tell('Obliterate', id, harness.client('mallory')), 'ItemNotFound')
  t.equal(await tell('Obliterate', id), 'Success')
  for (const from of [client, admin])
    for (const operation of ['Get', 'GetAttributes', 'Destroy', 'Obliterate'] as const)
      t.equal(await tell(operation, id, from), 'ItemNotFound', operation)
  t.ok(await createKey(client, '2.1', named(name)), 'its Name is free')
  const active = await createKey(client, '2.1', { name: 'ActivationDate', value: harness.clock.now() - 1 })
  t.equal(await tell('Obliterate', active), 'WrongKeyLifecycleState')
  const destroyed = await createKey(client, '2.1')
  await client.call('2.1', 'Destroy', of(destroyed))
  t.equal(await tell('Obliterate', destroyed), 'Success')
  t.equal(refusal(await client.attempt('2.1', 'Obliterate', of(active))), 'OperationNotSupported', 'in the draft only')
})
