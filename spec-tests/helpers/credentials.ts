import { createHash, createHmac } from 'node:crypto'
import type { Version } from '../../src/schema/version.ts'
import { responseMessage } from '../../src/protocol/message.ts'
import type { CredentialType } from '../../src/protocol/enumerations.ts'
import { encodeRequest, type ItemResult, type Payload, type TestClient } from './harness.ts'
import { decodeResponse } from './messages.ts'

/* Credentials as clients make them, by the formulas of the text and with nothing of the server's. */

export type TestCredential = { readonly credentialType: CredentialType | number; readonly credentialValue: Payload }

export const password = (username: string, secret: string | undefined): TestCredential => ({
  credentialType: 'UsernameAndPassword',
  credentialValue: { username, password: secret },
})

export const device = (identifiers: Payload, secret: string | undefined): TestCredential => ({
  credentialType: 'Device',
  credentialValue: { ...identifiers, password: secret },
})

const hash = (...parts: readonly (Buffer | string)[]): Buffer =>
  parts.reduce((h, part) => h.update(part), createHash('sha256')).digest()

const timestampBytes = (timestamp: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(timestamp)
  return bytes
}

/** 2.1 section 9.11. */
export const hashed = (username: string, secret: string, timestamp: bigint): TestCredential => ({
  credentialType: 'HashedPassword',
  credentialValue: {
    username,
    timestamp,
    hashedPassword: Buffer.concat([hash(hash(username, secret), timestampBytes(timestamp)), hash(secret, username)]),
  },
})

/** 2.1 section 8.5. */
export const expectedServerHash = (username: string, secret: string, timestamp: bigint): Buffer =>
  hash(timestampBytes(timestamp), hash(username, secret), hash(hash(secret, username)))

/** RFC 6238: the one time password of a moment; `secret` in base32. */
export const oneTimeAt = (secret: string, seconds: number): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = Array.from(secret, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export const oneTime = (username: string, secret: string | undefined, code: string): TestCredential => ({
  credentialType: 'OneTimePassword',
  credentialValue: { username, password: secret, oneTimePassword: code },
})

export const ticketOf = (payload: Payload): TestCredential => ({
  credentialType: 'Ticket',
  credentialValue: { ticket: payload['ticket'] },
})

export const header = (...credentials: readonly TestCredential[]): { readonly header: Payload } => ({
  header: { authentication: { credentials } },
})

/** One operation with credentials in the header: the first item of the answer, and the header with it. */
export const askAs = async (
  client: TestClient,
  version: Version,
  credentials: readonly TestCredential[],
  operation: Parameters<TestClient['attempt']>[1] = 'RNGRetrieve',
  request: Payload = { dataLength: 4 },
): Promise<ItemResult & { readonly serverHashedPassword: Buffer | undefined; readonly close: boolean }> => {
  const { bytes, close } = await client.raw(encodeRequest(version, [{ operation, request }], header(...credentials)))
  const [item] = decodeResponse(bytes, version)
  if (item === undefined) throw new Error('no item in the response')
  const { serverHashedPassword } = responseMessage.compile(version).read(bytes, 0).header
  return { ...item, serverHashedPassword, close }
}

/** `Success`, or the reason. */
export const outcome = ({ status, reason }: ItemResult): string => reason ?? status
