import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  randomBytes,
  verify,
} from 'node:crypto'
import { test } from 'tap'
import { LOCATE_CAP } from '../../src/engine/create-engine.ts'
import type { CryptokiReader } from '../../src/protocol/pkcs11/codec.ts'
import { count, counted, createCryptokiReader, flag, list, ulong } from '../../src/protocol/pkcs11/codec.ts'
import { CKA, CKK, CKO } from '../../src/protocol/pkcs11/constants.ts'
import { FUNCTIONS } from '../../src/operations/pkcs11/functions.ts'
import { PKCS_11_FUNCTION, type Pkcs11Function } from '../../src/protocol/enumerations.ts'
import { createKey, openServer, refusal } from '../helpers/calls.ts'
import type { TestClient } from '../helpers/harness.ts'

const { client, harness } = await openServer()
const stranger = harness.client('mallory')

const NOTHING = Buffer.alloc(0)
const NULL = flag(false)
const room = (length = 4096): Buffer => Buffer.concat([flag(true), count(length)])

type Answer = {
  readonly code: unknown
  readonly output: CryptokiReader
  readonly bytes: Buffer
  readonly correlation: unknown
}

type Cryptoki = {
  readonly correlation: Buffer
  ask(name: Pkcs11Function, ...parameters: readonly Buffer[]): Promise<Answer>
  /** A function that must succeed. */
  call(name: Pkcs11Function, ...parameters: readonly Buffer[]): Promise<CryptokiReader>
}

const ask = async (
  who: TestClient,
  name: Pkcs11Function,
  correlationValue: Buffer | undefined,
  inputParameters: Buffer | undefined,
): Promise<Answer> => {
  const answer = await who.call('2.1', 'PKCS_11', {
    pkcs11Function: PKCS_11_FUNCTION.code[name],
    correlationValue,
    inputParameters,
  })
  const correlation = answer['correlationValue'] as { readonly value: Buffer } | undefined
  const bytes = Buffer.isBuffer(answer['outputParameters']) ? Buffer.from(answer['outputParameters']) : NOTHING
  return {
    code: answer['pkcs11ReturnCode'],
    bytes,
    output: createCryptokiReader(bytes),
    correlation: correlation?.value,
  }
}

const initialize = async (who: TestClient = client): Promise<Cryptoki> => {
  const { correlation } = await ask(who, 'C_Initialize', undefined, flag(true))
  if (!Buffer.isBuffer(correlation)) throw new Error('not initialized')
  const value = Buffer.from(correlation)
  const askNow: Cryptoki['ask'] = (name, ...parameters) => ask(who, name, value, Buffer.concat(parameters))
  return {
    correlation: value,
    ask: askNow,
    call: async (name, ...parameters) => {
      const { code, output } = await askNow(name, ...parameters)
      if (code !== 'OK') throw new Error(`${name}: ${String(code)}`)
      return output
    },
  }
}

const SERIAL_RW = ulong(6)

const openSession = async (cryptoki: Cryptoki): Promise<Buffer> =>
  ulong((await cryptoki.call('C_OpenSession', ulong(0), SERIAL_RW)).ulong())

const attribute = (type: number, value: Buffer): Buffer => Buffer.concat([ulong(type), counted(value)])

const template = (...attributes: readonly (readonly [number, Buffer])[]): Buffer =>
  list(attributes.map(([type, value]) => attribute(type, value)))

const mechanism = (type: number, parameter: Buffer = NOTHING): Buffer =>
  Buffer.concat([ulong(type), counted(parameter)])

const AES_KEY_GEN = mechanism(0x1080)

const generate = async (cryptoki: Cryptoki, session: Buffer, ...more: readonly (readonly [number, Buffer])[]) =>
  ulong(
    (await cryptoki.call('C_GenerateKey', session, AES_KEY_GEN, template([CKA.VALUE_LEN, ulong(32)], ...more))).ulong(),
  )

const valueOf = async (cryptoki: Cryptoki, session: Buffer, object: Buffer, type: number): Promise<Buffer> => {
  const wanted = list([Buffer.concat([ulong(type), room()])])
  const output = await cryptoki.call('C_GetAttributeValue', session, object, wanted)
  output.count()
  output.ulong()
  return output.flag() ? Buffer.from(output.bytes()) : NOTHING
}

