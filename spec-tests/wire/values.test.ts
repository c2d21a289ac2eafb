import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { t as file, test, type Test } from 'tap'
import {
  CERTIFICATE_TYPE,
  CRYPTOGRAPHIC_USAGE_MASK,
  RECOMMENDED_CURVE,
  type ResultReason,
  STATE,
} from '../../src/protocol/enumerations.ts'
import type { WireConnection } from '../helpers/server.ts'
import {
  all,
  attribute,
  type Attribute,
  attributes,
  batchItem,
  big,
  bytes,
  date,
  enumeration,
  int,
  message,
  newAttribute,
  request,
  struct,
  text,
  valueAt,
} from './message.ts'
import {
  activate,
  aesPayload,
  algorithm,
  CBC,
  create,
  createWith,
  cryptographicLength,
  destroy,
  encrypt,
  ENCRYPT_DECRYPT,
  gcm,
  get,
  getState,
  keyBlock,
  locate,
  named,
  objectType,
  registerAes,
  revoke,
  uid,
  usageMask,
} from './requests.ts'
import { answersWell, ask, exchange, idFrom, startSession } from './session.ts'

/*
 * Requests that are well formed and ask for what cannot be, over TLS (the numbered bad inputs 33 to 38 and 41): the
 * item fails with a reason that says why, nothing is left behind, and the connection stays.
 */

const VERSIONS = ['1.4', '2.1'] as const

type TestVersion = (typeof VERSIONS)[number]

const session = await startSession(file, ['--log-level', 'silent'])

let names = 0

const freshName = (): string => `values-${(names += 1)}`

const isFree = async (connection: WireConnection, name: string): Promise<boolean> =>
  all((await ask(connection, locate('2.1', named(name)))).payload, 'UniqueIdentifier').length === 0

const inVersions = (
  title: string,
  run: (t: Test, version: TestVersion, connection: WireConnection) => Promise<void>,
): void => {
  for (const version of VERSIONS) {
    void test(`${title} (${version})`, async (t) => {
      const connection = await session.connect(t)
      await run(t, version, connection)
      t.ok(await answersWell(connection, version), 'the connection stays')
    })
  }
}

type Reasons = Readonly<Record<TestVersion, readonly ResultReason[]>>

/** 2.x has finer reasons for what 1.x calls an invalid field. */
const BAD_VALUE: Reasons = {
  '1.4': ['InvalidField'],
  '2.1': ['InvalidField', 'InvalidAttributeValue', 'BadCryptographicParameters', 'UnsupportedCryptographicParameters'],
}

const BAD_KEY: Reasons = {
  '1.4': ['InvalidField', 'CryptographicFailure', 'KeyFormatTypeNotSupported'],
  '2.1': ['InvalidField', 'InvalidAttributeValue', 'CryptographicFailure', 'KeyFormatTypeNotSupported'],
}

const failsWith = async (
  t: Test,
  connection: WireConnection,
  sent: Buffer,
  reasons: readonly ResultReason[],
): Promise<void> => {
  const { status, reason, message } = await ask(connection, sent)
  t.equal(status, 'OperationFailed')
  t.ok(reason !== undefined && reasons.includes(reason), `${reason ?? 'no reason'}: ${message ?? ''}`)
}

// Row 33: lengths and masks -------------------------------------------------------------------------------------------

for (const bits of [0, 1, 127, -8, 0x7fffffff]) {
  inVersions(`row 33, 1.4 §3.5 / 2.1 §4.17: an AES key of ${bits} bits`, async (t, version, connection) => {
    const name = freshName()
    const list = [algorithm('AES'), cryptographicLength(bits), usageMask(ENCRYPT_DECRYPT), named(name)]
    await failsWith(t, connection, createWith(version, ...list), BAD_VALUE[version])
    t.ok(await isFree(connection, name), 'nothing is left behind')
  })
}

