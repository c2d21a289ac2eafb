import { listen } from '../../src/net/tls-listener.ts'
import { ALICE, authority, clientIdentity, echo, recordingLog, serverIdentity } from '../helpers/tls.ts'

/**
 * A server process for tests that take its file descriptors away: prints its port and a client's credentials as one
 * line of JSON.
 */
const { port } = await listen({
  host: '127.0.0.1',
  port: 0,
  certificates: { ...serverIdentity, ca: [authority.cert] },
  handler: echo(),
  identify: () => Promise.resolve(ALICE),
  ticketKeys: () => Buffer.alloc(48, 1),
  clock: { now: () => 0 },
  log: recordingLog(),
})
process.stdout.write(`${JSON.stringify({ port, ca: authority.cert, ...clientIdentity })}\n`)