void test('2.1 §6.1.37: the library, its slot, its token and its mechanisms', async (t) => {
  const cryptoki = await initialize()
  const { bytes: info } = await cryptoki.ask('C_GetInfo')
  t.equal(info.length, 76)
  t.same([...info.subarray(0, 2)], [2, 40])
  const slots = await cryptoki.call('C_GetSlotList', flag(true), room(8))
  t.same(
    slots.list(() => slots.ulong()),
    [0],
  )
  t.equal((await cryptoki.call('C_GetSlotList', flag(true), NULL)).count(), 1)
  t.equal((await cryptoki.ask('C_GetSlotList', flag(true), room(0))).code, 'BUFFER_TOO_SMALL')
  t.equal((await cryptoki.ask('C_GetSlotInfo', ulong(0))).bytes.length, 108)
  t.equal((await cryptoki.ask('C_GetTokenInfo', ulong(0))).bytes.length, 204)
  t.equal((await cryptoki.ask('C_GetTokenInfo', ulong(1))).code, 'SLOT_ID_INVALID')
  const mechanisms = await cryptoki.call('C_GetMechanismList', ulong(0), room())
  const types = mechanisms.list(() => mechanisms.ulong())
  t.ok(types.includes(0x1087))
  for (const type of types) t.equal((await cryptoki.ask('C_GetMechanismInfo', ulong(0), ulong(type))).bytes.length, 24)
  t.equal((await cryptoki.ask('C_GetMechanismInfo', ulong(0), ulong(0xfff))).code, 'MECHANISM_INVALID')
  t.equal((await cryptoki.ask('C_Finalize')).code, 'OK')
  t.equal((await cryptoki.ask('C_GetInfo')).code, 'CRYPTOKI_NOT_INITIALIZED')
})

void test('2.1 §6.1.37, §7.26: a function that is not there is told of as such, whatever its parameters', async (t) => {
  const cryptoki = await initialize()
  const there = new Set<string>(['C_Initialize', 'C_Finalize', ...Object.keys(FUNCTIONS)])
  const missing = PKCS_11_FUNCTION.names.filter((name) => !there.has(name))
  for (const name of ['C_CopyObject', 'C_WrapKey', 'C_UnwrapKey', 'C_DeriveKey'])
    t.ok(missing.some((each) => each === name))
  for (const name of missing) {
    t.equal((await cryptoki.ask(name)).code, 'FUNCTION_NOT_SUPPORTED', name)
    t.equal((await cryptoki.ask(name, ulong(1), ulong(2))).code, 'FUNCTION_NOT_SUPPORTED', name)
  }
})

void test('2.1 §6.1.37: sessions, and who is logged in', async (t) => {
  const cryptoki = await initialize()
  t.equal((await cryptoki.ask('C_OpenSession', ulong(0), ulong(2))).code, 'SESSION_PARALLEL_NOT_SUPPORTED')
  const session = await openSession(cryptoki)
  const reading = ulong((await cryptoki.call('C_OpenSession', ulong(0), ulong(4), NULL, NULL)).ulong())
  const stateOf = async (handle: Buffer): Promise<number> => {
    const info = await cryptoki.call('C_GetSessionInfo', handle)
    info.ulong()
    return info.ulong()
  }
  t.same([await stateOf(session), await stateOf(reading)], [2, 0])
  t.equal((await cryptoki.ask('C_Login', session, ulong(1), counted(Buffer.from('1234')))).code, 'PIN_INCORRECT')
  t.equal((await cryptoki.ask('C_Login', session, ulong(0), count(0))).code, 'USER_TYPE_INVALID')
  t.equal((await cryptoki.ask('C_Login', session, ulong(1), count(0))).code, 'OK')
  t.equal((await cryptoki.ask('C_Login', session, ulong(1), count(0))).code, 'USER_ALREADY_LOGGED_IN')
  t.same([await stateOf(session), await stateOf(reading)], [3, 1])
  t.equal((await cryptoki.ask('C_Logout', session)).code, 'OK')
  t.equal((await cryptoki.ask('C_Logout', session)).code, 'USER_NOT_LOGGED_IN')
  t.equal(
    (await cryptoki.ask('C_GenerateKey', reading, AES_KEY_GEN, template([CKA.VALUE_LEN, ulong(32)]))).code,
    'SESSION_READ_ONLY',
  )
  t.equal((await cryptoki.ask('C_CloseSession', reading)).code, 'OK')
  t.equal((await cryptoki.ask('C_CloseSession', reading)).code, 'SESSION_HANDLE_INVALID')
  for (let open = 1; open < 64; open += 1) await openSession(cryptoki)
  t.equal((await cryptoki.ask('C_OpenSession', ulong(0), SERIAL_RW)).code, 'SESSION_COUNT', 'they are bounded')
  t.equal((await cryptoki.ask('C_CloseAllSessions', ulong(0))).code, 'OK')
  t.equal((await cryptoki.ask('C_GetSessionInfo', session)).code, 'SESSION_HANDLE_INVALID')
  await cryptoki.call('C_Finalize')
})