const keyPair = (version: TestVersion, ...list: readonly Attribute[]): Buffer => {
  const common = attributes(version, ...list)
  const tag = version === '1.4' ? 'CommonTemplateAttribute' : 'CommonAttributes'
  return request(version, 'CreateKeyPair', struct(tag, common.subarray(8)))
}

for (const bits of [15_360, 0, -1, 512]) {
  inVersions(`row 33, 1.4 §3.5 / 2.1 §4.17: an RSA key pair of ${bits} bits`, async (t, version, connection) => {
    const list = [algorithm('RSA'), cryptographicLength(bits), usageMask(3)]
    await failsWith(t, connection, keyPair(version, ...list), BAD_VALUE[version])
  })
}

inVersions('row 33, 1.4 §3.19 / 2.1 §4.18: usage bits that do not exist', async (t, version, connection) => {
  const list = [algorithm('AES'), cryptographicLength(256), usageMask(0x40000000)]
  await failsWith(t, connection, createWith(version, ...list), BAD_VALUE[version])
})

// Row 34: identifiers of others ---------------------------------------------------------------------------------------

void test('row 34, 1.4 §4 / 2.1 §6: the object of another client is as absent as one that does not exist', async (t) => {
  const [alice, bob] = [await session.addClient('alice'), await session.addClient('bob')]
  const [owner, stranger, admin] = [
    await session.connect(t, alice),
    await session.connect(t, bob),
    await session.connect(t),
  ]
  for (const version of VERSIONS) {
    const name = freshName()
    const id = await idFrom(owner, create(version, named(name)))
    const attempts = (target: string): readonly Buffer[] => [
      get(version, target),
      getState(version, target),
      request(version, 'GetAttributeList', uid(target)),
      request(version, 'AddAttribute', uid(target), newAttribute(version, named('taken'))),
      request(version, 'ModifyAttribute', uid(target), newAttribute(version, named('taken'))),
      activate(version, target),
      revoke(version, target, 'CessationOfOperation'),
      encrypt(version, target, CBC, Buffer.alloc(16)),
      request(version, 'ReKey', uid(target)),
      destroy(version, target),
    ]
    const absent = attempts('01900000-0000-7000-8000-000000000000')
    for (const [index, sent] of attempts(id).entries()) {
      const theirs = await ask(stranger, sent)
      const nobodys = await ask(stranger, absent[index] ?? sent)
      t.match(theirs, { status: 'OperationFailed', reason: version === '1.4' ? 'ItemNotFound' : 'ObjectNotFound' })
      t.equal(theirs.message, nobodys.message, `${theirs.operation ?? ''}: the same words`)
      t.equal(theirs.reason, nobodys.reason, `${theirs.operation ?? ''}: the same reason`)
    }
    t.ok(await isFree(stranger, name), 'Locate does not find it')
    t.equal((await ask(owner, get(version, id))).status, 'Success', 'the owner still has it')
    t.equal((await ask(admin, get(version, id))).status, 'Success', 'the administrator sees all')
  }
})

// Row 35: states ------------------------------------------------------------------------------------------------------

const WRONG_STATE: Reasons = { '1.4': ['PermissionDenied'], '2.1': ['WrongKeyLifecycleState'] }
const DESTROYED: Reasons = { '1.4': ['PermissionDenied'], '2.1': ['ObjectDestroyed', 'WrongKeyLifecycleState'] }
/** A key that is gone cannot be given out, which 1.x says in the words of the published cases. */
const GONE: Reasons = { '1.4': ['ItemNotFound'], '2.1': ['ObjectDestroyed'] }

type Path = 'Activate' | 'Deactivate' | 'Compromise' | 'Destroy'

const STEPS: Readonly<Record<Path, (version: TestVersion, id: string) => Buffer>> = {
  Activate: activate,
  Deactivate: (version, id) => revoke(version, id, 'CessationOfOperation'),
  Compromise: (version, id) => revoke(version, id, 'KeyCompromise'),
  Destroy: destroy,
}

const PLAIN = Buffer.from('sixteen bytes!!!')

