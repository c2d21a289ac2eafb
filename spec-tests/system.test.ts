import { test } from 'tap'
import { createSystemClock, createUuidV7Ids } from '../src/system.ts'

void test('design, concurrency: the clock never runs behind the latest commit', (t) => {
  const clock = createSystemClock()
  const machine = clock.now()
  t.equal(clock.notBefore(machine - 100), 0, 'a commit in the past changes nothing')
  t.ok(clock.now() <= machine + 5)
  const behind = clock.notBefore(machine + 1000)
  t.ok(behind >= 990 && behind <= 1000, 'and how far the machine is behind is told')
  t.equal(clock.now(), machine + 1000)
  t.end()
})

void test('RFC 9562 section 5.7: identifiers are UUIDs of version 7, different and in order', (t) => {
  const ids = createUuidV7Ids()
  const made = Array.from({ length: 10_000 }, () => ids.next())
  t.ok(made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)))
  t.equal(new Set(made).size, made.length)
  t.strictSame(made.toSorted(), made)
  t.end()
})
