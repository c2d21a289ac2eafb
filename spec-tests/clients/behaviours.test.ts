import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t as file, test } from 'tap'
import {
  BATCH_ERROR_CONTINUATION_OPTION,
  BLOCK_CIPHER_MODE,
  CREDENTIAL_TYPE,
  CRYPTOGRAPHIC_ALGORITHM,
  KEY_FORMAT_TYPE,
  type KeyFormatType,
  LINK_TYPE,
  OBJECT_TYPE,
  OPERATION,
  PADDING_METHOD,
  STATE,
} from '../../src/protocol/enumerations.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import type { WireConnection } from '../helpers/server.ts'
import {
  all,
  attribute,
  attributeIn,
  attributeNames,
  attributes,
  batch,
  batchItem,
  bool,
  bytes,
  custom,
  date,
  enumeration,
  filters,
  find,
  int,
  message,
  namedAttribute,
  newAttribute,
  type Node,
  parse,
  protocolVersion,
  rawItem,
  request,
  struct,
  text,
  textAt,
  valueAt,
  versionItem,
} from '../wire/message.ts'
import {
  activate,
  aesPayload,
  algorithm,
  CBC,
  create,
  cryptographicLength,
  destroy,
  encrypt,
  get,
  getState,
  inState,
  keyBlock,
  locate,
  named,
  objectType,
  ofType,
  registerAes,
  revoke,
  uid,
  usageMask,
} from '../wire/requests.ts'
import { ask, exchange, idFrom, startSession } from '../wire/session.ts'

/*
 * What must not fail, whichever real client is connected: the ranked behaviours, each in every version that can ask.
 */

const session = await startSession(file)

let names = 0

const freshName = (): string => `behaviour-${(names += 1)}`

const idsIn = (payload: Node | undefined): readonly string[] =>
  all(payload, 'UniqueIdentifier').map(({ value }) => String(value))

const bytesAt = (
  node: Node | undefined,
  ...path: Parameters<typeof valueAt> extends [unknown, ...infer T] ? T : never
) => {
  const value = valueAt(node, ...path)
  if (!Buffer.isBuffer(value)) throw new Error('no bytes')
  return value
}

const isOld = (version: Version): boolean => inRange(version, { until: '1.4' })

void test('1.4 §6.1 / 2.1 §9.16, behaviour 1: the version of the request, whatever becomes of it', async (t) => {
  for (const version of VERSIONS) {
    const connection = await session.connect(t)
    const outcomes = [
      create(version),
      get(version, 'nowhere'),
      request(version, 0x70),
      message(version, [], [], 2),
      message(version, [batchItem('Query', [enumeration('QueryFunction', 1)])], [int('MaximumResponseSize', 64)]),
      struct('RequestMessage', struct('RequestHeader', versionItem(version), text('BatchCount', 'one'))),
    ]
    for (const asked of outcomes) t.equal((await exchange(connection, asked)).version, version)
    const broken = message(version, [batchItem('Query', [rawItem('QueryFunction', 0x0f, Buffer.alloc(8), 4)])])
    t.equal((await exchange(connection, broken)).version, version, 'even of what is no TTLV')
  }
})

void test('1.4 §4.9 / 2.1 §6.1.28, behaviour 2: Locate by all at once, exactly, in pages', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const group = freshName()
    const inGroup = attribute('ObjectGroup', (tag) => text(tag, group))
    const made: string[] = []
    for (let count = 0; count < 3; count += 1)
      made.unshift(await idFrom(connection, create(version, inGroup, named(`${group}-${count}`))))
    const page = async (...fields: readonly Buffer[]) =>
      idsIn((await ask(connection, request(version, 'Locate', ...fields, ...filters(version, inGroup)))).payload)
    t.strictSame(await page(), made)
    t.strictSame(await page(int('MaximumItems', 2)), made.slice(0, 2))
    t.strictSame(await page(int('MaximumItems', 2), int('OffsetItems', 2)), made.slice(2))
    t.strictSame(await page(int('OffsetItems', 3)), [])
    const both = await ask(connection, locate(version, inGroup, named(`${group}-1`), ofType('SymmetricKey')))
    t.strictSame(idsIn(both.payload), [made[1]], 'all filters hold at once')
    const neither = await ask(connection, locate(version, inGroup, named(`${group}-1`), ofType('SecretData')))
    t.match(neither, { status: 'Success' })
    t.strictSame(idsIn(neither.payload), [])
    await idFrom(connection, destroy(version, made[1] ?? ''))
    t.strictSame(await page(), [made[0], made[2]], 'nothing that is destroyed')
  }
})

