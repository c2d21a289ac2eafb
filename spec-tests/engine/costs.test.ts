import { test } from 'tap'
import type { Principal } from '../../src/domain/principal.ts'
import { createCosts } from '../../src/engine/costs.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import { OPERATION, PKCS_11_FUNCTION, type Pkcs11Function } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { Writer } from '../../src/ttlv/writer.ts'

/* Work of a client that occupies a processor, taken into account before it is done. */

const alice: Principal = { id: 'alice', name: 'alice', tenant: 'default', role: 'client', groups: [] }
const bob: Principal = { ...alice, id: 'bob' }

const payloadOf = (fill: (writer: Writer) => void): Buffer => {
  const writer = new Writer()
  const start = writer.begin(TAG.RequestPayload)
  fill(writer)
  writer.end(start)
  return Buffer.from(writer.bytes())
}

const item = (operation: keyof typeof OPERATION.code, payload = payloadOf(() => undefined)) => ({
  operation: OPERATION.code[operation],
  payload,
  messageExtension: [],
})

const pkcs11 = (name: Pkcs11Function) =>
  item(
    'PKCS_11',
    payloadOf((writer) => {
      writer.text(TAG.PKCS_11Interface, 'PKCS 11')
      writer.enumeration(TAG.PKCS_11Function, PKCS_11_FUNCTION.code[name])
    }),
  )

const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one)

const start = () => createCosts(new Map(OPERATIONS.map((operation) => [operation.code, operation])))

for (const [what, heavy] of [
  ['Create Key Pair', item('CreateKeyPair')],
  ['Re-key Key Pair', item('ReKeyKeyPair')],
  ['C_GenerateKeyPair', pkcs11('C_GenerateKeyPair')],
] as const) {
  void test(`1.4 §4.2 / 2.1 §6.1.9, §6.1.37, §6.1.47: a client has a bounded number of key pairs in work: ${what}`, (t) => {
    const costs = start()
    t.throws(() => costs.begin(alice, times(65, heavy)), { message: 'The client asks for too much work at once' })
    const done = costs.begin(alice, times(64, heavy))
    t.throws(() => costs.begin(alice, [heavy]), { message: 'The client asks for too much work at once' })
    t.ok(costs.begin(bob, [heavy]), 'of another client')
    done?.()
    t.ok(costs.begin(alice, [heavy]), 'when they are done')
    t.end()
  })
}

void test('2.1 §6.1.37: what is quickly done costs nothing', (t) => {
  const costs = start()
  const wrong = item(
    'PKCS_11',
    payloadOf((writer) => writer.text(TAG.PKCS_11Function, 'C_GenerateKeyPair')),
  )
  const light = [item('Get'), item('PKCS_11'), wrong, pkcs11('C_Encrypt'), pkcs11('C_GenerateKey')]
  t.equal(
    costs.begin(
      alice,
      light.flatMap((one) => times(100, one)),
    ),
    undefined,
  )
  t.end()
})