const STATES: readonly (readonly [
  title: string,
  steps: readonly Path[],
  attempt: Path | 'Encrypt' | 'Get',
  reasons: Reasons,
])[] = [
  ['Encrypt with a Pre-Active key', [], 'Encrypt', WRONG_STATE],
  ['Encrypt with a Deactivated key', ['Activate', 'Deactivate'], 'Encrypt', WRONG_STATE],
  ['Encrypt with a Compromised key', ['Activate', 'Compromise'], 'Encrypt', WRONG_STATE],
  ['Encrypt with a Destroyed key', ['Destroy'], 'Encrypt', DESTROYED],
  ['Get of a Destroyed key', ['Destroy'], 'Get', GONE],
  ['Get of a Destroyed Compromised key', ['Compromise', 'Destroy'], 'Get', GONE],
  ['Destroy of an Active key', ['Activate'], 'Destroy', WRONG_STATE],
  ['Destroy of a Destroyed key', ['Destroy'], 'Destroy', DESTROYED],
  ['Activate of an Active key', ['Activate'], 'Activate', WRONG_STATE],
  ['Activate of a Deactivated key', ['Activate', 'Deactivate'], 'Activate', WRONG_STATE],
]

for (const [title, steps, attempt, reasons] of STATES) {
  inVersions(`row 35, 1.4 §3.22 / 2.1 §4.57: ${title}`, async (t, version, connection) => {
    const id = await idFrom(connection, create(version))
    for (const step of steps) await idFrom(connection, STEPS[step](version, id))
    const before = valueAt((await ask(connection, getState(version, id))).payload)
    const sent =
      attempt === 'Encrypt'
        ? encrypt(version, id, CBC, PLAIN)
        : attempt === 'Get'
          ? get(version, id)
          : STEPS[attempt](version, id)
    await failsWith(t, connection, sent, reasons[version])
    t.equal(valueAt((await ask(connection, getState(version, id))).payload), before, 'the state is what it was')
  })
}

inVersions(
  'row 35, 1.4 §3.22 / 2.1 §4.57: what a key has encrypted is decrypted after its end',
  async (t, version, connection) => {
    for (const end of ['Deactivate', 'Compromise'] as const) {
      const id = await idFrom(connection, create(version))
      await idFrom(connection, STEPS.Activate(version, id))
      const { payload } = await ask(connection, encrypt(version, id, CBC, PLAIN))
      await idFrom(connection, STEPS[end](version, id))
      const decrypted = await ask(
        connection,
        request(
          version,
          'Decrypt',
          uid(id),
          CBC,
          bytes('Data', bytesAt(payload, 'Data')),
          bytes('IVCounterNonce', bytesAt(payload, 'IVCounterNonce')),
        ),
      )
      t.ok(PLAIN.equals(bytesAt(decrypted.payload, 'Data')), end)
    }
  },
)

const bytesAt = (
  node: Parameters<typeof valueAt>[0],
  tag: 'Data' | 'IVCounterNonce' | 'AuthenticatedEncryptionTag',
): Buffer => {
  const value = valueAt(node, tag)
  if (!Buffer.isBuffer(value)) throw new Error(`no ${tag}`)
  return value
}

// Row 36: encryption --------------------------------------------------------------------------------------------------

const activeKey = async (connection: WireConnection, version: TestVersion): Promise<string> => {
  const id = await idFrom(connection, create(version))
  await idFrom(connection, activate(version, id))
  return id
}

for (const length of [0, 1, 3, 17, -1]) {
  inVersions(`row 36, 1.4 §4.29 / 2.1 §6.1.18: GCM with a tag of ${length} bytes`, async (t, version, connection) => {
    const id = await activeKey(connection, version)
    // The reason that the published cases of every version show (CS-BC-M-GCM-1).
    await failsWith(t, connection, encrypt(version, id, gcm(length), PLAIN), ['GeneralFailure'])
  })
}