void test('1.4 §4.9, behaviour 2: filters in a Template-Attribute, with a page', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS.filter(isOld)) {
    const name = freshName()
    const id = await idFrom(connection, create(version, named(name)))
    const wrapped = struct('TemplateAttribute', namedAttribute(named(name)), namedAttribute(ofType('SymmetricKey'), 0))
    const found = await ask(
      connection,
      request(version, 'Locate', int('MaximumItems', 1), int('OffsetItems', 0), wrapped),
    )
    t.strictSame(idsIn(found.payload), [id])
  }
})

/** Attributes that a 1.0 client knows (1.0 section 3), of a symmetric key that was never changed. */
const KNOWN_IN_1_0: ReadonlySet<unknown> = new Set([
  ...['Unique Identifier', 'Name', 'Object Type', 'Cryptographic Algorithm', 'Cryptographic Length', 'Digest'],
  ...['Operation Policy Name', 'Cryptographic Usage Mask', 'Lease Time', 'State', 'Initial Date', 'Last Change Date'],
])

void test('1.4 §7.2, behaviour 3: nothing that nobody asked for', async (t) => {
  const connection = await session.connect(t)
  const id = await idFrom(connection, create('2.1', named(freshName())))
  const { payload } = await ask(connection, request('1.0', 'GetAttributes', uid(id)))
  const labels = all(payload, 'Attribute').map((one) => valueAt(one, 'AttributeName'))
  t.ok(labels.includes('State'))
  t.strictSame(
    labels.filter((label) => !KNOWN_IN_1_0.has(label)),
    [],
  )
  for (const version of VERSIONS) {
    const made = await ask(connection, create(version))
    t.strictSame(
      made.payload?.children.map(({ value }) => value),
      [OBJECT_TYPE.code.SymmetricKey, textAt(made.payload, 'UniqueIdentifier')],
      'Create answers with type and identifier',
    )
    const [got] = (await ask(connection, get(version, id))).payload?.children.slice(2) ?? []
    t.strictSame(find(got, 'KeyBlock', 'KeyValue')?.children.length, 1, 'the Key Value is the key')
  }
})

void test('1.4 §7.2 / 2.1 §8.6, behaviour 4: a failure is of its item, with a reason that every client knows', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const { items } = await exchange(
      connection,
      batch(
        version,
        [
          ['Get', uid('nowhere')],
          ['Destroy', uid('nowhere')],
          ['Activate', uid('nowhere')],
          ['Create', ...aesPayload(version)],
        ],
        [enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code.Continue)],
      ),
    )
    t.strictSame(
      items.map(({ operation, status, reason, id }) => [operation, status, reason, id?.readUInt8()]),
      [
        ...(['Get', 'Destroy', 'Activate'] as const).map((operation, index) => [
          operation,
          'OperationFailed',
          isOld(version) ? 'ItemNotFound' : 'ObjectNotFound',
          index + 1,
        ]),
        ['Create', 'Success', undefined, 4],
      ],
    )
  }
})

