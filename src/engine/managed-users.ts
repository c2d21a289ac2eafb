import { instancesOf, valueOf } from '../domain/attribute-set.ts'
import type { Clock } from '../domain/clock.ts'
import { contentsOf } from '../domain/credential-contents.ts'
import type { KeyStore } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import type { ManagedCredential, ManagedUser, ManagedUsers } from '../domain/managed-users.ts'
import type { ObjectStore } from '../domain/object-store.ts'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import { credentialIds, isCredential, isInForce, MOST_CREDENTIALS } from '../domain/system-objects.ts'
import { deviceKeys } from '../domain/users.ts'
import type { AttributeFilter } from '../protocol/attribute-wire.ts'
import { LINK_TYPE, OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { Writer } from '../ttlv/writer.ts'
import { planLocate } from './objects/locate-search.ts'
import { fromRow } from './objects/object-rows.ts'

/*
 * Users that are managed objects, for whoever authenticates clients (docs/kmip-3.0.md). They are looked up each time: a
 * user or a credential that is revoked or deactivated is out with the commit that does it.
 */

export type ManagedUserParts = { readonly store: ObjectStore; readonly keys: KeyStore; readonly clock: Clock }

/** Objects that one search may find: a certificate may be registered by others, too, which lets nobody in. */
const MOST_FOUND = 16

const structure = (write: (writer: Writer) => void): AttributeFilter['value'] => {
  const writer = new Writer()
  write(writer)
  return { type: 'Structure', value: Buffer.from(writer.bytes()) }
}

const ofType = (objectType: ObjectType): AttributeFilter => ({
  ref: { name: 'ObjectType' },
  value: { type: 'Enumeration', value: OBJECT_TYPE.code[objectType] },
})

const named = (name: string): AttributeFilter => ({
  ref: { name: 'Name' },
  value: structure((to) => to.text(TAG.NameValue, name)),
})

const linkedTo = (id: string): AttributeFilter => ({
  ref: { name: 'Link' },
  value: structure((to) => {
    to.enumeration(TAG.LinkType, LINK_TYPE.codesIn('storage').CredentialLink)
    to.text(TAG.LinkedObjectIdentifier, id)
  }),
})

const digested = (fingerprint: string): AttributeFilter => ({
  ref: { name: 'Digest' },
  value: structure((to) => to.byteString(TAG.DigestValue, Buffer.from(fingerprint, 'hex'))),
})

const device = (value: string): AttributeFilter => ({
  ref: { name: 'VendorAttribute', vendor: 'y', attributeName: 'device' },
  value: { type: 'TextString', value },
})

const fingerprintOf = ({ attributes }: ManagedObject): string | undefined =>
  instancesOf(attributes, 'Digest')
    .find(({ value }) => value.hashingAlgorithm === 'SHA_256')
    ?.value.digestValue?.toString('hex')

/** Reads objects, whoever owns them. */
const createReader = ({ store, keys, clock }: ManagedUserParts) => {
  const read = async (id: string): Promise<ManagedObject | undefined> => {
    const row = await store.read(DEFAULT_TENANT, id)
    const object = row && fromRow(row, keys)
    return object !== undefined && isInForce(object, clock.now()) ? object : undefined
  }
  const find = async (...filters: readonly AttributeFilter[]): Promise<readonly ManagedObject[]> => {
    const query = {
      filters,
      maximumItems: MOST_FOUND,
      offsetItems: undefined,
      storageStatusMask: undefined,
      objectGroupMember: undefined,
    }
    const scope = { tenant: DEFAULT_TENANT, owner: undefined, now: clock.now(), cap: MOST_FOUND }
    const [plan] = planLocate(query, scope)
    if (plan === undefined) return []
    const { ids } = await store.search({ ...plan.search, count: false })
    const objects = await Promise.all(ids.map(read))
    return objects.flatMap((object) => object ?? [])
  }
  return { read, find }
}

export const createManagedUsers = (parts: ManagedUserParts): ManagedUsers => {
  const { keys } = parts
  const { read, find } = createReader(parts)

  const credentialOf = async (object: ManagedObject | undefined): Promise<readonly ManagedCredential[]> => {
    const type = object && valueOf(object.attributes, 'CredentialType')
    if (object?.key === undefined || typeof type !== 'string') return []
    const contents = type === 'Certificate' ? {} : contentsOf(await keys.retrieve(object.key))
    const fingerprint = type === 'Certificate' ? fingerprintOf(object) : undefined
    return [{ id: object.id, version: object.rowVersion, type, contents, fingerprint }]
  }

  const userOf = async (object: ManagedObject | undefined): Promise<ManagedUser | undefined> => {
    const name = object && valueOf(object.attributes, 'Name')?.nameValue
    if (object?.objectType !== 'User' || name === undefined) return undefined
    const ids = credentialIds(object.attributes).slice(0, MOST_CREDENTIALS)
    const credentials = await Promise.all(ids.map(async (id) => credentialOf(await read(id))))
    return {
      id: object.id,
      version: object.rowVersion,
      name,
      tenant: object.tenant,
      groups: instancesOf(object.attributes, 'ObjectGroup').map(({ value }) => value),
      credentials: credentials.flat(),
    }
  }

  /** The user of a credential; undefined where several share it, for then it says nothing. */
  const holderOf = async (credentials: readonly ManagedObject[]): Promise<ManagedUser | undefined> => {
    const users: ManagedObject[] = []
    for (const { id } of credentials) users.push(...(await find(linkedTo(id), ofType('User'))))
    return users.length === 1 ? userOf(users[0]) : undefined
  }

  return {
    byName: async (name) => userOf((await find(named(name), ofType('User')))[0]),
    byDevice: async (identifiers) => {
      for (const key of deviceKeys(identifiers)) {
        const found = await find(device(key), ofType('DeviceCredential'))
        if (found.length > 0) return holderOf(found)
      }
      return undefined
    },
    byCertificate: async (fingerprint) =>
      holderOf((await find(digested(fingerprint), ofType('Certificate'))).filter(isCredential)),
    byId: async (id) => userOf(await read(id)),
  }
}