void test('2.1 §6.1.37: what is open belongs to the client that opened it, and is bounded', async (t) => {
  const own = await initialize()
  t.equal((await ask(stranger, 'C_GetInfo', own.correlation, undefined)).code, 'CRYPTOKI_NOT_INITIALIZED')
  t.equal((await ask(client, 'C_GetInfo', undefined, undefined)).code, 'CRYPTOKI_NOT_INITIALIZED')
  t.equal((await ask(client, 'C_Initialize', own.correlation, undefined)).code, 'CRYPTOKI_ALREADY_INITIALIZED')
  const bob = harness.client('bob')
  const opened: unknown[] = []
  for (let made = 0; made < 20; made += 1) opened.push((await ask(bob, 'C_Initialize', undefined, undefined)).code)
  t.equal(opened.filter((code) => code === 'OK').length, 16)
  harness.clock.advance(901)
  t.equal((await ask(client, 'C_GetInfo', own.correlation, undefined)).code, 'CRYPTOKI_NOT_INITIALIZED', 'in time')
  t.equal((await ask(bob, 'C_Initialize', undefined, undefined)).code, 'OK')
})

void test('2.1 §6.1.37: what functions hold between two requests is bounded for all sessions of an instance', async (t) => {
  const cryptoki = await initialize()
  const sessions = [await openSession(cryptoki), await openSession(cryptoki)] as const
  const sha256 = mechanism(0x250)
  const half = counted(Buffer.alloc(600_000, 1))
  for (const session of sessions) t.equal((await cryptoki.ask('C_DigestInit', session, sha256)).code, 'OK')
  t.equal((await cryptoki.ask('C_DigestUpdate', sessions[0], half)).code, 'OK')
  t.equal((await cryptoki.ask('C_DigestUpdate', sessions[1], half)).code, 'DATA_LEN_RANGE')
  t.equal((await cryptoki.ask('C_DigestUpdate', sessions[1], half)).code, 'OPERATION_NOT_INITIALIZED')
  const key = await generate(cryptoki, sessions[1])
  const gcm = mechanism(0x1087, Buffer.concat([counted(Buffer.alloc(12, 2)), ulong(96), half, ulong(128)]))
  t.equal((await cryptoki.ask('C_EncryptInit', sessions[1], gcm, key)).code, 'DEVICE_MEMORY', 'authenticated data')
  await cryptoki.call('C_Finalize')
})

void test('2.1 §6.1.37: parts of no length, and many short ones', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  await cryptoki.call('C_DigestInit', session, mechanism(0x250))
  const parts = Array.from({ length: 200 }, (_, index) => Buffer.alloc(index % 3, index))
  for (const part of parts) await cryptoki.call('C_DigestUpdate', session, counted(part))
  const digest = (await cryptoki.call('C_DigestFinal', session, room())).bytes()
  t.same(digest, createHash('sha256').update(Buffer.concat(parts)).digest())
  await cryptoki.call('C_Finalize')
})

void test('2.1 §6.1.37: a value is not told as often as somebody likes', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const value = Buffer.alloc(100_000, 5)
  const data = ulong(
    (
      await cryptoki.call('C_CreateObject', session, template([CKA.CLASS, ulong(CKO.DATA)], [CKA.VALUE, value]))
    ).ulong(),
  )
  const asked = async (times: number): Promise<unknown> => {
    const one = Buffer.concat([ulong(CKA.VALUE), room(value.length)])
    return (await cryptoki.ask('C_GetAttributeValue', session, data, list(Array.from({ length: times }, () => one))))
      .code
  }
  t.equal(await asked(2), 'OK')
  t.equal(await asked(50), 'DEVICE_MEMORY')
  t.equal(await asked(20_000), 'ARGUMENTS_BAD')
  await cryptoki.call('C_Finalize')
})