void test('1.4 §6.13 / 2.1 §9.6, behaviour 5: Continue, Stop and Undo, in order, with ids of any length', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    for (const option of ['Continue', 'Stop', 'Undo'] as const) {
      const name = freshName()
      const items = [
        batchItem('Create', aesPayload(version, named(name)), Buffer.from('1')),
        batchItem('GetAttributes', attributeNames(version, 'State'), randomBytes(8)),
        batchItem('Get', [uid('nowhere')], randomBytes(16)),
        batchItem('Query', [enumeration('QueryFunction', 3)], randomBytes(40)),
      ]
      const fields = [
        enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code[option]),
        bool('BatchOrderOption', true),
      ]
      const answered = await exchange(connection, message(version, items, fields))
      const expected = {
        Continue: ['Success', 'Success', 'OperationFailed', 'Success'],
        Stop: ['Success', 'Success', 'OperationFailed'],
        Undo: ['OperationUndone', 'OperationUndone', 'OperationFailed'],
      }[option]
      t.strictSame(
        answered.items.map(({ status }) => status),
        expected,
        `${option} in ${version}`,
      )
      const kept = idsIn((await ask(connection, locate(version, named(name)))).payload)
      t.equal(kept.length, option === 'Undo' ? 0 : 1)
    }
  }
})

void test('1.4 §3.39 / 2.1 §4.66, behaviour 6: custom attributes from Create and Register on, with index 0', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const own = [
      custom(freshName(), (tag) => text(tag, 'tape 7')),
      custom(freshName(), (tag) => int(tag, 7)),
      custom(freshName(), (tag) => date(tag, 1_700_000_000)),
      custom(freshName(), (tag) => bytes(tag, Buffer.from('0102', 'hex'))),
    ]
    const made = [
      await idFrom(connection, create(version, ...own)),
      await idFrom(connection, registerAes(version, randomBytes(32), own)),
    ]
    for (const one of own)
      t.strictSame(idsIn((await ask(connection, locate(version, one))).payload), made.toReversed(), one.label)
    const later = custom(freshName(), (tag) => text(tag, 'added'))
    for (const id of made)
      t.equal(
        (await ask(connection, request(version, 'AddAttribute', uid(id), newAttribute(version, later)))).status,
        'Success',
      )
    t.strictSame(idsIn((await ask(connection, locate(version, later))).payload), made.toReversed())
  }
  const indexed = custom(freshName(), (tag) => text(tag, 'with index'))
  const fields = [
    objectType('SymmetricKey'),
    struct('TemplateAttribute', ...aes256.map((one) => namedAttribute(one, 0)), namedAttribute(indexed, 0)),
  ]
  const id = await idFrom(connection, request('1.1', 'Create', ...fields))
  const { payload } = await ask(
    connection,
    request('1.1', 'GetAttributes', uid(id), text('AttributeName', indexed.label)),
  )
  t.strictSame(
    all(payload, 'Attribute').map((one) => [valueAt(one, 'AttributeIndex') ?? 0, valueAt(one, 'AttributeValue')]),
    [[0, 'with index']],
  )
})

const aes256 = [algorithm('AES'), cryptographicLength(256), usageMask(12)]

void test('1.4 §2.2.7 / 2.1 §2.6, behaviour 7: secrets and opaque objects come back to the byte', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const lists = isOld(version)
      ? [
          struct('TemplateAttribute'),
          attributes(version, usageMask(0)),
          attributes(version, usageMask(2), named(freshName())),
        ]
      : [struct('Attributes'), attributes(version, usageMask(0))]
    for (const [index, list] of lists.entries()) {
      const value = randomBytes(2 ** (4 + 6 * index))
      const secret = struct(
        'SecretData',
        enumeration('SecretDataType', 1 + (index % 2)),
        keyBlock(index === 0 ? 'Raw' : 'Opaque', bytes('KeyMaterial', value)),
      )
      const id = await idFrom(connection, request(version, 'Register', objectType('SecretData'), list, secret))
      const { payload } = await ask(connection, get(version, id))
      t.ok(bytesAt(payload, 'SecretData', 'KeyBlock', 'KeyValue', 'KeyMaterial').equals(value))
      t.equal(valueAt(payload, 'SecretData', 'SecretDataType'), 1 + (index % 2))
    }
    const value = randomBytes(65_536)
    const opaque = struct('OpaqueObject', enumeration('OpaqueDataType', 0x80000001), bytes('OpaqueDataValue', value))
    const list = struct(isOld(version) ? 'TemplateAttribute' : 'Attributes')
    const id = await idFrom(connection, request(version, 'Register', objectType('OpaqueObject'), list, opaque))
    t.ok(bytesAt((await ask(connection, get(version, id))).payload, 'OpaqueObject', 'OpaqueDataValue').equals(value))
  }
})

