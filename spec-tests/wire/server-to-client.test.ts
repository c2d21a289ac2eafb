import { join } from 'node:path'
import { test, type Test } from 'tap'
import type { Version } from '../../src/schema/version.ts'
import { endpointRole } from '../../src/operations/set-endpoint-role.ts'
import {
  decodeRequest,
  encodeAnswer,
  introduction,
  listenAsClient,
  payloadOf,
  type ServerRequest,
} from '../helpers/as-server.ts'
import { attributesOf, byId, idIn, usage } from '../helpers/calls.ts'
import { kmipdBeside } from '../helpers/commands.ts'
import { decodeResponse, encodeRequest, type Item } from '../helpers/messages.ts'
import {
  connectTo,
  identityOf,
  type KmipServer,
  startKmipd,
  temporaryData,
  type WireConnection,
} from '../helpers/server.ts'
import { eventually } from '../helpers/tls.ts'

const AES = attributesOf(
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
  usage('Encrypt', 'Decrypt'),
)

const call = async (connection: WireConnection, version: Version, item: Item) => {
  const [result] = decodeResponse(await connection.ask(encodeRequest(version, [item])), version)
  if (result === undefined) throw new Error('no item')
  return result
}

const succeed = async (connection: WireConnection, version: Version, item: Item) => {
  const { status, message, payload } = await call(connection, version, item)
  if (status !== 'Success') throw new Error(`${item.operation}: ${message ?? ''}`)
  return payload
}

const createKey = async (connection: WireConnection, version: Version = '2.1', attributes = AES): Promise<string> =>
  idIn(await succeed(connection, version, { operation: 'Create', request: { objectType: 'SymmetricKey', attributes } }))

/** The next request of the server on a connection that was turned. */
const requested = async (connection: WireConnection): Promise<ServerRequest> => {
  const message = await connection.next()
  if (message === undefined) throw new Error('the server closed the connection')
  return decodeRequest(message)
}

/** The next one that is not about getting acquainted. */
const told = async (connection: WireConnection, ...spoken: readonly Version[]): Promise<ServerRequest> => {
  for (;;) {
    const request = await requested(connection)
    const answer = introduction(request, ...spoken)
    if (answer === undefined) return request
    connection.write(answer)
  }
}

const turn = (connection: WireConnection, endpointRole: 'Client' | 'Server') =>
  call(connection, '2.1', { operation: 'SetEndpointRole', request: { endpointRole } })

type World = { readonly server: KmipServer; readonly alice: WireConnection; readonly admin: WireConnection }

/** A server, its administrator, and a client `alice` that is told of changes. */
const start = async (t: Test, ...notify: readonly string[]): Promise<World> => {
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, ['--log-level', 'warn'])
  t.teardown(async () => {
    await server.stop()
    await remove()
  })
  await kmipdBeside(data, 'client', 'add', 'alice')
  await kmipdBeside(data, 'client', 'notify', 'alice', ...notify)
  const alice = await connectTo(server, await identityOf(data, 'alice'))
  const admin = await connectTo(server, await identityOf(data, 'admin'))
  t.teardown(() => {
    alice.close()
    admin.close()
  })
  // The server looks for what has changed about its subscriptions every second.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  return { server, alice, admin }
}

const activate = (connection: WireConnection, id: string) =>
  succeed(connection, '2.1', { operation: 'Activate', request: { uniqueIdentifier: byId(id) } })

const namesIn = (list: unknown): readonly string[] =>
  (list as readonly { readonly attribute?: { readonly name: string } }[]).flatMap(
    ({ attribute }) => attribute?.name ?? [],
  )

