import fc from 'fast-check'
import { test } from 'tap'
import type { ClientChannel } from '../../src/engine/message-handler.ts'
import { askClient, getAcquainted, takes, takesObject } from '../../src/engine/outbound/dialogue.ts'
import { endpointRole } from '../../src/operations/set-endpoint-role.ts'
import { OPERATION } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { enumerationCode } from '../../src/schema/primitives.ts'
import { repeated } from '../../src/schema/struct.ts'
import { TtlvError } from '../../src/ttlv/error.ts'
import { decodeRequest, encodeAnswer, payloadOf, type ServerRequest, versionsPayload } from '../helpers/as-server.ts'

/** A channel to a client that answers as it is told. */
const channelTo = (answer: (request: ServerRequest) => Buffer): ClientChannel & { readonly asked: ServerRequest[] } => {
  const asked: ServerRequest[] = []
  return {
    asked,
    ask: (message) => {
      const request = decodeRequest(message)
      asked.push(request)
      return Promise.resolve(answer(request))
    },
    turnBack: () => undefined,
    close: () => undefined,
    isOpen: true,
    ended: new Promise(() => undefined),
    onIdle: () => undefined,
  }
}

const queried = {
  operations: repeated(TAG.Operation, enumerationCode),
  objectTypes: repeated(TAG.ObjectType, enumerationCode),
}

void test('1.4 §5.3, §5.4 / 2.1 §6.2.1, §6.2.4: version and abilities are what the client says', async (t) => {
  const abilities = { operations: [OPERATION.code.Put, 0x80000001], objectTypes: [2] }
  const channel = channelTo((request) =>
    request.operation === 'Query'
      ? encodeAnswer(request, { payload: payloadOf(queried, abilities) })
      : encodeAnswer(request, { payload: versionsPayload('1.4', '2.1') }),
  )
  const known = await getAcquainted(channel, undefined)
  t.equal(known.version, '1.4', 'its favourite')
  t.same([takes(known, 'Put'), takes(known, 'Notify')], [true, false])
  t.same([takesObject(known, 'SymmetricKey'), takesObject(known, 'PrivateKey')], [true, false])
  t.same(
    channel.asked.map(({ operation, version }) => [operation, version]),
    [
      ['DiscoverVersions', '2.1'],
      ['Query', '1.4'],
    ],
  )
})

void test('1.4 §5.4 / 2.1 §6.2.1: a client that cannot be asked is spoken to in 1.0, or in what it speaks', async (t) => {
  const silent = (): ClientChannel => channelTo((request) => encodeAnswer(request, { failed: true }))
  t.equal((await getAcquainted(silent(), undefined)).version, '1.0')
  t.equal((await getAcquainted(silent(), '2.0')).version, '2.0')
  const foreign = channelTo((request) => encodeAnswer(request, { payload: versionsPayload() }))
  await t.rejects(getAcquainted(foreign, undefined), Error, 'no version in common')
})

void test('2.1 §6.2, §11.46: whatever a client answers is an outcome or an error', async (t) => {
  const request = { endpointRole: 'Client' } as const
  await fc.assert(
    fc.asyncProperty(fc.nat(200), fc.nat(255), fc.nat(200), async (at, byte, end) => {
      const channel = channelTo((asked) => {
        const whole = encodeAnswer(asked, { payload: payloadOf(endpointRole, request) })
        whole.writeUInt8(byte, at % whole.length)
        return end % 3 === 0 ? whole.subarray(0, 8 + (end % (whole.length - 8))) : whole
      })
      const outcome = await askClient(channel, '2.1', 'SetEndpointRole', endpointRole, request).catch(
        (error: unknown) => error,
      )
      return outcome instanceof Error || (typeof outcome === 'object' && outcome !== null && 'succeeded' in outcome)
    }),
    { numRuns: 1000 },
  )
  const cut = channelTo((asked) => encodeAnswer(asked).subarray(0, 60))
  await t.rejects(askClient(cut, '2.1', 'SetEndpointRole', endpointRole, request), TtlvError)
})