const formatted = (version: Version, id: string, format: KeyFormatType): Buffer =>
  request(version, 'Get', uid(id), enumeration('KeyFormatType', KEY_FORMAT_TYPE.code[format]))

void test('1.4 §4.11 / 2.1 §6.1.19, behaviour 8: keys in the format that the client names', async (t) => {
  const connection = await session.connect(t)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicKey = createPublicKey(privateKey)
  const cases = [
    ['PrivateKey', 'PKCS_8', privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['PrivateKey', 'PKCS_1', privateKey.export({ type: 'pkcs1', format: 'der' })],
    ['PublicKey', 'X_509', publicKey.export({ type: 'spki', format: 'der' })],
    ['PublicKey', 'PKCS_1', publicKey.export({ type: 'pkcs1', format: 'der' })],
  ] as const
  for (const version of VERSIONS) {
    for (const [type, format, der] of cases) {
      const mask = usageMask(type === 'PrivateKey' ? 1 : 2)
      const list = attributes(version, algorithm('RSA'), cryptographicLength(2048), mask)
      const facts = { algorithm: 'RSA', length: 2048 } as const
      const key = struct(type, keyBlock(format, bytes('KeyMaterial', der), facts))
      const id = await idFrom(connection, request(version, 'Register', objectType(type), list, key))
      for (const [other, wanted, expected] of cases) {
        if (other !== type) continue
        const { payload } = await ask(connection, formatted(version, id, wanted))
        t.ok(bytesAt(payload, type, 'KeyBlock', 'KeyValue', 'KeyMaterial').equals(expected), `${format} as ${wanted}`)
      }
    }
    const id = await idFrom(connection, create(version))
    const raw = (await ask(connection, formatted(version, id, 'Raw'))).payload
    const transparent = (await ask(connection, formatted(version, id, 'TransparentSymmetricKey'))).payload
    t.ok(
      bytesAt(transparent, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial', 'Key').equals(
        bytesAt(raw, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial'),
      ),
    )
    for (const payload of [raw, transparent]) {
      t.equal(valueAt(payload, 'SymmetricKey', 'KeyBlock', 'CryptographicAlgorithm'), CRYPTOGRAPHIC_ALGORITHM.code.AES)
      t.equal(valueAt(payload, 'SymmetricKey', 'KeyBlock', 'CryptographicLength'), 256)
    }
  }
})

void test('1.4 §4.14, §4.15, behaviour 10: changes of Name, policy and dates come back, and take effect', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS.filter(isOld)) {
    const id = await idFrom(connection, create(version))
    const policy = attribute('OperationPolicyName', (tag) => text(tag, 'default'))
    const activation = attribute('ActivationDate', (tag) => date(tag, 1_500_000_000))
    const steps = [
      ['AddAttribute', named(freshName()), 'Name'],
      ['ModifyAttribute', named(freshName()), 'Name'],
      ['AddAttribute', policy, 'Operation Policy Name'],
      ['AddAttribute', activation, 'Activation Date'],
    ] as const
    for (const [operation, one, label] of steps) {
      const { status, payload } = await ask(connection, request(version, operation, uid(id), namedAttribute(one)))
      t.equal(status, 'Success', `${operation} ${label} in ${version}`)
      t.equal(valueAt(payload, 'Attribute', 'AttributeName'), label)
      t.strictSame(find(payload, 'Attribute', 'AttributeValue'), find(parse(namedAttribute(one)), 'AttributeValue'))
    }
    const state = attributeIn((await ask(connection, getState(version, id))).payload, 'State')
    t.equal(state?.value, STATE.code.Active, 'an Activation Date that has come activates')
  }
})

