import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { createJobWaiters } from '../../src/engine/jobs/job-waiters.ts'

const LONG = 60_000

void test('2.1 §9.1: a client waits for so many answers at a time, and others wait all the same', async (t) => {
  const waiters = createJobWaiters()
  const done: string[] = []
  const wait = (client: string): void => void waiters.wait('job', client, LONG).then(() => done.push(client))
  for (let waits = 0; waits < 64; waits += 1) wait('alice')
  wait('bob')
  await setImmediate()
  t.same(done, [])
  wait('alice')
  await setImmediate()
  t.same(done, ['alice'], 'one too many is answered at once')
  waiters.tell('job')
  await setImmediate()
  t.equal(done.length, 66)
  wait('alice')
  await setImmediate()
  t.equal(done.length, 66, 'there is room again')
  waiters.tell('job')
})