inVersions('row 36, 1.4 §4.29 / 2.1 §6.1.18: GCM with an IV of no bytes', async (t, version, connection) => {
  const id = await activeKey(connection, version)
  await failsWith(t, connection, encrypt(version, id, gcm(16), PLAIN, Buffer.alloc(0)), [
    ...BAD_VALUE[version],
    'CryptographicFailure',
  ])
})

inVersions(
  'row 36, 1.4 §4.30 / 2.1 §6.1.14: what does not decrypt fails in the same words',
  async (t, version, connection) => {
    const id = await activeKey(connection, version)
    const decrypt = (parameters: Buffer, data: Buffer, iv: Buffer, tag?: Buffer): Buffer =>
      request(
        version,
        'Decrypt',
        uid(id),
        parameters,
        bytes('Data', data),
        bytes('IVCounterNonce', iv),
        ...(tag === undefined ? [] : [bytes('AuthenticatedEncryptionTag', tag)]),
      )
    const { payload } = await ask(connection, encrypt(version, id, gcm(16), PLAIN))
    const [data, iv, tag] = [
      bytesAt(payload, 'Data'),
      bytesAt(payload, 'IVCounterNonce'),
      bytesAt(payload, 'AuthenticatedEncryptionTag'),
    ]
    t.ok(
      PLAIN.equals(bytesAt((await ask(connection, decrypt(gcm(16), data, iv, tag))).payload, 'Data')),
      'the real one decrypts',
    )
    const flipped = (original: Buffer): Buffer =>
      Buffer.from(original.map((octet, at) => (at === 0 ? octet ^ 1 : octet)))
    const failures = [
      await ask(connection, decrypt(gcm(16), data, iv, flipped(tag))),
      await ask(connection, decrypt(gcm(16), flipped(data), iv, tag)),
      await ask(connection, decrypt(gcm(16), data, flipped(iv), tag)),
      // Of a random block one in some 250 has padding by chance: three blocks that all do are not to be expected.
      ...(
        await Promise.all([1, 2, 3].map(() => ask(connection, decrypt(CBC, randomBytes(16), randomBytes(16)))))
      ).filter(({ status }) => status !== 'Success'),
    ]
    t.ok(failures.length > 3)
    for (const { reason, message } of failures) {
      t.equal(reason, 'CryptographicFailure')
      t.equal(message, failures[0]?.message)
    }
  },
)

// Row 37: Locate ------------------------------------------------------------------------------------------------------

const located = (version: TestVersion, ...fields: readonly Buffer[]): Buffer => request(version, 'Locate', ...fields)

for (const [title, field] of [
  ['Maximum Items -1', int('MaximumItems', -1)],
  ['Offset Items -1', int('OffsetItems', -1)],
] as const) {
  inVersions(`row 37, 1.4 §4.9 / 2.1 §6.1.28: ${title}`, async (t, version, connection) => {
    await failsWith(t, connection, located(version, field), ['InvalidField'])
  })
}

inVersions(
  'row 37, 1.4 §4.9 / 2.1 §6.1.28: Maximum Items and Offset Items past all objects',
  async (t, version, connection) => {
    await idFrom(connection, create(version))
    const most = await ask(connection, located(version, int('MaximumItems', 0x7fffffff)))
    t.ok(all(most.payload, 'UniqueIdentifier').length > 0)
    const past = await ask(connection, located(version, int('OffsetItems', 0x7fffffff)))
    t.match(past, { status: 'Success' })
    t.equal(all(past.payload, 'UniqueIdentifier').length, 0)
  },
)

inVersions(
  'row 37, 1.4 §4.9 / 2.1 §6.1.28: no more than 1,000 objects at once, whatever is asked',
  async (t, version, connection) => {
    if (version === '1.4') {
      const items = Array.from({ length: 50 }, (_, index) =>
        batchItem('Create', aesPayload(version), Buffer.from([index])),
      )
      for (let count = 0; count < 21; count += 1)
        t.equal((await exchange(connection, message(version, items))).items.length, 50)
    }
    const { payload } = await ask(connection, located(version))
    t.equal(all(payload, 'UniqueIdentifier').length, 1_000)
  },
)

