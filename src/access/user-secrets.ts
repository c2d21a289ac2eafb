import type { HeldKey, KeyStore } from '../domain/key-store.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { User } from '../domain/users.ts'
import type { Resealing } from '../domain/resealing.ts'
import { type Sealed, storeKeyOf } from '../domain/bytes.ts'
import { HASH_NAMES, type HashedProof, type HashName } from './hashed-password.ts'

/*
 * What the server must be able to read of a user in order to check one time and hashed passwords. The keystore seals it
 * as it seals an opaque object, bound to the user: it stands in the database in no other form.
 */

export type UserSecrets = {
  readonly oneTime: Buffer | undefined
  readonly hashed: ReadonlyMap<HashName, HashedProof>
}

export type SecretsKeeper = Pick<KeyStore, 'deposit' | 'retrieve'>

/** The first code that the standard leaves to vendors. */
const OPAQUE_DATA_TYPE = 0x80000000

const objectIdOf = (userId: string): string => `user/${userId}`

const encodeParts = (parts: readonly Buffer[]): Buffer =>
  Buffer.concat(parts.flatMap((part) => [Buffer.of(part.length >> 8, part.length & 0xff), part]))

const decodeParts = (bytes: Buffer): readonly Buffer[] => {
  const parts: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at)
    parts.push(Buffer.from(bytes.subarray(at + 2, end)))
    at = end
  }
  return parts
}

const NONE = Buffer.alloc(0)

const encode = ({ oneTime = NONE, hashed }: UserSecrets): Buffer =>
  encodeParts([
    oneTime,
    ...HASH_NAMES.flatMap((name) => [hashed.get(name)?.s1 ?? NONE, hashed.get(name)?.hashOfS2 ?? NONE]),
  ])

const decode = (bytes: Buffer): UserSecrets => {
  const [oneTime = NONE, ...proofs] = decodeParts(bytes)
  const hashed = HASH_NAMES.flatMap((name, index) => {
    const [s1 = NONE, hashOfS2 = NONE] = proofs.slice(2 * index)
    return s1.length === 0 ? [] : [[name, { s1, hashOfS2 }] as const]
  })
  return { oneTime: oneTime.length === 0 ? undefined : oneTime, hashed: new Map(hashed) }
}

const sealedIn = ({ ref }: HeldKey): Sealed => {
  if (ref.kind !== 'sealed') throw new Error('the secrets of a user are not sealed')
  return ref.sealed
}

/** Seals the secrets of a user. */
export const sealSecrets = (keys: SecretsKeeper, userId: string, secrets: UserSecrets): MaybePromise<Sealed> => {
  const value = { opaqueDataType: OPAQUE_DATA_TYPE, opaqueDataValue: encode(secrets) }
  return then(keys.deposit(objectIdOf(userId), { objectType: 'OpaqueObject', value }), ({ key }) => sealedIn(key))
}

const NO_SECRETS: UserSecrets = { oneTime: undefined, hashed: new Map() }

/**
 * Opens them.
 * @throws KmipError CryptographicFailure where they are another user's, or changed
 */
export const openSecrets = (
  keys: SecretsKeeper,
  { id, secrets }: Pick<User, 'id' | 'secrets'>,
): MaybePromise<UserSecrets> => {
  if (secrets === undefined) return NO_SECRETS
  const key: HeldKey = { objectId: objectIdOf(id), sealVersion: 1, ref: { kind: 'sealed', sealed: secrets } }
  return then(keys.retrieve(key), (object) =>
    object.objectType === 'OpaqueObject' ? decode(object.value.opaqueDataValue) : NO_SECRETS,
  )
}

/**
 * The same secrets under the current store key; undefined where they are under it, or there are none.
 * @throws KmipError CryptographicFailure where they are another user's, or changed
 */
export const renewSecrets = (keys: Resealing, { id, secrets }: Pick<User, 'id' | 'secrets'>): Sealed | undefined => {
  if (secrets === undefined || storeKeyOf(secrets) === keys.storeKey) return undefined
  return sealedIn(keys.reseal({ objectId: objectIdOf(id), sealVersion: 1, ref: { kind: 'sealed', sealed: secrets } }))
}