void test('2.1 §6.1.54, §6.2.2: a connection that was turned brings what others change, and can be turned back', async (t) => {
  const { server, alice, admin } = await start(t)
  const id = await createKey(alice)
  t.match(await turn(alice, 'Client'), { status: 'Success', payload: { endpointRole: 'Client' } })
  const first = await requested(alice)
  t.equal(first.operation, 'DiscoverVersions')
  t.equal(first.version, '2.1', 'in the version in which it was turned')
  // The draft was not offered, so that it comes first changes nothing (2.1 section 6.2.1).
  alice.write(introduction(first, '3.0', '1.4', '2.1') ?? Buffer.alloc(0))
  await activate(admin, id)
  const { version, operation, payload } = await told(alice, '1.4')
  t.same([version, operation, payload['uniqueIdentifier']], ['1.4', 'Notify', id])
  t.same(namesIn(payload['changes']).toSorted(), ['ActivationDate', 'LastChangeDate', 'State'])
  alice.write(encodeAnswer({ version, operation }))
  t.match(
    await call(alice, '2.1', { operation: 'Get', request: { uniqueIdentifier: byId(id) } }),
    { status: 'OperationFailed', reason: 'InvalidMessage' },
    'only the server asks',
  )
  t.match(await turn(alice, 'Server'), { status: 'Success', payload: { endpointRole: 'Server' } })
  t.match(await call(alice, '2.1', { operation: 'Get', request: { uniqueIdentifier: byId(id) } }), {
    status: 'Success',
  })
  await succeed(admin, '2.1', {
    operation: 'AddAttribute',
    request: { uniqueIdentifier: byId(id), attribute: { name: 'Comment', value: 'seen' } },
  })
  await turn(alice, 'Client')
  const late = await told(alice, '2.1')
  t.same(namesIn(late.payload['changes']).toSorted(), ['Comment', 'LastChangeDate'], 'what came meanwhile has waited')
  alice.write(encodeAnswer(late))
  await succeed(admin, '2.1', {
    operation: 'DeleteAttribute',
    request: { uniqueIdentifier: byId(id), attributeReference: { name: 'Comment' } },
  })
  const gone = await told(alice)
  t.same(gone.payload['deleted'], [{ name: 'Comment' }])
  t.notOk(server.output().includes('not answered'))
})

void test('2.1 §6.1.54: what nobody hears stays in the outbox, in its order, until it is answered', async (t) => {
  const { server, alice, admin } = await start(t, '--own-changes')
  const id = await createKey(alice)
  await turn(alice, 'Client')
  await activate(admin, id)
  await told(alice, '2.1')
  alice.close()
  await server.kill()
  const again = await startKmipd(server.data, ['--log-level', 'warn'])
  t.teardown(() => again.stop())
  const next = await connectTo(again, await identityOf(server.data, 'alice'))
  t.teardown(() => next.close())
  await turn(next, 'Client')
  const { payload, operation } = await told(next, '2.1')
  t.same([operation, payload['uniqueIdentifier']], ['Notify', id])
})

void test('1.4 §8, §5.1 / 2.1 §6.2.2: a client that is revoked is told nothing more, in the middle of its messages either', async (t) => {
  const { server, alice, admin } = await start(t)
  const ids = [await createKey(alice), await createKey(alice)]
  for (const id of ids) await activate(admin, id)
  await turn(alice, 'Client')
  const { version, operation, payload } = await told(alice, '2.1')
  t.same([operation, payload['uniqueIdentifier']], ['Notify', ids[0]])
  await kmipdBeside(server.data, 'client', 'revoke', 'alice')
  alice.write(encodeAnswer({ version, operation }))
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.match(await turn(alice, 'Server'), { status: 'OperationFailed', reason: 'AuthenticationNotSuccessful' })
  await alice.closed
})

