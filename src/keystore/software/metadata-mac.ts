import { createHmac, timingSafeEqual } from 'node:crypto'
import type { StoreKey, StoreKeys } from './store-keys.ts'

const MAC_FORMAT = 1
const MAC_HEADER_BYTES = 5
const MAC_BYTES = 32

const macOf = (key: StoreKey, metadata: Buffer): Buffer => createHmac('sha256', key.mac).update(metadata).digest()

/** MAC of metadata: format, number of the store key, HMAC-SHA256. */
export const authenticate = (keys: StoreKeys, metadata: Buffer): Buffer => {
  const header = Buffer.alloc(MAC_HEADER_BYTES)
  header[0] = MAC_FORMAT
  header.writeUInt32BE(keys.current.number, 1)
  return Buffer.concat([header, macOf(keys.current, metadata)])
}

/** Whether {@link authenticate} made `mac` of `metadata`, under any store key. */
export const isAuthentic = (keys: StoreKeys, metadata: Buffer, mac: Buffer): boolean => {
  if (mac.length !== MAC_HEADER_BYTES + MAC_BYTES || mac[0] !== MAC_FORMAT) return false
  const key = keys.get(mac.readUInt32BE(1))
  return key !== undefined && timingSafeEqual(macOf(key, metadata), mac.subarray(MAC_HEADER_BYTES))
}