const passwordOf = (username: string): Buffer =>
  struct(
    'Credential',
    enumeration('CredentialType', CREDENTIAL_TYPE.code.UsernameAndPassword),
    struct('CredentialValue', text('Username', username), text('Password', 'secret')),
  )

void test('1.4 §6.6 / 2.1 §9.4, behaviour 11: credentials in the header, one or several, beside a certificate', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    for (const credentials of [[passwordOf('a')], [passwordOf('a'), passwordOf('b')]]) {
      const asked = message(
        version,
        [batchItem('Create', aesPayload(version))],
        [struct('Authentication', ...credentials)],
      )
      t.equal((await exchange(connection, asked)).first.status, 'Success')
    }
    const userOnly = struct(
      'Credential',
      enumeration('CredentialType', CREDENTIAL_TYPE.code.UsernameAndPassword),
      struct('CredentialValue', text('Username', 'a')),
    )
    const asked = message(version, [batchItem('Create', aesPayload(version))], [struct('Authentication', userOnly)])
    t.equal((await exchange(connection, asked)).first.status, 'Success', 'a user name alone')
  }
})

void test('1.4 §6.3 / 2.1 §9.13, behaviour 12: an answer never exceeds what the client takes, and pages hold together', async (t) => {
  const connection = await session.connect(t)
  const group = attribute('ObjectGroup', (tag) => text(tag, freshGroup))
  const made: string[] = []
  for (let count = 0; count < 40; count += 1) made.unshift(await idFrom(connection, create('1.0', group)))
  for (const version of VERSIONS) {
    const limited = (...fields: readonly Buffer[]): Buffer =>
      message(
        version,
        [batchItem('Locate', [...fields, ...filters(version, group)])],
        [int('MaximumResponseSize', 1024)],
      )
    const whole = await connection.ask(limited())
    t.ok(whole.length <= 1024)
    t.equal(valueAt(parse(whole), 'BatchItem', 'ResultReason'), 2, 'Response Too Large')
    const seen: string[] = []
    for (let round = 0; round < 9; round += 1) {
      const page = idsIn(
        (await exchange(connection, limited(int('MaximumItems', 10), int('OffsetItems', seen.length)))).first.payload,
      )
      if (page.length === 0) break
      seen.push(...page)
    }
    t.strictSame(seen, made)
  }
})

const freshGroup = freshName()

const parameters = (mode: 'CBC' | 'GCM', ...more: readonly Buffer[]): Buffer =>
  struct(
    'CryptographicParameters',
    enumeration('BlockCipherMode', BLOCK_CIPHER_MODE.code[mode]),
    enumeration('PaddingMethod', PADDING_METHOD.code[mode === 'CBC' ? 'PKCS5' : 'None']),
    enumeration('CryptographicAlgorithm', CRYPTOGRAPHIC_ALGORITHM.code.AES),
    ...more,
  )

const activeKey = async (connection: WireConnection, version: Version): Promise<string> => {
  const id = await idFrom(connection, create(version))
  await idFrom(connection, activate(version, id))
  return id
}

void test('1.4 §4.29, §4.30 / 2.1 §6.1.17, §6.1.11, behaviour 13: CBC with the IV of either side', async (t) => {
  const connection = await session.connect(t)
  const clear = randomBytes(96)
  for (const version of VERSIONS) {
    const id = await activeKey(connection, version)
    for (const given of [parameters('CBC'), parameters('CBC', bool('RandomIV', true)), CBC]) {
      const { payload } = await ask(connection, encrypt(version, id, given, clear))
      const iv = bytesAt(payload, 'IVCounterNonce')
      t.equal(iv.length, 16, 'the IV that the server chose')
      t.equal(bytesAt(payload, 'Data').length, 112)
      const opened = await ask(
        connection,
        request(
          version,
          'Decrypt',
          uid(id),
          given,
          bytes('Data', bytesAt(payload, 'Data')),
          bytes('IVCounterNonce', iv),
        ),
      )
      t.ok(bytesAt(opened.payload, 'Data').equals(clear))
    }
    const own = randomBytes(16)
    const [first, second] = [
      await ask(connection, encrypt(version, id, CBC, clear, own)),
      await ask(connection, encrypt(version, id, CBC, clear, own)),
    ]
    t.equal(find(first.payload, 'IVCounterNonce'), undefined, 'the IV of the client is the one that is used')
    t.ok(bytesAt(first.payload, 'Data').equals(bytesAt(second.payload, 'Data')))
    const listed = all(
      (await ask(connection, request(version, 'Query', enumeration('QueryFunction', 1)))).payload,
      'Operation',
    )
    t.equal(
      listed.some(({ value }) => value === OPERATION.code.Encrypt),
      inRange(version, { since: '1.2' }),
    )
  }
})

