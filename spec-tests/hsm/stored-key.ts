import type { Test } from 'tap'
import { serve, type Site } from '../helpers/hsm-server.ts'
import { connectTo, identityOf, type KmipServer, type WireConnection } from '../helpers/server.ts'
import { valueAt } from '../wire/message.ts'
import { get, registerAes } from '../wire/requests.ts'
import { ask, idFrom } from '../wire/session.ts'

/* A key that a client leaves on a server, to see whether it is still there afterwards. */

const asAdmin = async <T>(server: KmipServer, use: (connection: WireConnection) => Promise<T>): Promise<T> => {
  const connection = await connectTo(server, await identityOf(server.data, 'admin'))
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}

/** What the server gives out for the key; undefined where it gives nothing. */
export const materialOf = (server: KmipServer, id: string): Promise<unknown> =>
  asAdmin(server, async (connection) => {
    const { payload } = await ask(connection, get('1.4', id))
    return valueAt(payload, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial')
  })

/** Has one operation done that must succeed; the identifier that it answers. */
export const doneBy = (server: KmipServer, request: Buffer): Promise<string> =>
  asAdmin(server, (connection) => idFrom(connection, request))

/** Serves once, and leaves a key there. */
export const leaveKey = async (t: Test, site: Site, material: Buffer): Promise<string> => {
  const server = await serve(t, site)
  const id = await doneBy(server, registerAes('1.4', material))
  await server.stop()
  return id
}
