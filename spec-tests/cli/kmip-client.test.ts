import fc from 'fast-check'
import { test } from 'tap'
import { pykmipCommand } from '../../src/cli/try-it.ts'
import { decodeResponse, encodeRequest, OperationFailedError } from '../../src/cli/kmip-client.ts'
import { create, destroy, discoverVersions, locate } from '../../src/cli/selftest-calls.ts'
import { loadConfig } from '../../src/config/load.ts'
import { TtlvError } from '../../src/ttlv/error.ts'

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join('').replaceAll(/[ |]/g, ''), 'hex')

const VERSION_1_4 = '420069 01 00000020 | 42006a 02 00000004 00000001 00000000 | 42006b 02 00000004 00000004 00000000'

void test('1.4 §7.1 / 2.1 §8.1: a request message of one item, byte for byte', (t) => {
  const expected = hex(
    '420078 01 00000060',
    `420077 01 00000038 | ${VERSION_1_4} | 42000d 02 00000004 00000001 00000000`,
    '42000f 01 00000018 | 42005c 05 00000004 0000001e 00000000 | 420079 01 00000000',
  )
  t.equal(encodeRequest('1.4', discoverVersions, { versions: [] }).toString('hex'), expected.toString('hex'))
  t.end()
})

void test('1.4 §2.1.8 / 2.1 §5.1: attributes stand as the version has them', (t) => {
  const attributes = { templates: [], attributes: [{ name: 'CryptographicLength' as const, value: 256 }] }
  const bytes = (version: '1.4' | '2.1'): string =>
    encodeRequest(version, create, { objectType: 'SymmetricKey', attributes }).toString('hex')
  t.match(bytes('1.4'), '420091', 'Template-Attribute')
  t.match(bytes('2.1'), '420125', 'Attributes')
  t.notMatch(bytes('2.1'), '420091')
  t.match(encodeRequest('2.1', locate, { attributes: [] }).toString('hex'), '42012501', 'Attributes, though empty')
  t.end()
})

const response = (item: string, length: string, total: string): Buffer =>
  hex(
    `42007b 01 ${total}`,
    `42007a 01 00000048 | ${VERSION_1_4} | 420092 09 00000008 000000006b49d200 | 42000d 02 00000004 00000001 00000000`,
    `42000f 01 ${length} | ${item}`,
  )

const DESTROYED = response(
  '42005c 05 00000004 00000014 00000000 | 42007f 05 00000004 00000000 00000000 | 42007c 01 00000010 | 420094 07 00000001 6100000000000000',
  '00000038',
  '00000090',
)

void test('1.4 §7.1 / 2.1 §8.4: the payload of an answer', (t) => {
  t.same(decodeResponse('1.4', destroy, DESTROYED), { uniqueIdentifier: 'a' })
  t.end()
})

void test('1.4 §6.9 / 2.1 §9.19: a failure is told with its reason', (t) => {
  const failed = response(
    '42005c 05 00000004 00000014 00000000 | 42007f 05 00000004 00000001 00000000 | 42007e 05 00000004 00000001 00000000 | 42007d 07 00000002 6e6f000000000000',
    '00000040',
    '00000098',
  )
  try {
    decodeResponse('1.4', destroy, failed)
    t.fail('no failure')
  } catch (error) {
    t.type(error, OperationFailedError)
    t.match(error, { reason: 'ItemNotFound', message: 'Destroy: ItemNotFound (no)' })
  }
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: an answer that is cut off is refused', (t) => {
  for (let length = 1; length < DESTROYED.length; length += 1) {
    t.throws(() => decodeResponse('1.4', destroy, DESTROYED.subarray(0, length)), TtlvError)
  }
  t.end()
})

void test('kmipd serve: the PyKMIP command survives the shell, whatever the paths are', (t) => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const directory = `/srv/${name.replaceAll('\0', '')}`
      const config = loadConfig({ flags: {}, environment: {}, directory })
      const command = pykmipCommand(config, 5696)
      const argument = command.slice(command.indexOf("'") + 1, -1)
      // Within single quotes a shell knows no escapes: a quote ends them, stands escaped, and starts them again.
      return !argument.replaceAll(`'\\''`, '').includes("'")
    }),
    { interruptAfterTimeLimit: 1000 },
  )
  t.end()
})