void test('2.1 §6.1.37: keys are made, found, read, used and destroyed', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const label = randomBytes(6).toString('hex')
  const key = await generate(cryptoki, session, [CKA.LABEL, Buffer.from(label)], [CKA.ID, Buffer.from('my id')])
  const find = async (...wanted: readonly (readonly [number, Buffer])[]): Promise<readonly number[]> => {
    await cryptoki.call('C_FindObjectsInit', session, template(...wanted))
    t.equal((await cryptoki.ask('C_FindObjectsInit', session, template())).code, 'OPERATION_ACTIVE')
    const output = await cryptoki.call('C_FindObjects', session, count(10))
    await cryptoki.call('C_FindObjectsFinal', session)
    return output.list(() => output.ulong())
  }
  t.same(
    (await find([CKA.LABEL, Buffer.from(label)])).map((handle) => ulong(handle)),
    [key],
  )
  t.same((await find([CKA.ID, Buffer.from('my id')], [CKA.CLASS, ulong(CKO.SECRET_KEY)])).length, 1)
  t.same(await find([CKA.ID, Buffer.from('my id')], [CKA.CLASS, ulong(CKO.PUBLIC_KEY)]), [])
  t.equal((await cryptoki.ask('C_FindObjects', session, count(1))).code, 'OPERATION_NOT_INITIALIZED')
  t.same(await valueOf(cryptoki, session, key, CKA.KEY_TYPE), ulong(CKK.AES))
  t.same(await valueOf(cryptoki, session, key, CKA.VALUE_LEN), ulong(32))
  const material = await valueOf(cryptoki, session, key, CKA.VALUE)
  t.equal(material.length, 32)
  const id = (await valueOf(cryptoki, session, key, CKA.UNIQUE_ID)).toString()
  t.match(await client.call('2.1', 'Get', { uniqueIdentifier: { by: 'id', id } }), { objectType: 'SymmetricKey' })
  const iv = randomBytes(16)
  const text = randomBytes(40)
  await cryptoki.call('C_EncryptInit', session, mechanism(0x1085, iv), key)
  const sealed = (await cryptoki.call('C_Encrypt', session, counted(text), room())).bytes()
  const cipher = createCipheriv('aes-256-cbc', material, iv)
  t.same(sealed, Buffer.concat([cipher.update(text), cipher.final()]))
  t.equal((await cryptoki.ask('C_Encrypt', session, counted(text), room())).code, 'OPERATION_NOT_INITIALIZED')
  await cryptoki.call('C_DecryptInit', session, mechanism(0x1085, iv), key)
  t.equal((await cryptoki.call('C_DecryptUpdate', session, counted(sealed.subarray(0, 7)), room())).count(), 0)
  t.equal((await cryptoki.call('C_DecryptUpdate', session, counted(sealed.subarray(7)), room())).count(), 0)
  const { code, output } = await cryptoki.ask('C_DecryptFinal', session, room(1))
  t.same([code, output.count()], ['BUFFER_TOO_SMALL', text.length])
  t.same((await cryptoki.call('C_DecryptFinal', session, room())).bytes(), text)
  const changed = template([CKA.LABEL, Buffer.from(`${label} new`)])
  t.equal((await cryptoki.ask('C_SetAttributeValue', session, key, changed)).code, 'OK')
  t.equal((await valueOf(cryptoki, session, key, CKA.LABEL)).toString(), `${label} new`)
  t.equal(
    (await cryptoki.ask('C_SetAttributeValue', session, key, template([CKA.CLASS, ulong(1)]))).code,
    'ATTRIBUTE_READ_ONLY',
  )
  t.equal((await cryptoki.ask('C_DestroyObject', session, key)).code, 'OK')
  t.equal((await cryptoki.ask('C_DestroyObject', session, key)).code, 'OBJECT_HANDLE_INVALID')
})

