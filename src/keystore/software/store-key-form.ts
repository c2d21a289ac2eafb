import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/*
 * How a store key stands in the database: wrapped under one root key or several, each of which opens it. The list of
 * wrappings carries a MAC under the store key itself, so that damage to any of them is noticed by whoever opens another.
 */

/** The store key as one root key has wrapped it. */
export type Wrapping = { readonly rootId: string; readonly wrapped: Buffer }

export type StoredKey = {
  readonly wrappings: readonly Wrapping[]
  /** Absent in the first form, which holds one wrapping: nothing else can be damaged there. */
  readonly signed: { readonly list: Buffer; readonly mac: Buffer } | undefined
}

/** One wrapping under a software root key: format, 8 bytes of its identifier, what it has wrapped. */
const SINGLE = 1
const LIST = 2
/** Stands for a key that has been destroyed, so that it is not missing. */
const DESTROYED = 0

const ROOT_ID_BYTES = 8
const HEADER_BYTES = 1 + ROOT_ID_BYTES
const MAC_BYTES = 32
/** More roots than anybody has; a larger number is damage. */
const MOST_WRAPPINGS = 32

export const destroyedForm = (): Buffer => Buffer.of(DESTROYED)

export const isDestroyedForm = (value: Buffer): boolean => value.length === 1 && value[0] === DESTROYED

const macOf = (number: number, key: Buffer, list: Buffer): Buffer => {
  const macKey = Buffer.from(hkdfSync('sha256', key, '', `kmipd wrappings of store key ${number}`, MAC_BYTES))
  const mac = createHmac('sha256', macKey).update(list).digest()
  macKey.fill(0)
  return mac
}

const encodeWrapping = ({ rootId, wrapped }: Wrapping): Buffer => {
  const id = Buffer.from(rootId)
  if (id.length < 1 || id.length > 0xff || wrapped.length > 0xffff) throw new RangeError('a wrapping is too long')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(wrapped.length)
  return Buffer.concat([Buffer.of(id.length), id, length, wrapped])
}

/** Format, number of wrappings, each with its root identifier and lengths, MAC. */
export const encodeStoredKey = (number: number, key: Buffer, wrappings: readonly Wrapping[]): Buffer => {
  if (wrappings.length < 1 || wrappings.length > MOST_WRAPPINGS) throw new RangeError('no number of root keys')
  const list = Buffer.concat([Buffer.of(LIST, wrappings.length), ...wrappings.map(encodeWrapping)])
  return Buffer.concat([list, macOf(number, key, list)])
}

/** Whether the store key vouches for its list of wrappings. */
export const isListAuthentic = (number: number, key: Buffer, { signed }: StoredKey): boolean =>
  signed === undefined || timingSafeEqual(macOf(number, key, signed.list), signed.mac)

const readWrappings = (list: Buffer): readonly Wrapping[] | undefined => {
  const wrappings: Wrapping[] = []
  let at = 2
  const take = (length: number): Buffer => {
    at += length
    if (at > list.length) throw new RangeError('a wrapping ends early')
    return list.subarray(at - length, at)
  }
  for (let left = list.readUInt8(1); left > 0; left -= 1) {
    const rootId = take(take(1).readUInt8()).toString()
    wrappings.push({ rootId, wrapped: take(take(2).readUInt16BE()) })
  }
  return at === list.length ? wrappings : undefined
}

const decodeList = (value: Buffer): StoredKey | undefined => {
  const end = value.length - MAC_BYTES
  if (end < 2) return undefined
  const list = value.subarray(0, end)
  try {
    const wrappings = readWrappings(list)
    return wrappings && { wrappings, signed: { list, mac: value.subarray(end) } }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Undefined where the bytes have none of the forms. */
export const decodeStoredKey = (value: Buffer): StoredKey | undefined => {
  if (value[0] === LIST) return decodeList(value)
  if (value[0] !== SINGLE || value.length < HEADER_BYTES) return undefined
  const rootId = value.toString('hex', 1, HEADER_BYTES)
  return { wrappings: [{ rootId, wrapped: value.subarray(HEADER_BYTES) }], signed: undefined }
}

/** Whether a store key is wrapped under `roots`, and under no other, as one may not be that an attempt under others has left. */
export const isUnderAlone = (value: Buffer | undefined, roots: readonly { readonly id: string }[]): boolean => {
  const wrappings = (value && decodeStoredKey(value)?.wrappings) ?? []
  const isWrapping = ({ id }: { readonly id: string }): boolean => wrappings.some(({ rootId }) => rootId === id)
  return roots.every(isWrapping) && wrappings.every(({ rootId }) => roots.some(({ id }) => id === rootId))
}