// Row 38: keys that are none ------------------------------------------------------------------------------------------

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const numberOf = (name: string): Buffer => {
  const value = RSA.privateKey.export({ format: 'jwk' })[name]
  const unsigned = Buffer.from(typeof value === 'string' ? value : '', 'base64url')
  const room = Buffer.alloc(8 * Math.ceil((unsigned.length + 1) / 8))
  unsigned.copy(room, room.length - unsigned.length)
  return room
}

const even = (value: Buffer): Buffer =>
  Buffer.from(value.map((octet, at) => (at === value.length - 1 ? octet & 0xfe : octet)))

const ONE = Buffer.from('0000000000000001', 'hex')

const rsaPublic = (modulus: Buffer, exponent: Buffer): Buffer =>
  keyBlock('TransparentRSAPublicKey', struct('KeyMaterial', big('Modulus', modulus), big('PublicExponent', exponent)), {
    algorithm: 'RSA',
    length: 2048,
  })

/** DER of structures in structures. */
const bomb = (depth: number): Buffer => Buffer.concat(Array.from({ length: depth }, () => Buffer.from('3080', 'hex')))

const spki = EC.publicKey.export({ format: 'der', type: 'spki' })

const offCurve = Buffer.from(spki.map((octet, at) => (at === spki.length - 1 ? octet ^ 1 : octet)))

const ecPublic = (point: Buffer): Buffer =>
  keyBlock(
    'TransparentECPublicKey',
    struct('KeyMaterial', enumeration('RecommendedCurve', RECOMMENDED_CURVE.code.P_256), bytes('QString', point)),
    { algorithm: 'EC', length: 256 },
  )

const der = (format: 'X_509' | 'PKCS_8' | 'PKCS_1', material: Buffer, name: 'RSA' | 'EC', length: number): Buffer =>
  keyBlock(format, bytes('KeyMaterial', material), { algorithm: name, length })

const certificate = (value: Buffer): Buffer =>
  struct('Certificate', enumeration('CertificateType', CERTIFICATE_TYPE.code.X_509), bytes('CertificateValue', value))

const BAD_OBJECTS: readonly (readonly [
  title: string,
  type: 'PublicKey' | 'PrivateKey' | 'Certificate',
  object: Buffer,
])[] = [
  ['an RSA modulus that is even', 'PublicKey', struct('PublicKey', rsaPublic(even(numberOf('n')), numberOf('e')))],
  ['an RSA exponent of 1', 'PublicKey', struct('PublicKey', rsaPublic(numberOf('n'), ONE))],
  [
    'an RSA private key of twice the same prime',
    'PrivateKey',
    struct(
      'PrivateKey',
      keyBlock(
        'TransparentRSAPrivateKey',
        struct(
          'KeyMaterial',
          big('Modulus', numberOf('n')),
          big('PrivateExponent', numberOf('d')),
          big('PublicExponent', numberOf('e')),
          big('P', numberOf('p')),
          big('Q', numberOf('p')),
        ),
        { algorithm: 'RSA', length: 2048 },
      ),
    ),
  ],
  [
    'a point off its curve in SubjectPublicKeyInfo',
    'PublicKey',
    struct('PublicKey', der('X_509', offCurve, 'EC', 256)),
  ],
  ['a point off its curve', 'PublicKey', struct('PublicKey', ecPublic(offCurve.subarray(-65)))],
  ['a point that is no point', 'PublicKey', struct('PublicKey', ecPublic(Buffer.alloc(65)))],
  ['a private key of nested DER', 'PrivateKey', struct('PrivateKey', der('PKCS_8', bomb(100_000), 'RSA', 2048))],
  ['a public key of nested DER', 'PublicKey', struct('PublicKey', der('X_509', bomb(100_000), 'RSA', 2048))],
  ['a private key of no bytes', 'PrivateKey', struct('PrivateKey', der('PKCS_1', Buffer.alloc(0), 'RSA', 2048))],
  [
    'a key that is longer than it says',
    'PublicKey',
    struct('PublicKey', der('X_509', RSA.publicKey.export({ format: 'der', type: 'spki' }), 'RSA', 1024)),
  ],
  ['a certificate of nested DER', 'Certificate', certificate(bomb(100_000))],
  ['a certificate of random bytes', 'Certificate', certificate(randomBytes(512))],
  ['a certificate of no bytes', 'Certificate', certificate(Buffer.alloc(0))],
]