void test('2.1 §6.1.37: GCM, with its tag behind the data', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const key = await generate(cryptoki, session)
  const material = await valueOf(cryptoki, session, key, CKA.VALUE)
  const iv = randomBytes(12)
  const aad = Buffer.from('header')
  const text = Buffer.from('attack at dawn')
  const gcm = mechanism(0x1087, Buffer.concat([counted(iv), ulong(96), counted(aad), ulong(128)]))
  await cryptoki.call('C_EncryptInit', session, gcm, key)
  t.ok(
    (await cryptoki.call('C_Encrypt', session, counted(text), NULL)).count() >= text.length + 16,
    'asked for its length',
  )
  const sealed = (await cryptoki.call('C_Encrypt', session, counted(text), room())).bytes()
  const decipher = createDecipheriv('aes-256-gcm', material, iv)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(text.length))
  t.same(Buffer.concat([decipher.update(sealed.subarray(0, text.length)), decipher.final()]), text)
  await cryptoki.call('C_DecryptInit', session, gcm, key)
  t.same((await cryptoki.call('C_Decrypt', session, counted(sealed), room())).bytes(), text)
  for (const damaged of [
    Buffer.concat([sealed.subarray(1), Buffer.from([0])]),
    sealed.subarray(0, 20),
    sealed.subarray(0, 3),
  ]) {
    await cryptoki.call('C_DecryptInit', session, gcm, key)
    t.not((await cryptoki.ask('C_Decrypt', session, counted(damaged), room())).code, 'OK')
  }
})

void test('2.1 §6.1.37: digests, MACs and signatures', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const data = randomBytes(100)
  await cryptoki.call('C_DigestInit', session, mechanism(0x250))
  await cryptoki.call('C_DigestUpdate', session, counted(data.subarray(0, 50)))
  t.equal((await cryptoki.ask('C_Digest', session, counted(data), room())).code, 'OPERATION_ACTIVE')
  await cryptoki.call('C_DigestUpdate', session, counted(data.subarray(50)))
  t.same((await cryptoki.call('C_DigestFinal', session, room())).bytes(), createHash('sha256').update(data).digest())
  const secret = randomBytes(32)
  const hmacKey = ulong(
    (
      await cryptoki.call(
        'C_CreateObject',
        session,
        template([CKA.CLASS, ulong(CKO.SECRET_KEY)], [CKA.KEY_TYPE, ulong(CKK.GENERIC_SECRET)], [CKA.VALUE, secret]),
      )
    ).ulong(),
  )
  await cryptoki.call('C_SignInit', session, mechanism(0x251), hmacKey)
  const mac = (await cryptoki.call('C_Sign', session, counted(data), room())).bytes()
  t.same(mac, createHmac('sha256', secret).update(data).digest())
  await cryptoki.call('C_VerifyInit', session, mechanism(0x251), hmacKey)
  await cryptoki.call('C_VerifyUpdate', session, counted(data))
  t.equal((await cryptoki.ask('C_VerifyFinal', session, counted(mac))).code, 'OK')
  await cryptoki.call('C_VerifyInit', session, mechanism(0x251), hmacKey)
  t.equal((await cryptoki.ask('C_Verify', session, counted(data), counted(secret))).code, 'SIGNATURE_INVALID')
  await cryptoki.call('C_SignInit', session, mechanism(0x251), hmacKey)
  t.equal((await cryptoki.ask('C_SignInit', session, mechanism(0x251), hmacKey)).code, 'OPERATION_ACTIVE')
})

