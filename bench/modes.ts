import { decodeResponse, encodeRequest, type Item, type Payload } from '../spec-tests/helpers/messages.ts'

/*
 * What is asked of a server, over TLS (bench/macro) and without (bench/meso): each mode makes the objects that it needs
 * and says which messages to send in turn.
 */

/** Sends messages one after the other and gives the answers. */
export type Exchange = (messages: readonly Buffer[]) => Promise<readonly Buffer[]>

export type Mode = {
  readonly name: string
  /** Objects, or uses of them, that a message is about. */
  readonly perMessage: number
  readonly requests: (exchange: Exchange) => Promise<readonly Buffer[]>
}

const VERSION = '1.4'

const message = (...items: readonly Item[]): Buffer => encodeRequest(VERSION, items)

type Attributes = readonly { readonly name: string; readonly value: unknown }[]

const AES_256: Attributes = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
  { name: 'CryptographicUsageMask', value: 12 },
]

export const createItem = (attributes: Attributes = []): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: {
      templates: [],
      attributes: [...AES_256.filter(({ name }) => attributes.every((given) => given.name !== name)), ...attributes],
    },
  },
})

const idIn = (answer: Buffer): string => {
  const [item] = decodeResponse(answer, VERSION)
  if (item?.status !== 'Success') throw new Error(`${item?.operation ?? 'a request'} failed: ${item?.message ?? ''}`)
  return String(item.payload['uniqueIdentifier'])
}

const createdIds = async (exchange: Exchange, count: number, item = createItem()): Promise<readonly string[]> =>
  (await exchange(Array.from({ length: count }, () => message(item)))).map(idIn)

const reference = (id: string) => ({ uniqueIdentifier: { by: 'id', id } })

const getItem = (id: string): Item => ({ operation: 'Get', request: reference(id) })

const OBJECTS = 100
const BATCH = 16

/** The first Get of an object is also a change, from fresh to not fresh: so each is got once before. */
const gotIds = async (exchange: Exchange): Promise<readonly string[]> => {
  const ids = await createdIds(exchange, OBJECTS)
  await exchange(ids.map((id) => message(getItem(id))))
  return ids
}

/** A key that is Active and may be used for all of it. */
const activeKeys = (exchange: Exchange, attributes: Attributes, count: number): Promise<readonly string[]> =>
  createdIds(exchange, count, createItem([{ name: 'ActivationDate', value: 1 }, ...attributes]))

const uses = async (
  exchange: Exchange,
  attributes: Attributes,
  operation: Item['operation'],
  request: Payload,
): Promise<readonly Buffer[]> =>
  (await activeKeys(exchange, attributes, 20)).map((id) =>
    message({ operation, request: { ...reference(id), ...request } }),
  )

const GCM = { blockCipherMode: 'GCM', cryptographicAlgorithm: 'AES', randomIV: true, tagLength: 16 }

const encryption = (name: string, length: number): Mode => ({
  name,
  perMessage: 1,
  requests: (exchange) =>
    uses(exchange, [], 'Encrypt', { cryptographicParameters: GCM, data: Buffer.alloc(length, 7) }),
})

const HMAC_KEY: Attributes = [
  { name: 'CryptographicAlgorithm', value: 'HMAC_SHA256' },
  { name: 'CryptographicUsageMask', value: 0x80 },
]

export const MODES = {
  get: {
    name: 'Get',
    perMessage: 1,
    requests: async (exchange) => (await gotIds(exchange)).map((id) => message(getItem(id))),
  },
  'get-batch': {
    name: `Get in batches of ${BATCH}`,
    perMessage: BATCH,
    requests: async (exchange) => {
      const ids = await gotIds(exchange)
      return ids.map((_, start) => {
        const items = Array.from({ length: BATCH }, (_item, index) => getItem(ids[(start + index) % OBJECTS] ?? ''))
        return message(...items.map((item, index) => ({ ...item, id: Buffer.from([index]) })))
      })
    },
  },
  discover: {
    name: 'Discover Versions',
    perMessage: 1,
    requests: () => Promise.resolve([message({ operation: 'DiscoverVersions', request: { protocolVersions: [] } })]),
  },
  encrypt: encryption('Encrypt AES-256-GCM, 64 bytes', 64),
  'encrypt-64k': encryption('Encrypt AES-256-GCM, 64 KiB', 65_536),
  hmac: {
    name: 'HMAC-SHA-256, 64 bytes',
    perMessage: 1,
    requests: (exchange) =>
      uses(exchange, HMAC_KEY, 'MAC', {
        cryptographicParameters: { cryptographicAlgorithm: 'HMAC_SHA256' },
        data: Buffer.alloc(64, 7),
      }),
  },
  create: {
    name: 'Create',
    perMessage: 1,
    requests: () => Promise.resolve([message(createItem())]),
  },
} as const satisfies Readonly<Record<string, Mode>>

export type ModeName = keyof typeof MODES
