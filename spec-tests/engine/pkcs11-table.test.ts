import { setTimeout } from 'node:timers/promises'
import { test } from 'tap'
import { type CryptokiInstance, type CryptokiState, PKCS11_LIMITS } from '../../src/domain/pkcs11.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { createPkcs11Table, type Pkcs11Limits } from '../../src/engine/pkcs11-table.ts'
import { createUuidV7Ids } from '../../src/system.ts'

/* What clients have open of PKCS#11, and when it is given back (2.1 section 6.1.37). */

const principal = (id: string): Principal => ({ id, name: id, tenant: 'default', role: 'client', groups: [] })
const [alice, bob] = [principal('alice'), principal('bob')]

const start = (limits: Partial<Pkcs11Limits> = {}) => {
  let now = 1000
  const table = createPkcs11Table({ now: () => now }, createUuidV7Ids(), { ...PKCS11_LIMITS, ...limits })
  const open = (owner: Principal, item: object = {}): CryptokiInstance => {
    const instance = table.instancesFor(owner, item).open()
    if (instance === undefined) throw new Error('no room')
    return instance
  }
  const find = (owner: Principal, { correlationValue }: CryptokiInstance, item: object = {}) =>
    table.instancesFor(owner, item).find(correlationValue)
  return { table, open, find, advance: (seconds: number) => (now += seconds) }
}

/** A session that has gathered so many bytes. */
const holding = (state: CryptokiState, bytes: number): CryptokiState => {
  const parts = [Buffer.alloc(bytes)]
  const sign = { parameters: {}, isMac: true, isDigested: false, key: 'k', iv: undefined, parts }
  const active = { sign: { ...sign, additionalData: undefined, tagLength: 0 } }
  return { ...state, sessions: new Map([[1, { isReadWrite: false, active, found: undefined }]]) }
}

void test('2.1 §6.1.37: instances of one client and of all have a bound', (t) => {
  const { table, open } = start({ perClient: 2, inAll: 3 })
  const first = open(alice)
  open(alice)
  t.throws(() => open(alice), { message: 'no room' })
  open(bob)
  t.throws(() => open(bob), { message: 'no room' })
  first.close()
  first.close()
  t.equal(table.size, 2)
  open(bob)
  t.throws(() => open(alice), { message: 'no room' })
  t.end()
})

void test('2.1 §6.1.37: what instances hold has a bound for each client and in all', (t) => {
  const { table, open } = start({ bytesPerClient: 100, bytesInAll: 150 })
  const [one, other, last] = [open(alice), open(alice), open(bob)]
  one.state = holding(one.state, 60)
  t.equal(table.bytes, 60)
  t.same([other.hasRoom(40), other.hasRoom(41)], [true, false], 'of one client')
  t.same([last.hasRoom(90), last.hasRoom(91)], [true, false], 'of all')
  last.state = { ...last.state, handleBytes: 80 }
  other.state = { ...holding(other.state, 2), handleBytes: 3 }
  t.equal(table.bytes, 145)
  t.same([one.hasRoom(5), one.hasRoom(6)], [true, false])
  one.state = holding(one.state, 0)
  t.equal(table.bytes, 85)
  last.close()
  last.state = holding(last.state, 70)
  t.equal(table.bytes, 5, 'what is closed is not counted')
  t.end()
})

void test('2.1 §6.1.37: an item that is run again is counted once', (t) => {
  const { table, open, find } = start()
  const item = {}
  open(alice, item).state = holding(open(bob).state, 10)
  const instance = open(alice, item)
  t.equal(table.size, 2)
  t.equal(table.bytes, 0)
  instance.state = holding(instance.state, 20)
  const closing = {}
  find(alice, instance, closing)?.close()
  t.same([table.size, table.bytes], [1, 0])
  find(alice, instance, closing)?.close()
  t.ok(find(alice, instance, closing), 'it was there when the item began')
  t.same([table.size, table.bytes], [2, 20])
  t.end()
})

void test('2.1 §6.1.37: what nobody asks for again is given back all the same', async (t) => {
  const { table, open, advance } = start({ idle: 0.01 })
  const instance = open(alice)
  instance.state = holding(instance.state, 1000)
  advance(1)
  while (table.size > 0) await setTimeout(5)
  t.equal(table.bytes, 0)
})
