import { randomBytes } from 'node:crypto'
import { t as file, test, type Test } from 'tap'
import { COMPATIBILITY_PROFILES, type ProfileName, SWITCHES } from '../../src/domain/compatibility.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import { kmipdBeside } from '../helpers/commands.ts'
import { identityOf, type WireConnection } from '../helpers/server.ts'
import {
  all,
  attribute,
  batchItem,
  bytes,
  message,
  namedAttribute,
  type Node,
  request,
  struct,
  text,
  valueAt,
} from '../wire/message.ts'
import { activate, CBC, create, encrypt, get, gcm, named, revoke, uid } from '../wire/requests.ts'
import { ask, exchange, idFrom, startSession } from '../wire/session.ts'

/*
 * What single clients are granted beyond the standard: only where the administrator says so, and from then on.
 */

const session = await startSession(file, ['--log-level', 'silent'])

const kmipd = (...words: readonly string[]): Promise<void> => kmipdBeside(session.server.data, ...words)

/** A connection of a client with these profiles. */
const connectAs = async (t: Test, name: string, ...profiles: readonly ProfileName[]): Promise<WireConnection> => {
  const flags = profiles.flatMap((profile) => ['--profile', profile])
  await kmipd('client', 'add', name, ...flags)
  return session.connect(t, await identityOf(session.server.data, name))
}

/** A text of three bytes whose padding is not zero. */
const paddedWithRubbish = (message: Buffer): Buffer => {
  const at = message.indexOf('abc')
  const damaged = Buffer.from(message)
  damaged.fill(0xee, at + 3, at + 8)
  return damaged
}

void test('1.4 §9.1.1.4 / 2.1 §10.1.4, db2-padding: what pads a value does not matter, to that client alone', async (t) => {
  const connection = await connectAs(t, 'db2', 'db2-padding')
  for (const version of VERSIONS) {
    const asked = paddedWithRubbish(request(version, 'Locate', ...locateGroup(version)))
    t.equal((await ask(connection, asked)).status, 'Success', version)
    const plain = await session.connect(t)
    t.match((await exchange(plain, asked)).first, { status: 'OperationFailed' })
    await plain.closed
  }
  const short = message('1.4', [batchItem('Get', [uid('abc')])]).subarray(0, -8)
  short.writeUInt32BE(short.length - 8, 4)
  t.equal((await exchange(connection, short)).first.status, 'OperationFailed', 'lengths still have to be right')
})

const locateGroup = (version: string): readonly Buffer[] => {
  const group = attribute('ObjectGroup', (tag) => text(tag, 'abc'))
  return version.startsWith('1') ? [namedAttribute(group)] : [struct('Attributes', group.write('ObjectGroup'))]
}

const dataIn = (payload: Node | undefined, tag: 'Data' | 'IVCounterNonce'): Buffer => {
  const value = valueAt(payload, tag)
  if (!Buffer.isBuffer(value)) throw new Error(`no ${tag}`)
  return value
}

const key = async (connection: WireConnection): Promise<string> => {
  const id = await idFrom(connection, create('1.2'))
  await idFrom(connection, activate('1.2', id))
  return id
}

const decrypt = (id: string, parameters: Buffer, data: Buffer, ...more: readonly Buffer[]): Buffer =>
  request('1.2', 'Decrypt', uid(id), parameters, bytes('Data', data), ...more)

void test('1.4 §4.30 / 2.1 §6.1.11, edb-thales: the IV in front of the data', async (t) => {
  const clear = randomBytes(48)
  const [granted, plain] = [await connectAs(t, 'edb', 'edb-thales'), await session.connect(t)]
  for (const connection of [granted, plain]) {
    const id = await key(connection)
    const { payload } = await ask(connection, encrypt('1.2', id, CBC, clear))
    const [iv, data] = [dataIn(payload, 'IVCounterNonce'), dataIn(payload, 'Data')]
    const joined = await ask(connection, decrypt(id, CBC, Buffer.concat([iv, data])))
    if (connection === granted) t.ok(dataIn(joined.payload, 'Data').equals(clear))
    else t.notOk(joined.status === 'Success' && dataIn(joined.payload, 'Data').equals(clear), 'nobody else')
    const apart = await ask(connection, decrypt(id, CBC, data, bytes('IVCounterNonce', iv)))
    t.ok(dataIn(apart.payload, 'Data').equals(clear), 'an IV of its own counts')
  }
  const id = await key(granted)
  for (const data of [randomBytes(16), Buffer.alloc(0)])
    t.equal((await ask(granted, decrypt(id, CBC, data))).status, 'OperationFailed')
  const sealed = await ask(granted, encrypt('1.2', id, gcm(16), clear))
  const joined = Buffer.concat([dataIn(sealed.payload, 'IVCounterNonce'), dataIn(sealed.payload, 'Data')])
  t.equal((await ask(granted, decrypt(id, gcm(16), joined))).status, 'OperationFailed', 'CBC alone')
})

