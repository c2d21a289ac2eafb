import { versionNumbers, versionOf, type Version } from '../schema/version.ts'
import { boolean, bytes, text } from '../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../schema/struct.ts'
import { protocolVersion } from '../protocol/message.ts'
import { keyWrappingSpecification, type KeyWrappingSpecification } from '../protocol/structures/key-wrapping.ts'
import { TAG } from '../protocol/tags.ts'
import { Writer } from '../ttlv/writer.ts'
import { DEFAULT_TENANT } from './principal.ts'
import type { NewRecord, ServerRecord } from './records.ts'

/*
 * What a client is told without asking, as the operator has agreed with it: Notify and Put are sent "using information
 * known to the server via unspecified configuration or administrative mechanisms" (1.4 section 5.1, 2.1 section 6.2.2).
 * A client can turn a connection to be told; where this server dials is never a client's to say.
 */

export type Address = { readonly host: string; readonly port: number }

export type Subscription = {
  /** Identity of the client. */
  readonly client: string
  /** Where the client listens; absent: it is told over connections that it turns. */
  readonly address: Address | undefined
  /** SHA-256 of the certificate it shows there, in lower-case hex; absent: one that is trusted, for that host. */
  readonly fingerprint: string | undefined
  /** The version it speaks; absent: it is asked. */
  readonly version: Version | undefined
  /** Notify: changes that others make to its objects. */
  readonly changes: boolean
  /** Notify: those that it makes itself, too. */
  readonly ownChanges: boolean
  /** Put: what others make to replace its objects. */
  readonly replacements: boolean
  /** Put: objects of these Object Groups. */
  readonly groups: readonly string[]
  /** How keys are wrapped that are pushed to it; absent: they are not. */
  readonly wrapping: KeyWrappingSpecification | undefined
}

/** Private use (1.4 section 9.1.3.1, 2.1 section 11.60): what is written here is read by nobody else. */
const PRIVATE = 0x540000

const stored = struct('Subscription', {
  host: optional(PRIVATE + 1, text),
  port: optional(PRIVATE + 2, text),
  fingerprint: optional(PRIVATE + 3, bytes),
  version: optional(TAG.ProtocolVersion, protocolVersion),
  changes: required(PRIVATE + 4, boolean),
  ownChanges: required(PRIVATE + 5, boolean),
  replacements: required(PRIVATE + 6, boolean),
  groups: repeated(TAG.ObjectGroup, text),
  wrapping: optional(TAG.KeyWrappingSpecification, keyWrappingSpecification),
})

const codec = stored.compile('storage')

const addressIn = ({ host, port }: Infer<typeof stored.fields>): Address | undefined =>
  host === undefined || port === undefined ? undefined : { host, port: Number(port) }

export const subscriptionOf = ({ owner, document }: ServerRecord): Subscription => {
  const fields = codec.read(document, 0)
  const { fingerprint, version, changes, ownChanges, replacements, groups, wrapping } = fields
  return {
    client: owner,
    address: addressIn(fields),
    fingerprint: fingerprint?.toString('hex'),
    version: version && versionOf(version.major, version.minor),
    changes,
    ownChanges,
    replacements,
    groups,
    wrapping,
  }
}

/** One for each client: a new one takes the place of the one before. */
export const subscriptionRecord = (subscription: Subscription): NewRecord => {
  const { client, address, fingerprint, version, ...rest } = subscription
  const writer = new Writer()
  codec.write(writer, TAG.RequestPayload, {
    ...rest,
    host: address?.host,
    port: address?.port.toString(),
    fingerprint: fingerprint === undefined ? undefined : Buffer.from(fingerprint, 'hex'),
    version: version && versionNumbers(version),
  })
  return {
    kind: 'subscription',
    id: client,
    owner: client,
    expiresAt: undefined,
    document: Buffer.from(writer.bytes()),
    sealed: undefined,
  }
}

/** Tenant of the subscriptions, until there are others than the one. */
export const SUBSCRIPTION_TENANT = DEFAULT_TENANT

/** `host:port`, an IPv6 address in brackets; undefined where it is none. */
export const parseAddress = (spelled: string): Address | undefined => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(spelled)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
