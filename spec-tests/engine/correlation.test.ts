import { test } from 'tap'
import type { LogFields } from '../../src/observe/log.ts'
import { createHarness, quiet } from '../helpers/harness.ts'

const PING = [{ operation: 'Ping', request: {} }] as const

void test('1.4 §6.18 / 2.1 §9.9: the Client Correlation Value is logged, as much of it as anybody wants to read', async (t) => {
  const lines: LogFields[] = []
  const log = { ...quiet, debug: (_event: string, fields: LogFields = {}) => void lines.push(fields) }
  const harness = await createHarness({ log })
  t.teardown(() => harness.close())
  const client = harness.client()
  await client.batch('2.1', PING)
  t.same(lines, [], 'without one there is nothing to log')
  await client.batch('2.1', PING, { header: { clientCorrelationValue: 'order 66' } })
  await client.batch('1.4', PING, { header: { clientCorrelationValue: 'x'.repeat(1000) } })
  t.match(lines, [{ client: 'alice', peer: 'test', correlation: 'order 66' }, { correlation: 'x'.repeat(256) }])
  t.equal(lines[1]?.correlation, 'x'.repeat(256))
})