void test('1.4 §3.2, §4.1, fortigate: whoever makes a key that is there gets that key', async (t) => {
  const gateway = await connectAs(t, 'gate', 'fortigate')
  const identity = await identityOf(session.server.data, 'gate')
  for (const version of ['1.0', '1.4', '2.1'] as const) {
    const name = named(`tunnel-ENC-AES-16 ${version}`)
    const peers = await Promise.all(Array.from({ length: 4 }, () => session.connect(t, identity)))
    const made = await Promise.all(peers.map((peer) => idFrom(peer, create(version, name))))
    t.equal(new Set(made).size, 1, 'at the same time')
    const [id = ''] = made
    t.equal(await idFrom(gateway, create(version, name)), id, 'and later')
    await idFrom(gateway, activate(version, id))
    t.equal(await idFrom(gateway, create(version, name)), id, 'an Active one')
    t.equal((await ask(gateway, get(version, id))).status, 'Success')
    await idFrom(gateway, revoke(version, id, 'CessationOfOperation'))
    t.equal((await ask(gateway, create(version, name))).status, 'OperationFailed', 'not one that is of no use')
    const another = await session.connect(t)
    t.equal((await ask(another, create(version, name))).status, 'OperationFailed', 'nor that of somebody else')
  }
  const plain = await session.connect(t)
  await idFrom(plain, create('1.0', named('once')))
  t.equal((await ask(plain, create('1.0', named('once')))).status, 'OperationFailed', 'nobody else')
})

void test('1.4 §4.12, pykmip: Get Attributes without names brings what PyKMIP reads', async (t) => {
  const [granted, plain] = [await connectAs(t, 'pykmip', 'pykmip'), await session.connect(t)]
  for (const version of ['1.2', '1.4'] as const) {
    for (const connection of [granted, plain]) {
      const old = await idFrom(connection, create(version, named(`${version} ${String(connection === granted)}`)))
      const id = await idFrom(connection, request(version, 'ReKey', uid(old)))
      const { payload } = await ask(connection, request(version, 'GetAttributes', uid(id)))
      const labels = all(payload, 'Attribute').map((one) => valueAt(one, 'AttributeName'))
      t.ok(labels.includes('State') && labels.includes('Name'))
      t.equal(labels.includes('Link'), connection === plain)
      const link = await ask(connection, request(version, 'GetAttributes', uid(id), text('AttributeName', 'Link')))
      t.equal(all(link.payload, 'Attribute').length, 1, 'by its name')
    }
  }
})

void test('1.4 §6.6: profiles belong to the program at the other end, whoever asks through it', async (t) => {
  const { data } = session.server
  await kmipd('client', 'add', 'shared', '--principal', 'gate')
  const identity = await identityOf(data, 'shared')
  const name = named('set later')
  const before = await session.connect(t, identity)
  const id = await idFrom(before, create('1.0', name))
  t.equal((await ask(before, create('1.0', name))).status, 'OperationFailed', 'another program of the same principal')
  await kmipd('client', 'set', 'shared', '--profile', 'fortigate')
  const after = await session.connect(t, identity)
  t.equal(await idFrom(after, create('1.0', name)), id)
  await kmipd('client', 'set', 'shared', '--profile', 'none')
  const again = await session.connect(t, identity)
  t.equal((await ask(again, create('1.0', name))).status, 'OperationFailed')
})

void test('every switch has a profile that turns it on', (t) => {
  const used = new Set(Object.values(COMPATIBILITY_PROFILES).flatMap(({ switches }) => [...switches]))
  t.same([...used].toSorted(), Object.keys(SWITCHES).toSorted())
  t.end()
})
