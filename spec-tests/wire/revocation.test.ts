import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { t as file, test } from 'tap'
import { header, outcome, password, ticketOf, type TestCredential } from '../helpers/credentials.ts'
import { decodeResponse, encodeRequest, type Payload } from '../helpers/messages.ts'
import { connectTo, identityOf, kmipd, startKmipd, temporaryData, type WireConnection } from '../helpers/server.ts'

/*
 * The real program: what an administrator does on the command line holds for clients that are connected.
 */

const { data, remove } = await temporaryData()
const server = await startKmipd(data, ['--log-level', 'silent'])
const secret = join(data, '..', 'password')
const other = join(data, '..', 'other')
await writeFile(secret, 'right\n')
await writeFile(other, 'another\n')

file.teardown(async () => {
  await server.stop()
  await remove()
})

type Call = readonly [operation: 'RNGRetrieve' | 'Login', request: Payload]

const RANDOM: Call = ['RNGRetrieve', { dataLength: 4 }]

const ask = async (connection: WireConnection, credentials: readonly TestCredential[] = [], call = RANDOM) => {
  const [operation, request] = call
  const answer = await connection.ask(encodeRequest('2.1', [{ operation, request }], header(...credentials)))
  const [item] = decodeResponse(answer, '2.1')
  if (item === undefined) throw new Error('no item')
  return item
}

const isRefused = async (identity: Parameters<typeof connectTo>[1], session?: Buffer): Promise<boolean> => {
  const connection = await connectTo(server, identity, session === undefined ? {} : { session }).catch(() => undefined)
  if (connection === undefined) return true
  const [operation, request] = RANDOM
  connection.write(encodeRequest('2.1', [{ operation, request }]))
  const answer = await connection.next()
  connection.close()
  return answer === undefined
}

void test('1.4 §8 / 2.1 §9.4: a revoked client is refused on open, resumed and new connections at once', async (t) => {
  for (const command of ['revoke', 'remove'] as const) {
    await kmipd('client', 'add', command, '--data', data)
    const identity = await identityOf(data, command)
    const connection = await connectTo(server, identity)
    const sessions: Buffer[] = []
    connection.socket.on('session', (session: Buffer) => void sessions.push(session))
    t.equal(outcome(await ask(connection)), 'Success')
    await kmipd('client', command, command, '--data', data)
    t.equal(outcome(await ask(connection)), 'AuthenticationNotSuccessful', `${command}: open`)
    await connection.closed
    t.equal(await isRefused(identity), true, `${command}: new`)
    t.equal(await isRefused(identity, sessions.at(-1)), true, `${command}: resumed`)
  }
  const out = join(data, '..', 'again')
  await kmipd('client', 'add', 'remove', '--data', data, '--out', out)
  t.equal(await isRefused(await identityOf(data, 'remove')), true, 'the old certificate of a name that is used again')
})

void test('1.4 §2.1.2 / 2.1 §9.11, §6.1.30: users come and go while their clients are connected', async (t) => {
  const connection = await connectTo(server, await identityOf(data, 'admin'))
  const fred = password('fred', 'right')
  await kmipd('user', 'add', 'fred', '--data', data, '--password-file', secret)
  t.equal(outcome(await ask(connection, [fred])), 'Success')
  t.equal(outcome(await ask(connection, [password('fred', 'wrong')])), 'AuthenticationNotSuccessful')
  const first = ticketOf((await ask(connection, [fred], ['Login', {}])).payload)
  t.equal(outcome(await ask(connection, [first])), 'Success')
  await kmipd('user', 'password', 'fred', '--data', data, '--password-file', other)
  t.equal(outcome(await ask(connection, [fred])), 'AuthenticationNotSuccessful', 'the old password')
  t.equal(outcome(await ask(connection, [first])), 'InvalidTicket', 'a ticket from before')
  const renewed = password('fred', 'another')
  const second = ticketOf((await ask(connection, [renewed], ['Login', {}])).payload)
  t.equal(outcome(await ask(connection, [second])), 'Success')
  await kmipd('user', 'revoke', 'fred', '--data', data)
  t.equal(outcome(await ask(connection, [renewed])), 'AuthenticationNotSuccessful')
  t.equal(outcome(await ask(connection, [second])), 'InvalidTicket')
  t.match(await kmipd('user', 'list', '--data', data), /fred .*revoked/)
  t.equal(outcome(await ask(connection)), 'Success', 'the client itself goes on')
  connection.close()
})
