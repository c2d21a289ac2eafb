import { test } from 'tap'
import { attributesOf, createKey, FAMILIES, named, of, openServer, usage } from '../helpers/calls.ts'
import { decodeResponse, encodeRequest, type Item } from '../helpers/messages.ts'

/* The engine is all that stands between the bytes of a client and the process that serves everybody. */

const { client } = await openServer()

/** Values that tags, types, lengths and numbers turn into something else by. */
const OCTETS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x20, 0x42, 0x54, 0x7f, 0x80, 0xff]

const create = (version: (typeof FAMILIES)[number]): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: 128 },
      usage('Encrypt'),
      ...(version === '1.4' ? [] : [{ name: 'ObjectGroup', value: 'g' } as const]),
    ),
  },
})

const answered = async (message: Buffer): Promise<boolean> => {
  const { bytes } = await client.raw(message)
  return decodeResponse(bytes, '2.1').length > 0
}

for (const version of FAMILIES) {
  void test(`1.4 §11.1 / 2.1 §11.46: ${version}: whichever octet of a message is another, there is an answer`, async (t) => {
    const id = await createKey(client, version)
    const filters = [{ ref: { name: 'Name' }, value: { type: 'Structure', value: Buffer.alloc(0) } }]
    const items: readonly Item[] = [
      create(version),
      { operation: 'GetAttributes', request: { ...of(id), attributes: [] } },
    ]
    const messages = [
      encodeRequest(version, items, { option: 'Continue' }),
      encodeRequest(version, [{ operation: 'Locate', request: { filters } }]),
      encodeRequest(version, [{ operation: 'AddAttribute', request: { ...of(id), attribute: named('n') } }]),
    ]
    for (const message of messages) {
      for (const at of message.keys()) {
        for (const octet of OCTETS) {
          const changed = Buffer.from(message)
          changed[at] = octet
          if (!(await answered(changed))) t.fail(`no answer where octet ${at} is ${octet}`)
        }
      }
    }
    t.ok(await answered(encodeRequest(version, items)), 'and the next client is served')
  })

  void test(`1.4 §6.1 / 2.1 §9.16: ${version}: a message that ends too early is answered`, async (t) => {
    const message = encodeRequest(version, [{ operation: 'Locate', request: { filters: [] } }])
    for (const length of message.keys()) t.ok(await answered(message.subarray(0, length)), `${length} octets`)
  })
}
