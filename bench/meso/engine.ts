import { createHarness } from '../../spec-tests/helpers/harness.ts'
import type { PeerCertificate } from '../../src/domain/principal.ts'
import { MODES, type Mode } from '../modes.ts'

/*
 * The engine without TLS: request bytes in, response bytes out, with a real database and sealed keys. Microseconds of the
 * thread's own processor time, which other work on the machine does not count in, and the same as a ratio to JSON.parse
 * and JSON.stringify of a text of a kilobyte, done in turn.
 *
 *   node bench/meso/engine.ts [--json]
 */

const ROUNDS = 15
const REQUESTS = 4_000

const harness = await createHarness()

/** Who holds a certificate that this server knows: so is every request judged that comes over TLS. */
const certificate: PeerCertificate = {
  fingerprint: 'ab'.repeat(32),
  issuer: 'CN=bench',
  subject: 'CN=bench',
  trusted: true,
  problem: undefined,
  validFrom: 0,
  validTo: Number.MAX_SAFE_INTEGER,
}

await harness.clients.add({
  id: 'bench',
  name: 'bench',
  tenant: 'default',
  role: 'client',
  issuer: certificate.issuer,
  subject: certificate.subject,
  fingerprint: certificate.fingerprint,
  createdAt: 0,
  revokedAt: undefined,
  profiles: [],
})

const client = await harness.connect(certificate)
if (client === undefined) throw new Error('the client of the bench is not let in')
const { session } = client

const answer = (request: Buffer): void => {
  const reply = harness.handler.handle(request, session)
  // Now and then a batch gives way to others.
  if (reply instanceof Promise) void reply.then((late) => late.release())
  else reply.release()
}

/** Microseconds of this thread. */
const processorTime = (work: () => void): number => {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return user + system
}

const text = JSON.stringify({ list: Array.from({ length: 16 }, (_, index) => ({ index, text: 'x'.repeat(40) })) })

const parse = (): void => {
  for (let index = 0; index < REQUESTS; index += 1) JSON.stringify(JSON.parse(text))
}

const measure = async ({ name, perMessage, requests }: Mode) => {
  const messages = await requests((list) => Promise.all(list.map(async (one) => (await client.raw(one)).bytes)))
  const count = Math.ceil(REQUESTS / perMessage)
  const run = (): void => {
    for (let index = 0; index < count; index += 1) {
      const message = messages[index % messages.length]
      if (message !== undefined) answer(message)
    }
  }
  let ours = Infinity
  let theirs = Infinity
  for (let round = 0; round < ROUNDS; round += 1) {
    ours = Math.min(ours, processorTime(run) / (count * perMessage))
    theirs = Math.min(theirs, processorTime(parse) / REQUESTS)
  }
  return { name, microseconds: ours, ratio: ours / theirs }
}

/** Those whose answer is there at once. */
const AT_ONCE = ['get', 'get-batch', 'discover', 'encrypt', 'hmac'] as const

for (const mode of AT_ONCE) {
  const { name, microseconds, ratio } = await measure(MODES[mode])
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'engine', mode, microseconds, ratio }))
  else
    console.log(`${name.padEnd(32)} ${microseconds.toFixed(2).padStart(8)} us  ${ratio.toFixed(2).padStart(6)} of JSON`)
}
await harness.close()