void test('1.4 §5.2 / 2.1 §6.2.3: objects are put where the operator says that the client listens', async (t) => {
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, ['--log-level', 'info'])
  t.teardown(async () => {
    await server.stop()
    await remove()
  })
  await kmipdBeside(data, 'client', 'add', 'array')
  const identity = await identityOf(data, 'array')
  const seen: ServerRequest[] = []
  let refusals = 1
  const client = await listenAsClient(identity, (bytes) => {
    const request = decodeRequest(bytes)
    const known = introduction(request)
    if (known !== undefined) return known
    seen.push(request)
    refusals -= 1
    return encodeAnswer(request, { failed: refusals >= 0 })
  })
  t.teardown(() => client.close())
  const certificate = join(data, 'pki/clients/array.crt')
  const address = `127.0.0.1:${client.port}`
  const where = ['--address', address, '--certificate', certificate]
  await kmipdBeside(data, 'client', 'notify', 'array', ...where, '--group', 'disks')
  const admin = await connectTo(server, await identityOf(data, 'admin'))
  t.teardown(() => admin.close())
  const id = await createKey(admin)
  await kmipdBeside(data, 'put', id, '--to', 'array')
  await eventually(() => seen.length >= 2)
  t.same(
    seen.map(({ version, operation, payload }) => [
      version,
      operation,
      payload['uniqueIdentifier'],
      payload['putFunction'],
    ]),
    [
      ['1.0', 'Put', id, 'New'],
      ['1.0', 'Put', id, 'New'],
    ],
    'a client that knows no Discover Versions speaks 1.0, and what it refused comes again',
  )
  t.type(seen[0]?.payload['SymmetricKey'], Object)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const grouped = await createKey(
    admin,
    '2.1',
    attributesOf(...AES.attributes, { name: 'ObjectGroup', value: 'disks' }),
  )
  const last = await eventually(() => seen[2])
  t.same(
    [last.operation, last.payload['uniqueIdentifier']],
    ['Put', grouped],
    'objects of its group come by themselves',
  )
  await kmipdBeside(data, 'client', 'add', 'mallory')
  const mallory = await connectTo(server, await identityOf(data, 'mallory'))
  t.teardown(() => mallory.close())
  const link = { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: byId(grouped) } as const
  const group = { name: 'ObjectGroup', value: 'disks' } as const
  await createKey(mallory, '2.1', attributesOf(...AES.attributes, group, { name: 'Link', value: link }))
  const foreign = await eventually(() => seen[3])
  t.same(
    [foreign.payload['putFunction'], foreign.payload['replacedUniqueIdentifier']],
    ['New', undefined],
    'nobody replaces what belongs to somebody else',
  )
  await createKey(admin, '2.1', attributesOf(...AES.attributes, group, { name: 'Link', value: link }))
  const own = await eventually(() => seen[4])
  t.same([own.payload['putFunction'], own.payload['replacedUniqueIdentifier']], ['Replace', grouped])
  await t.rejects(kmipdBeside(data, 'put', 'nothing', '--to', 'array'))
  await t.rejects(kmipdBeside(data, 'put', id, '--to', 'nobody'))
})

void test('2.1 §6.2: nothing that a client answers does harm', async (t) => {
  const { alice, admin, server } = await start(t)
  const id = await createKey(alice)
  const header = Buffer.from('42007b0100000000', 'hex')
  const huge = Buffer.from('42007b017fffffff', 'hex')
  const other = (request: ServerRequest): Buffer => encodeAnswer({ ...request, operation: 'Destroy' })
  const ANSWERS: readonly ((request: ServerRequest) => Buffer)[] = [
    () => Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    () => header,
    () => huge,
    other,
    (request) => Buffer.concat([encodeAnswer(request), encodeAnswer(request)]),
    (request) => encodeAnswer(request).fill(0xff, 40),
  ]
  for (const [index, answer] of ANSWERS.entries()) {
    const connection = await connectTo(server, await identityOf(server.data, 'alice'))
    await turn(connection, 'Client')
    connection.write(answer(await requested(connection)))
    await connection.closed
    t.ok(server.isRunning, `answer ${index}`)
  }
  await turn(alice, 'Client')
  await activate(admin, id)
  t.equal((await told(alice, '2.1')).operation, 'Notify', 'and others are told all the same')
})

void test('2.1 §6.2.5: a turned connection on which nothing happens is turned back', async (t) => {
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, ['--log-level', 'warn', '--limits-idle-timeout', '1'])
  t.teardown(async () => {
    await server.stop()
    await remove()
  })
  const admin = await connectTo(server, await identityOf(data, 'admin'))
  t.teardown(() => admin.close())
  await turn(admin, 'Client')
  const request = await told(admin, '2.1')
  t.match(request, { operation: 'SetEndpointRole', payload: { endpointRole: 'Client' } })
  admin.write(encodeAnswer(request, { payload: payloadOf(endpointRole, { endpointRole: 'Client' }) }))
  t.match(await call(admin, '2.1', { operation: 'Ping', request: {} }), { status: 'Success' }, 'the client asks again')
})

void test('2.1 §6.1.54: an answer that nobody asked for ends a connection, turned or not', async (t) => {
  const { alice, server } = await start(t)
  alice.write(encodeAnswer({ version: '2.1', operation: 'Notify' }))
  await alice.closed
  t.ok(server.isRunning)
})