for (const [title, type, object] of BAD_OBJECTS) {
  inVersions(`row 38, 1.4 §4.3 / 2.1 §6.1.45: Register of ${title}`, async (t, version, connection) => {
    const name = freshName()
    const mask = CRYPTOGRAPHIC_USAGE_MASK.of('Sign', 'Verify')
    const payload = [objectType(type), attributes(version, usageMask(mask), named(name)), object]
    await failsWith(t, connection, request(version, 'Register', ...payload), BAD_KEY[version])
    t.ok(await isFree(connection, name), 'nothing is left behind')
  })
}

for (const [stated, real] of [
  [256, 16],
  [128, 17],
  [192, 0],
] as const) {
  inVersions(
    `row 38, 1.4 §4.3 / 2.1 §6.1.45: Register of an AES key of ${real} bytes that is said to have ${stated} bits`,
    async (t, version, connection) => {
      const name = freshName()
      await failsWith(t, connection, registerAes(version, randomBytes(real), [named(name)], stated), BAD_KEY[version])
      t.ok(await isFree(connection, name), 'nothing is left behind')
    },
  )
}

inVersions(
  'row 38, 1.4 §11.1 / 2.1 §11.46: a certificate of 10 MiB ends the connection at its header',
  async (t, version) => {
    const connection = await session.connect(t)
    const payload = [objectType('Certificate'), attributes(version), certificate(Buffer.alloc(10 * 1_048_576))]
    connection.write(request(version, 'Register', ...payload))
    const reply = await connection.next()
    t.ok(reply === undefined || reply.length < 1_024)
    await connection.closed
  },
)

// Row 41: attributes and names ----------------------------------------------------------------------------------------

const READ_ONLY: readonly Attribute[] = [
  attribute('State', (tag) => enumeration(tag, STATE.code.Active)),
  attribute('UniqueIdentifier', (tag) => text(tag, 'mine')),
  attribute('InitialDate', (tag) => date(tag, 1_000_000_000)),
  attribute('CryptographicLength', (tag) => int(tag, 128)),
  attribute('LastChangeDate', (tag) => date(tag, 1_000_000_000)),
]

for (const one of READ_ONLY) {
  inVersions(
    `row 41, 1.4 §4.15 / 2.1 §6.1.34: ${one.label} is not for clients to modify`,
    async (t, version, connection) => {
      const id = await idFrom(connection, create(version))
      await failsWith(
        t,
        connection,
        request(version, 'ModifyAttribute', uid(id), newAttribute(version, one)),
        version === '1.4' ? ['PermissionDenied'] : ['AttributeReadOnly', 'ReadOnlyAttribute'],
      )
      t.equal(
        valueAt((await ask(connection, getState(version, id))).payload, 'UniqueIdentifier'),
        id,
        'the object is as it was',
      )
    },
  )
}

inVersions('row 41, 1.4 §3.2 / 2.1 §4.30: of clients that want the same Name, one gets it', async (t, version) => {
  const name = freshName()
  const racers = await Promise.all(Array.from({ length: 8 }, () => session.connect(t)))
  const items = await Promise.all(racers.map((connection) => ask(connection, create(version, named(name)))))
  t.equal(items.filter(({ status }) => status === 'Success').length, 1)
  for (const { status, reason } of items) {
    if (status !== 'Success') t.equal(reason, version === '1.4' ? 'InvalidField' : 'NonUniqueNameAttribute')
  }
})