void test('1.4 §4.29, §4.30 / 2.1 §6.1.17, §6.1.11, behaviour 13: GCM with its tag where the version has it', async (t) => {
  const connection = await session.connect(t)
  const [clear, additional] = [randomBytes(50), Buffer.from('bucket/object')]
  for (const version of VERSIONS) {
    const id = await activeKey(connection, version)
    const given = parameters('GCM', bool('RandomIV', true), int('TagLength', 16))
    const aad = bytes('AuthenticatedEncryptionAdditionalData', additional)
    const { payload } = await ask(connection, request(version, 'Encrypt', uid(id), given, bytes('Data', clear), aad))
    const hasField = inRange(version, { since: '1.4' })
    const [data, iv] = [bytesAt(payload, 'Data'), bytesAt(payload, 'IVCounterNonce')]
    t.strictSame(
      [data.length, find(payload, 'AuthenticatedEncryptionTag') !== undefined],
      [hasField ? 50 : 66, hasField],
    )
    const tag = hasField ? [bytes('AuthenticatedEncryptionTag', bytesAt(payload, 'AuthenticatedEncryptionTag'))] : []
    const fields = [uid(id), given, bytes('Data', data), bytes('IVCounterNonce', iv)]
    const opened = await ask(connection, request(version, 'Decrypt', ...fields, aad, ...tag))
    t.ok(bytesAt(opened.payload, 'Data').equals(clear))
    const other = bytes('AuthenticatedEncryptionAdditionalData', Buffer.from('bucket/other'))
    t.equal((await ask(connection, request(version, 'Decrypt', ...fields, other, ...tag))).status, 'OperationFailed')
  }
})

const linkOf = async (connection: WireConnection, version: Version, id: string): Promise<readonly unknown[]> => {
  const { payload } = await ask(
    connection,
    request(version, 'GetAttributes', uid(id), ...attributeNames(version, 'Link')),
  )
  const link = attributeIn(payload, 'Link')
  return [valueAt(link, 'LinkType'), valueAt(link, 'LinkedObjectIdentifier')]
}

void test('1.4 §4.4, §4.5 / 2.1 §6.1.46, §6.1.47, behaviour 14: a key is replaced, its Name moves, the old one stays', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const [name, group] = [freshName(), freshName()]
    const old = await idFrom(
      connection,
      create(
        version,
        named(name),
        attribute('ObjectGroup', (tag) => text(tag, group)),
      ),
    )
    await idFrom(connection, activate(version, old))
    const fresh = await idFrom(connection, request(version, 'ReKey', uid(old)))
    t.not(fresh, old)
    t.strictSame(idsIn((await ask(connection, locate(version, named(name)))).payload), [fresh])
    t.strictSame(await linkOf(connection, version, old), [LINK_TYPE.code.ReplacementObjectLink, fresh])
    t.strictSame(await linkOf(connection, version, fresh), [LINK_TYPE.code.ReplacedObjectLink, old])
    const names = attributeNames(version, 'State', 'ObjectGroup')
    for (const id of [old, fresh]) {
      const { payload } = await ask(connection, request(version, 'GetAttributes', uid(id), ...names))
      t.equal(attributeIn(payload, 'State')?.value, STATE.code.Active)
      t.equal(attributeIn(payload, 'ObjectGroup')?.value, group)
    }
    t.equal((await ask(connection, revoke(version, old, 'Superseded'))).status, 'Success')
    t.equal((await ask(connection, destroy(version, old))).status, 'Success')
    t.strictSame(idsIn((await ask(connection, locate(version, named(name), inState('Active')))).payload), [fresh])
  }
})