void test('2.1 §6.1.37: key pairs on curves sign with r and s side by side', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
  const pair = await cryptoki.call(
    'C_GenerateKeyPair',
    session,
    mechanism(0x1040),
    template([CKA.EC_PARAMS, p256]),
    template([CKA.SENSITIVE, flag(true)]),
  )
  const [publicKey, privateKey] = [ulong(pair.ulong()), ulong(pair.ulong())]
  const data = randomBytes(33)
  await cryptoki.call('C_SignInit', session, mechanism(0x1044), privateKey)
  const signature = (await cryptoki.call('C_Sign', session, counted(data), room())).bytes()
  t.equal(signature.length, 64)
  const id = (await valueOf(cryptoki, session, publicKey, CKA.UNIQUE_ID)).toString()
  const got = await client.call('2.1', 'Get', { uniqueIdentifier: { by: 'id', id }, keyFormatType: 'X_509' })
  const block = (got['PublicKey'] as { keyBlock: { keyValue: { keyMaterial: Buffer } } }).keyBlock
  const key = createPublicKey({ key: block.keyValue.keyMaterial, format: 'der', type: 'spki' })
  t.ok(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature))
  await cryptoki.call('C_VerifyInit', session, mechanism(0x1044), publicKey)
  t.equal((await cryptoki.ask('C_Verify', session, counted(data), counted(signature))).code, 'OK')
  await cryptoki.call('C_VerifyInit', session, mechanism(0x1044), publicKey)
  t.equal(
    (await cryptoki.ask('C_Verify', session, counted(data), counted(signature.subarray(1)))).code,
    'SIGNATURE_LEN_RANGE',
  )
  t.equal((await cryptoki.ask('C_SignInit', session, mechanism(0x1044), publicKey)).code, 'KEY_TYPE_INCONSISTENT')
  const wanted = list([Buffer.concat([ulong(CKA.VALUE), room()]), Buffer.concat([ulong(CKA.KEY_TYPE), room()])])
  t.equal((await cryptoki.ask('C_GetAttributeValue', session, privateKey, wanted)).code, 'ATTRIBUTE_SENSITIVE')
})

void test('2.1 §6.1.37: keys come through the gates of every other use', async (t) => {
  const cryptoki = await initialize(stranger)
  const session = await openSession(cryptoki)
  await createKey(client, '2.1')
  await cryptoki.call('C_FindObjectsInit', session, template())
  const found = await cryptoki.call('C_FindObjects', session, count(100))
  t.equal(found.count(), 0, 'objects of others are not there')
  t.equal((await cryptoki.ask('C_EncryptInit', session, mechanism(0x1081), ulong(1))).code, 'KEY_HANDLE_INVALID')
  const key = await generate(cryptoki, session, [CKA.ENCRYPT, flag(false)], [CKA.DECRYPT, flag(true)])
  t.equal((await cryptoki.ask('C_EncryptInit', session, mechanism(0x1081), key)).code, 'KEY_FUNCTION_NOT_PERMITTED')
  t.equal(
    (await cryptoki.ask('C_DecryptInit', session, mechanism(0x1082), key)).code,
    'MECHANISM_PARAM_INVALID',
    'no IV',
  )
  const id = (await valueOf(cryptoki, session, key, CKA.UNIQUE_ID)).toString()
  await cryptoki.call('C_DecryptInit', session, mechanism(0x1081), key)
  await stranger.call('2.1', 'Revoke', {
    uniqueIdentifier: { by: 'id', id },
    revocationReason: { revocationReasonCode: 'CessationOfOperation' },
  })
  await stranger.call('2.1', 'Destroy', { uniqueIdentifier: { by: 'id', id } })
  const { code } = await cryptoki.ask('C_Decrypt', session, counted(randomBytes(16)), room())
  t.equal(code, 'KEY_FUNCTION_NOT_PERMITTED', 'a key that goes meanwhile is not used')
  t.equal((await cryptoki.call('C_GenerateRandom', session, count(20))).bytes().length, 20)
  t.equal((await cryptoki.ask('C_GenerateRandom', session, count(70_000))).code, 'ARGUMENTS_BAD')
  t.equal((await cryptoki.ask('C_SeedRandom', session, counted(randomBytes(8)))).code, 'OK')
})

