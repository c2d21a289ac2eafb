import { randomBytes } from 'node:crypto'
import { t as file, test } from 'tap'
import type { ResultReason } from '../../src/protocol/enumerations.ts'
import { staysFlat } from '../helpers/growth.ts'
import { SMALL_HEAP, type WireConnection } from '../helpers/server.ts'
import { all, attribute, attributes, bytes, enumeration, request, struct, text } from './message.ts'
import {
  activate,
  aesPayload,
  create,
  createWith,
  cryptographicLength,
  encrypt,
  ENCRYPT_DECRYPT,
  gcm,
  locate,
  named,
  registerAes,
  uid,
  usageMask,
} from './requests.ts'
import { answersWell, ask, idFrom, startSession } from './session.ts'

/*
 * Numbers that no enumeration has (the numbered bad input 32), and the memory of a server that gets them, and other
 * values that cannot be, by the thousand.
 */

const session = await startSession(file, ['--log-level', 'silent'], SMALL_HEAP)

const REASONS = { '1.4': ['InvalidField'], '2.1': ['UnknownEnumeration'] } as const satisfies Record<
  string,
  readonly ResultReason[]
>

type TestVersion = keyof typeof REASONS

const mode = (code: number): Buffer => struct('CryptographicParameters', enumeration('BlockCipherMode', code))

type Row = readonly [title: string, message: (version: TestVersion, name: string, key: string) => Buffer]

const ROWS: readonly Row[] = [
  [
    'a Cryptographic Algorithm 7F in Create',
    (version, name) =>
      createWith(
        version,
        attribute('CryptographicAlgorithm', (tag) => enumeration(tag, 0x7f)),
        cryptographicLength(256),
        usageMask(ENCRYPT_DECRYPT),
        named(name),
      ),
  ],
  ...[0, 0x7f, 0x7fffffff].map((type): Row => [
    `an Object Type ${type.toString(16)} in Create`,
    (version, name) =>
      request(version, 'Create', enumeration('ObjectType', type), ...aesPayload(version, named(name)).slice(1)),
  ]),
  [
    'a Name Type 99',
    (version, name) =>
      createWith(
        version,
        cryptographicLength(256),
        attribute('Name', (tag) => struct(tag, text('NameValue', name), enumeration('NameType', 0x99))),
      ),
  ],
  ['a Block Cipher Mode 99', (version, _name, key) => encrypt(version, key, mode(0x99), Buffer.alloc(16))],
  ['a Query Function 7F', (version) => request(version, 'Query', enumeration('QueryFunction', 0x7f))],
  [
    'a Key Format Type 7F in Get',
    (version, _name, key) => request(version, 'Get', uid(key), enumeration('KeyFormatType', 0x7f)),
  ],
  [
    'a Revocation Reason Code 7F',
    (version, _name, key) =>
      request(version, 'Revoke', uid(key), struct('RevocationReason', enumeration('RevocationReasonCode', 0x7f))),
  ],
  [
    'an Object Type 7F in Register',
    (version, name) =>
      request(
        version,
        'Register',
        enumeration('ObjectType', 0x7f),
        attributes(version, named(name)),
        struct('SymmetricKey'),
      ),
  ],
]

const activeKey = async (connection: WireConnection, version: TestVersion): Promise<string> => {
  const id = await idFrom(connection, create(version))
  return idFrom(connection, activate(version, id))
}

for (const version of ['1.4', '2.1'] as const) {
  for (const [title, message] of ROWS) {
    void test(`row 32, 1.4 §11.1 / 2.1 §11.46: ${title} (${version})`, async (t) => {
      const connection = await session.connect(t)
      const name = `enumeration ${version} ${title}`
      const key = await activeKey(connection, version)
      const { status, reason } = await ask(connection, message(version, name, key))
      t.equal(status, 'OperationFailed')
      t.same(REASONS[version], [reason])
      const { payload } = await ask(connection, locate('2.1', named(name)))
      t.same(all(payload, 'UniqueIdentifier'), [], 'nothing is left behind')
      t.ok(await answersWell(connection, version), 'the connection stays')
    })
  }
}

void test('rows 32, 33, 36 and 38: values that cannot be, by the thousand, leave the memory as it is', async (t) => {
  const connection = await session.connect(t)
  const version = '2.1'
  const key = await activeKey(connection, version)
  const others = [
    createWith(version, cryptographicLength(127), usageMask(ENCRYPT_DECRYPT)),
    encrypt(version, key, gcm(17), Buffer.alloc(64)),
    request(
      version,
      'Decrypt',
      uid(key),
      gcm(16),
      bytes('Data', randomBytes(64)),
      bytes('IVCounterNonce', Buffer.alloc(12)),
    ),
    registerAes(version, randomBytes(17), [], 128),
  ]
  const messages = [...ROWS.map(([, message]) => message(version, 'never', key)), ...others]
  const round = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) for (const message of messages) await connection.ask(message)
  }
  await round(50)
  t.ok(await staysFlat(session.server, 1, () => round(150)))
  t.ok(await answersWell(connection, version))
})
