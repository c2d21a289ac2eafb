import { setTimeout } from 'node:timers/promises'
import { t as file, test, type Test } from 'tap'
import { initialize, modulePids, newSite, serve, settled, until } from '../helpers/hsm-server.ts'
import { CKR, type Fault, type ShimmedToken, withShim } from '../helpers/hsm-shim.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { connectTo, identityOf, type KmipServer } from '../helpers/server.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { all, valueAt } from '../wire/message.ts'
import { create, get, locate, named } from '../wire/requests.ts'
import { ask, idFrom } from '../wire/session.ts'

/*
 * Modules that fail while clients are served, with the shim before SoftHSM. In envelope mode the store keys are open:
 * no client notices, and the module is there again by itself.
 */

file.setTimeout(600_000)

const why = softHsm.missing()
const options = why === undefined ? {} : { skip: why }

const CLIENTS = 4

/** Clients that create and get keys, one after the other, until told to stop. Rejects with the first failure. */
const busyClients = async (server: KmipServer) => {
  const identity = await identityOf(server.data, 'admin')
  const made: string[] = []
  let isOver = false
  const client = async (number: number): Promise<void> => {
    const connection = await connectTo(server, identity)
    for (let count = 0; !isOver; count += 1) {
      const id = await idFrom(connection, create('1.4', named(`key ${number}-${count}`)))
      made.push(id)
      const { status } = await ask(connection, get('1.4', id))
      if (status !== 'Success') throw new Error(`Get of ${id} fails`)
      // Locate lists a thousand of them at most.
      await setTimeout(100)
    }
    connection.close()
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  // Looked at in `stop`.
  clients.catch(() => undefined)
  return {
    made,
    stop: async (): Promise<readonly string[]> => {
      isOver = true
      await clients
      return made
    },
  }
}

/** Every key that was answered is there, once. */
const allThere = async (t: Test, server: KmipServer, ids: readonly string[]): Promise<void> => {
  const connection = await connectTo(server, await identityOf(server.data, 'admin'))
  t.equal(new Set(ids).size, ids.length)
  const { payload } = await ask(connection, locate('1.4'))
  t.same(
    all(payload, 'UniqueIdentifier')
      .map(({ value }) => value)
      .toSorted(),
    ids.toSorted(),
  )
  for (const id of ids) {
    const item = await ask(connection, get('1.4', id))
    if (!Buffer.isBuffer(valueAt(item.payload, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial')))
      t.fail(`${id} cannot be read`)
  }
  connection.close()
}

const served = async (t: Test): Promise<{ readonly token: ShimmedToken; readonly server: KmipServer }> => {
  const folder = temporaryDirectory('token')
  const token = await withShim(await softHsm.prepare(folder), folder)
  const site = newSite(token)
  await initialize(site)
  const server = await serve(t, site, '--hsm-timeout', '5', '--log-level', 'debug')
  await settled(server)
  return { token, server }
}

const THERE_AGAIN = 'HSM is there again'

const timesIn = (text: string, part: string): number => text.split(part).length - 1

const killModule = (server: KmipServer, signal: NodeJS.Signals): void => {
  for (const pid of modulePids(server)) process.kill(pid, signal)
}

for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
  void test(`1.4 §4.1: the process of the module dies by ${signal} while keys are created`, options, async (t) => {
    const { server } = await served(t)
    const clients = await busyClients(server)
    await until('clients begin', () => clients.made.length > 20)
    const [before] = modulePids(server)
    killModule(server, signal)
    await until('it comes back', () => server.output().includes(THERE_AGAIN))
    const then = clients.made.length
    await until('clients go on', () => clients.made.length > then + 20)
    const ids = await clients.stop()
    const pids = modulePids(server)
    t.equal(pids.length, 1)
    t.not(pids[0], before)
    t.match(server.output(), signal, 'the log says what it was')
    await allThere(t, server, ids)
  })
}

const STAYING_AWAY: readonly Fault[] = [
  { of: '*', fault: CKR.deviceRemoved },
  { of: 'C_OpenSession', fault: CKR.tokenNotPresent },
  // No slot has a token.
  { of: 'C_GetSlotList', fault: 'lie' },
  { of: 'C_Initialize', fault: 'hang' },
  { of: 'C_Initialize', fault: 'segv' },
]

for (const fault of STAYING_AWAY) {
  void test(`1.4 §4.1: the token is away for a while (${fault.of} ${fault.fault})`, options, async (t) => {
    const { token, server } = await served(t)
    const clients = await busyClients(server)
    await until('clients begin', () => clients.made.length > 20)
    token.setFaults(fault)
    killModule(server, 'SIGKILL')
    await until('it is tried again, in vain', () => timesIn(server.output(), 'HSM failed') > 2)
    const then = clients.made.length
    await until('clients go on meanwhile', () => clients.made.length > then + 20)
    t.notMatch(server.output(), THERE_AGAIN)
    token.setFaults()
    await until('it comes back', () => server.output().includes(THERE_AGAIN))
    await allThere(t, server, await clients.stop())
    t.equal(await server.stop(), 0)
  })
}

void test(
  'PKCS#11 2.40 §5.6: a PIN that was changed meanwhile is tried once, and clients are served on',
  options,
  async (t) => {
    const { token, server } = await served(t)
    const clients = await busyClients(server)
    token.setFaults({ of: 'C_Login', fault: CKR.pinIncorrect })
    token.forgetCalls()
    killModule(server, 'SIGKILL')
    await until('it is tried', () => server.output().includes('CKR_PIN_INCORRECT'))
    const then = clients.made.length
    await until('clients go on', () => clients.made.length > then + 50)
    await setTimeout(2000)
    t.equal(token.calls('C_Login').length, 1)
    await allThere(t, server, await clients.stop())
  },
)
