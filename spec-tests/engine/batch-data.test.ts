import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { test } from 'tap'
import { CRYPTOGRAPHIC_ALGORITHM, DATA, OPERATION, type Data, type Operation } from '../../src/protocol/enumerations.ts'
import { requestMessage } from '../../src/protocol/message.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { openServer, refusal, registerKey, usage } from '../helpers/calls.ts'
import { decodeResponse, type ItemResult } from '../helpers/harness.ts'
import { bytes, enumeration, int, struct, text } from '../wire/message.ts'

/* Data that one item makes and another uses, and that the client does not get (2.1 sections 7.9, 8.3 and 11.13). */

const { client } = await openServer()

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const TEXT = Buffer.from('what is hashed, encrypted and authenticated')

const id = await registerKey(
  client,
  '2.1',
  KEY,
  usage('Encrypt', 'Decrypt', 'MACGenerate'),
  { name: 'ActivationDate', value: 1_700_000_000 },
  {
    name: 'CryptographicParameters',
    value: { blockCipherMode: 'ECB', paddingMethod: 'PKCS5', hashingAlgorithm: 'SHA_256' },
  },
)

type Step = { readonly operation: Operation; readonly ephemeral?: 'Data' | false; readonly fields: readonly Buffer[] }

const uid = text('UniqueIdentifier', id)
const given = bytes('Data', TEXT)
const by = (name: Data): Buffer => enumeration('Data', DATA.code[name])
const nth = (position: number): Buffer => int('Data', position)

const send = async (steps: readonly Step[], header: object = {}): Promise<readonly ItemResult[]> => {
  const writer = new Writer()
  const items = steps.map(({ operation, ephemeral, fields }, index) => ({
    operation: OPERATION.code[operation],
    ephemeral,
    uniqueBatchItemID: Buffer.from([index]),
    payload: struct('RequestPayload', ...fields),
    messageExtension: [],
  }))
  const envelope = { protocolVersion: { major: 2, minor: 1 }, attestationType: [], batchCount: items.length, ...header }
  requestMessage.compile('2.1').write(writer, TAG.RequestMessage, { header: envelope, items })
  return decodeResponse((await client.raw(Buffer.from(writer.bytes()))).bytes, '2.1')
}

const ecb = (data: Buffer): Buffer => {
  const cipher = createCipheriv('aes-128-ecb', KEY, null)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

/** The Data output of an answer. */
const made = (result: ItemResult | undefined): unknown => {
  const payload = result?.payload ?? {}
  const ciphertext = payload['ciphertext']
  const encrypted =
    typeof ciphertext === 'object' && ciphertext !== null && 'data' in ciphertext ? ciphertext.data : undefined
  return encrypted ?? payload['data'] ?? payload['macData']
}

const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest()

const hashed = struct('CryptographicParameters', enumeration('HashingAlgorithm', 6))

const hmac = struct(
  'CryptographicParameters',
  enumeration('CryptographicAlgorithm', CRYPTOGRAPHIC_ALGORITHM.code.HMAC_SHA256),
)

const hash = (data: Buffer, ephemeral?: 'Data' | false): Step => ({
  operation: 'Hash',
  fields: [hashed, data],
  ...(ephemeral === undefined ? {} : { ephemeral }),
})

const encrypt = (data: Buffer): Step => ({ operation: 'Encrypt', fields: [uid, data] })

void test('2.1 section 7.9: Data by the operation that has made them, and by their number', async (t) => {
  const results = await send([
    hash(given),
    encrypt(by('Hash')),
    { operation: 'Decrypt', fields: [uid, by('Encrypt')] },
    { operation: 'MAC', fields: [uid, hmac, nth(0)] },
    hash(by('MACMACData')),
    encrypt(nth(-1)),
  ])
  const digest = sha256(TEXT)
  const mac = createHmac('sha256', KEY).update(digest).digest()
  t.same(results.map(made), [digest, ecb(digest), digest, mac, sha256(mac), ecb(sha256(mac))])
})

void test('2.1 section 8.3: what is Ephemeral is not returned, and may be used', async (t) => {
  const results = await send([hash(given, 'Data'), encrypt(by('Hash')), hash(given, false)])
  t.same(
    results.map(({ status }) => status),
    ['Success', 'Success', 'Success'],
  )
  t.equal(made(results[0]), undefined)
  t.same(made(results[1]), ecb(sha256(TEXT)))
  t.same(made(results[2]), sha256(TEXT))
  const [alone] = await send([hash(given, 'Data')])
  t.match(alone, { status: 'Success' })
  t.equal(made(alone), undefined)
})

void test('2.1 sections 7.9 and 9.2: items that are answered later use each other’s Data, too', async (t) => {
  const pending = await send([hash(given, 'Data'), encrypt(by('Hash'))], { asynchronousIndicator: 'Mandatory' })
  const answers: ItemResult[] = []
  for (const { correlationValue } of pending)
    answers.push(await client.attempt('2.1', 'Poll', { asynchronousCorrelationValue: correlationValue }))
  t.match(answers[0], { operation: 'Hash', status: 'Success' })
  t.equal(made(answers[0]), undefined)
  t.same(made(answers[1]), ecb(sha256(TEXT)))
})

const MISSING: readonly (readonly [string, readonly Step[]])[] = [
  ['nothing has been made', [encrypt(by('Hash'))]],
  ['another operation has made some', [hash(given), encrypt(by('Encrypt'))]],
  ['a number beyond the last', [hash(given), encrypt(nth(1))]],
  ['a number before the first', [hash(given), encrypt(nth(-2))]],
  ['an enumeration of no meaning', [hash(given), encrypt(enumeration('Data', 99))]],
]

for (const [what, steps] of MISSING) {
  void test(`2.1 section 7.9: ${what}`, async (t) => {
    const results = await send(steps)
    const last = results.at(-1)
    t.equal(last === undefined ? '' : refusal(last), 'InvalidField')
  })
}

void test('2.1 section 7.9: what a failed item would have made is not there', async (t) => {
  const results = await send([hash(given), { operation: 'Decrypt', fields: [uid, given] }, encrypt(by('Decrypt'))], {
    batchErrorContinuationOption: 'Continue',
  })
  t.same(
    results.map(({ status }) => status),
    ['Success', 'OperationFailed', 'OperationFailed'],
  )
})