void test('2.1 §6.1.37, §11.46: what cannot be read fails the operation, and changes nothing', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const attempt = (pkcs11Function: number, inputParameters?: Buffer, pkcs11Interface?: string) =>
    client
      .attempt('2.1', 'PKCS_11', {
        pkcs11Function,
        correlationValue: cryptoki.correlation,
        inputParameters,
        pkcs11Interface,
      })
      .then(refusal)
  t.equal(await attempt(0x5000), 'PKCS_11InvalidFunction')
  t.equal(await attempt(3, undefined, 'Vendor'), 'PKCS_11InvalidInterface')
  t.equal(await attempt(3, undefined, 'PKCS 11'), 'Success')
  const MALFORMED: readonly (readonly [Pkcs11Function, Buffer])[] = [
    ['C_GetInfo', Buffer.from([0])],
    ['C_GetSlotList', Buffer.from([2])],
    ['C_GetSlotInfo', NOTHING],
    ['C_CloseSession', Buffer.concat([session, Buffer.from([0])])],
    ['C_GetSessionInfo', session.subarray(1)],
    ['C_GetSessionInfo', Buffer.alloc(8, 0xff)],
    ['C_FindObjectsInit', Buffer.concat([session, count(0xffffffff)])],
    ['C_FindObjectsInit', Buffer.concat([session, count(1), ulong(0), count(0xffffffff)])],
    ['C_DigestInit', Buffer.concat([session, ulong(0x250), count(9)])],
    ['C_GenerateKey', Buffer.concat([session, AES_KEY_GEN])],
    ['C_GenerateKey', Buffer.concat([session, AES_KEY_GEN, template([CKA.VALUE_LEN, ulong(32)]), Buffer.from([1])])],
  ]
  for (const [name, bytes] of MALFORMED) {
    t.equal(await attempt(PKCS_11_FUNCTION.code[name], bytes), 'PKCS_11CodecError', `${name} ${bytes.toString('hex')}`)
  }
  t.equal((await cryptoki.ask('C_GetSessionInfo', session)).code, 'OK', 'the session that was not closed')
  const names = PKCS_11_FUNCTION.names.filter((name) => name !== 'C_Initialize' && name !== 'C_Finalize')
  for (const name of names) {
    for (const size of [0, 1, 8, 24, 300]) {
      for (const head of [NOTHING, session]) {
        const told = await attempt(PKCS_11_FUNCTION.code[name], Buffer.concat([head, randomBytes(size)]))
        t.ok(['Success', 'PKCS_11CodecError'].includes(told), `${name}: ${told}`)
      }
    }
  }
})

void test('2.1 §6.1.37: a template says what an object is, or is refused', async (t) => {
  const cryptoki = await initialize()
  const session = await openSession(cryptoki)
  const made = async (...attributes: readonly (readonly [number, Buffer])[]): Promise<unknown> =>
    (await cryptoki.ask('C_CreateObject', session, template(...attributes))).code
  t.equal(await made(), 'TEMPLATE_INCOMPLETE')
  t.equal(await made([CKA.CLASS, ulong(CKO.DATA)]), 'TEMPLATE_INCOMPLETE')
  t.equal(await made([CKA.CLASS, ulong(CKO.DATA)], [CKA.VALUE, Buffer.from('x')]), 'OK')
  t.equal(await made([CKA.CLASS, ulong(CKO.PRIVATE_KEY)], [CKA.VALUE, Buffer.from('x')]), 'TEMPLATE_INCONSISTENT')
  t.equal(await made([CKA.CLASS, Buffer.from('x')]), 'ATTRIBUTE_VALUE_INVALID')
  t.equal(await made([CKA.CLASS, ulong(0)], [CKA.CLASS, ulong(0)]), 'TEMPLATE_INCONSISTENT')
  const unknown = template([CKA.VALUE_LEN, ulong(16)], [0x7777, Buffer.from('x')])
  t.equal((await cryptoki.ask('C_GenerateKey', session, AES_KEY_GEN, unknown)).code, 'ATTRIBUTE_TYPE_INVALID')
  t.equal((await cryptoki.ask('C_GenerateKey', session, AES_KEY_GEN, template())).code, 'TEMPLATE_INCOMPLETE')
  t.equal((await cryptoki.ask('C_GenerateKey', session, mechanism(0x250), template())).code, 'MECHANISM_INVALID')
})

void test('2.1 §6.1.37: a search finds what is older than one answer of Locate reaches', async (t) => {
  const carol = harness.client('carol')
  const cryptoki = await initialize(carol)
  const session = await openSession(cryptoki)
  const id = [CKA.ID, Buffer.from('the oldest')] as const
  const oldest = (
    await cryptoki.call('C_GenerateKey', session, AES_KEY_GEN, template([CKA.VALUE_LEN, ulong(32)], id))
  ).ulong()
  for (let made = 0; made < LOCATE_CAP; made += 1) await createKey(carol, '2.1')
  await cryptoki.call('C_FindObjectsInit', session, template(id))
  const found = await cryptoki.call('C_FindObjects', session, count(10))
  t.same(
    found.list(() => found.ulong()),
    [oldest],
  )
  await cryptoki.call('C_Finalize')
})
