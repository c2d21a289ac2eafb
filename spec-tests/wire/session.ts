import type { Test } from 'tap'
import type { Version } from '../../src/schema/version.ts'
import {
  type ClientIdentity,
  connectTo,
  identityOf,
  kmipd,
  type KmipServer,
  startKmipd,
  temporaryData,
  type WireConnection,
} from '../helpers/server.ts'
import { type Item, readResponse, request, type Response, textAt } from './message.ts'

/** A real server for one test file, with the administrator that first start made. */
export type WireSession = {
  readonly server: KmipServer
  readonly admin: ClientIdentity
  /** Registers one more client. */
  addClient(name: string): Promise<ClientIdentity>
  /** Connects; the connection ends with the test. */
  readonly connect: (t: Test, identity?: ClientIdentity) => Promise<WireConnection>
}

/** Starts the server in a folder of its own; both are gone when `t` ends. */
export const startSession = async (
  t: Test,
  flags: readonly string[] = [],
  runtime: readonly string[] = [],
): Promise<WireSession> => {
  const { data, remove } = await temporaryData()
  t.teardown(remove)
  const server = await startKmipd(data, flags, runtime)
  t.teardown(() => server.kill())
  const admin = await identityOf(data, 'admin')
  return {
    server,
    admin,
    addClient: async (name) => {
      await kmipd('client', 'add', name, '--data', data)
      return identityOf(data, name)
    },
    connect: async (test, identity = admin) => {
      const connection = await connectTo(server, identity)
      test.teardown(() => connection.close())
      return connection
    },
  }
}

/** Sends a message and takes the answer apart. */
export const exchange = async (connection: WireConnection, message: Buffer): Promise<Response> =>
  readResponse(await connection.ask(message))

/** The same for a message of one operation: its item. */
export const ask = async (connection: WireConnection, message: Buffer): Promise<Item> =>
  (await exchange(connection, message)).first

/** One operation that must succeed: its Unique Identifier. */
export const idFrom = async (connection: WireConnection, message: Buffer): Promise<string> => {
  const item = await ask(connection, message)
  if (item.status !== 'Success') throw new Error(`${item.operation ?? ''}: ${item.reason ?? ''} ${item.message ?? ''}`)
  return textAt(item.payload, 'UniqueIdentifier')
}

/** Whether the server answers a plain request: what every refusal is followed by. */
export const answersWell = async (connection: WireConnection, version: Version): Promise<boolean> => {
  const { version: answered, first } = await exchange(connection, request(version, 'DiscoverVersions'))
  return answered === version && first.status === 'Success'
}