void test('1.4 §4.5 / 2.1 §6.1.47, behaviour 14: a pair of keys is replaced by a pair', async (t) => {
  const connection = await session.connect(t)
  for (const version of ['1.0', '1.4', '2.1'] as const) {
    const common = isOld(version) ? 'CommonTemplateAttribute' : 'CommonAttributes'
    const [ofPrivate, ofPublic] = isOld(version)
      ? (['PrivateKeyTemplateAttribute', 'PublicKeyTemplateAttribute'] as const)
      : (['PrivateKeyAttributes', 'PublicKeyAttributes'] as const)
    const list = (
      tag: typeof common | typeof ofPrivate | typeof ofPublic,
      ...given: Parameters<typeof attributes> extends [unknown, ...infer T] ? T : never
    ) => struct(tag, attributes(version, ...given).subarray(8))
    const made = await ask(
      connection,
      request(
        version,
        'CreateKeyPair',
        list(common, algorithm('RSA'), cryptographicLength(2048)),
        list(ofPrivate, usageMask(1)),
        list(ofPublic, usageMask(2)),
      ),
    )
    const [privateId, publicId] = [
      textAt(made.payload, 'PrivateKeyUniqueIdentifier'),
      textAt(made.payload, 'PublicKeyUniqueIdentifier'),
    ]
    const replaced = await ask(
      connection,
      request(version, 'ReKeyKeyPair', text('PrivateKeyUniqueIdentifier', privateId)),
    )
    t.equal(replaced.status, 'Success')
    t.notOk([privateId, publicId].includes(textAt(replaced.payload, 'PrivateKeyUniqueIdentifier')))
    t.notOk([privateId, publicId].includes(textAt(replaced.payload, 'PublicKeyUniqueIdentifier')))
    t.equal((await ask(connection, get(version, privateId))).status, 'Success', 'the old pair is still there')
  }
})

void test('1.4 §4.25 / 2.1 §6.1.40, behaviour 15: every function by itself, and what nobody knows', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    for (let code = 1; code <= 14; code += 1) {
      const { status, payload } = await ask(connection, request(version, 'Query', enumeration('QueryFunction', code)))
      t.equal(status, 'Success', `function ${code} in ${version}`)
      if (code === 3) t.not(textAt(payload, 'VendorIdentification'), '')
    }
  }
  t.equal(
    (await ask(connection, request('1.4', 'Query', enumeration('QueryFunction', 0x7f)))).status,
    'OperationFailed',
  )
  const stranger = struct(
    'RequestMessage',
    struct('RequestHeader', protocolVersion(9, 0), int('BatchCount', 1)),
    batchItem('Query', [enumeration('QueryFunction', 1)]),
  )
  t.equal((await exchange(connection, stranger)).first.status, 'OperationFailed')
})

void test('every rule and every behaviour has its test', (t) => {
  const titles = ['rules', 'behaviours', 'connections']
    .map((name) => readFileSync(join(import.meta.dirname, `${name}.test.ts`), 'utf8'))
    .flatMap((source) => [...source.matchAll(/^(?: {2})?void test\(['`](.*)['`], /gm)].map(([, title]) => title ?? ''))
  const proven = (word: string): ReadonlySet<number> =>
    new Set(
      titles
        .flatMap((title) =>
          [...title.matchAll(new RegExp(`${word}s? ([\\d, and]+):`, 'g'))].map(([, list]) => list ?? ''),
        )
        .flatMap((list) => [...list.matchAll(/\d+/g)].map(Number)),
    )
  for (let rule = 1; rule <= 25; rule += 1) t.ok(proven('rule').has(rule), `rule ${rule}`)
  for (let behaviour = 1; behaviour <= 15; behaviour += 1)
    t.ok(proven('behaviour').has(behaviour), `behaviour ${behaviour}`)
  t.end()
})
