import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import type { Kind } from '../schema/kind.ts'
import { required, struct } from '../schema/struct.ts'
import { Writer } from '../ttlv/writer.ts'
import { storeKeyOf } from './bytes.ts'
import type { KeyStore } from './key-store.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import type { RecordKind } from './records.ts'

/*
 * What an administrator has set for all objects of a tenant: one record of each kind, with a MAC of its own, so that whoever
 * changes the database does not lift a rule unseen.
 */

type Context = Pick<OperationContext, 'records' | 'keys' | 'principal'>

/** One rule book. */
export type PolicyRecord<T> = {
  /** @throws KmipError CryptographicFailure where the record is not what was written */
  read(context: Context): MaybePromise<T | undefined>
  /**
   * The document of the record with a MAC under the current store key; undefined where it has one.
   * @throws KmipError CryptographicFailure where the record is not what was written
   */
  renew(keys: KeyStore, tenant: string, document: Buffer): Buffer | undefined
  /** Sets it in place of what was there; undefined sets nothing. */
  write(context: Context, value: T | undefined): MaybePromise<void>
}

const stored = struct('Stored Policy', {
  value: required(TAG.KeyValue, bytes),
  mac: required(TAG.MACSignature, bytes),
}).compile('storage')

const encoded = (write: (writer: Writer) => void): Buffer => {
  const writer = new Writer()
  write(writer)
  return Buffer.from(writer.bytes())
}

/** What the MAC covers: a rule book of one tenant is none of another. */
const authenticated = (kind: RecordKind, tenant: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify([kind, tenant])}\n`), value])

const damaged = (kind: RecordKind, cause?: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The stored policy is damaged', {
    cause: new Error(`the record of ${kind} is not what was written`, { cause }),
  })

/** There is one record of a kind in a tenant. */
const ID = 'current'

export const policyRecord = <T>(kind: RecordKind, structure: Kind<T>): PolicyRecord<T> => {
  const codec = structure.compile('storage')

  const parts = (document: Buffer) => {
    try {
      return stored.read(document, 0)
    } catch (cause) {
      throw damaged(kind, cause)
    }
  }

  const open = ({ keys, principal }: Context, document: Buffer): T => {
    const { value, mac } = parts(document)
    if (!keys.isAuthentic(authenticated(kind, principal.tenant, value), mac)) throw damaged(kind)
    return codec.read(value, 0)
  }

  const withMac = (keys: Pick<KeyStore, 'authenticate'>, tenant: string, value: Buffer): Buffer => {
    const mac = keys.authenticate(authenticated(kind, tenant, value))
    return encoded((writer) => stored.write(writer, TAG.KeyBlock, { value, mac }))
  }

  const sealed = ({ keys, principal }: Context, policy: T): Buffer => {
    const value = encoded((writer) => codec.write(writer, TAG.KeyMaterial, policy))
    return withMac(keys, principal.tenant, value)
  }

  return {
    renew: (keys, tenant, document) => {
      const { value, mac } = parts(document)
      if (!keys.isAuthentic(authenticated(kind, tenant, value), mac)) throw damaged(kind)
      return storeKeyOf(mac) === keys.storeKey ? undefined : withMac(keys, tenant, value)
    },
    read: (context) => then(context.records.find(kind, ID), (record) => record && open(context, record.document)),
    write: (context, policy) =>
      then(context.records.find(kind, ID), (found) => {
        const { records } = context
        if (policy === undefined) {
          if (found !== undefined) records.remove(found)
          return
        }
        const document = sealed(context, policy)
        if (found !== undefined) records.replace(found, { document })
        else records.add({ kind, id: ID, owner: '', expiresAt: undefined, document, sealed: undefined })
      }),
  }
}
