import { CKA, CKK, CKO } from '../../../protocol/pkcs11/constants.ts'
import { FIND, type FoundObject, type ObjectName, READ } from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import type { ModuleHost } from '../module-host.ts'
import { CKA_STATE } from '../numbers.ts'

/* The root key as an object of a token: where it is, and what it has to be before it is trusted. */

export type RootObject = {
  readonly id: Buffer
  readonly label: string
} & (
  | { readonly kind: 'aes'; readonly key: ObjectName }
  | { readonly kind: 'rsa'; readonly privateKey: ObjectName; readonly publicKey: ObjectName }
)

/** How it is found. Without an id, the only one of its label is meant. */
export type RootName = { readonly label: string; readonly id?: Buffer | undefined }

const KEY_BITS = { aes: 256, rsa: 2048 } as const

/** More than one is too many already. */
const MOST_FOUND = 16

const nameFor = ({ label, id }: RootName): string =>
  `labelled "${label}"${id === undefined ? '' : ` with the id ${id.toString('hex')}`}`

const find = async (host: ModuleHost, { label, id }: RootName): Promise<readonly FoundObject[]> => {
  const template = [
    { type: CKA.TOKEN, value: true },
    { type: CKA.LABEL, value: label },
    ...(id === undefined ? [] : [{ type: CKA.ID, value: id }]),
  ]
  const found = await host.call(FIND, { template, most: MOST_FOUND })
  return found.filter((object) => object.class === CKO.SECRET_KEY || object.class === CKO.PRIVATE_KEY)
}

type Values = ReadonlyMap<number, Buffer | undefined>
type Rule = readonly [holds: (values: Values) => boolean, what: string]

const says = (values: Values, type: number): boolean => values.get(type)?.[0] === 1
const denies = (values: Values, type: number): boolean => values.get(type)?.[0] === 0

/** A key that was brought from outside is neither (PKCS#11 3.0 section 4.9), so this says that it was made inside, too. */
const neverWasOutside = (values: Values): boolean =>
  says(values, CKA_STATE.NEVER_EXTRACTABLE) && says(values, CKA_STATE.ALWAYS_SENSITIVE)

/** What must be said of the key, and what at least must not be denied: not every module says everything. */
const RULES: readonly Rule[] = [
  [(values) => denies(values, CKA.EXTRACTABLE), 'it can be taken out of the token (CKA_EXTRACTABLE)'],
  [(values) => says(values, CKA.SENSITIVE), 'its value can be read (CKA_SENSITIVE)'],
  [
    (values) => !denies(values, CKA_STATE.NEVER_EXTRACTABLE),
    'it could once be taken out of the token (CKA_NEVER_EXTRACTABLE)',
  ],
  [(values) => !denies(values, CKA_STATE.ALWAYS_SENSITIVE), 'its value could once be read (CKA_ALWAYS_SENSITIVE)'],
  // NSS denies it of the keys that it has made itself.
  [(values) => !denies(values, CKA.LOCAL) || neverWasOutside(values), 'it was not made inside the token (CKA_LOCAL)'],
  [(values) => says(values, CKA.PRIVATE), 'it can be used without a login (CKA_PRIVATE)'],
]

const READ_TYPES: readonly number[] = [
  CKA.EXTRACTABLE,
  CKA.SENSITIVE,
  CKA_STATE.NEVER_EXTRACTABLE,
  CKA_STATE.ALWAYS_SENSITIVE,
  CKA.LOCAL,
  CKA.PRIVATE,
]

/** @throws ModuleError setup, with everything that is wrong with the key */
const checkProtection = async (host: ModuleHost, key: ObjectName, name: string): Promise<void> => {
  const read = await host.call(READ, { object: key, types: [...READ_TYPES] })
  const values = new Map(READ_TYPES.map((type, index) => [type, read[index]]))
  const wrong = RULES.flatMap(([holds, what]) => (holds(values) ? [] : [what]))
  if (wrong.length > 0) throw new ModuleError('setup', `the key ${name} cannot be the root key: ${wrong.join('; ')}`)
}

const checkAes = async (host: ModuleHost, key: ObjectName, name: string): Promise<void> => {
  const [length] = await host.call(READ, { object: key, types: [CKA.VALUE_LEN] })
  if (length !== undefined && length.readUInt32LE() * 8 !== KEY_BITS.aes)
    throw new ModuleError('setup', `the key ${name} cannot be the root key: it does not have ${KEY_BITS.aes} bits`)
}

const checkRsa = async (host: ModuleHost, key: ObjectName, name: string): Promise<void> => {
  const [modulus] = await host.call(READ, { object: key, types: [CKA_STATE.MODULUS] })
  if (modulus === undefined || modulus.length * 8 < KEY_BITS.rsa)
    throw new ModuleError('setup', `the key ${name} cannot be the root key: it has less than ${KEY_BITS.rsa} bits`)
}

const rootOf = async (
  host: ModuleHost,
  { class: objectClass, id, label, keyType }: FoundObject,
): Promise<RootObject> => {
  const name = nameFor({ label, id })
  const key = { class: objectClass, id }
  await checkProtection(host, key, name)
  if (objectClass === CKO.SECRET_KEY && keyType === CKK.AES) {
    await checkAes(host, key, name)
    return { kind: 'aes', id, label, key }
  }
  if (objectClass === CKO.PRIVATE_KEY && keyType === CKK.RSA) {
    await checkRsa(host, key, name)
    return { kind: 'rsa', id, label, privateKey: key, publicKey: { class: CKO.PUBLIC_KEY, id } }
  }
  throw new ModuleError('setup', `the key ${name} cannot be the root key: it is neither for AES nor for RSA`)
}

/** Undefined where there is none. @throws ModuleError setup, where it is not what a root key has to be */
export const findRoot = async (host: ModuleHost, wanted: RootName): Promise<RootObject | undefined> => {
  const found = await find(host, wanted)
  const [object] = found
  if (found.length > 1) {
    const ids = found.map(({ id }) => id.toString('hex')).join(', ')
    throw new ModuleError(
      'setup',
      `the token has ${found.length} keys ${nameFor(wanted)}: say which by its id (${ids})`,
    )
  }
  return object && rootOf(host, object)
}

/** @throws ModuleError setup, where there is none, or it is not what a root key has to be */
export const requireRoot = async (host: ModuleHost, wanted: RootName): Promise<RootObject> => {
  const root = await findRoot(host, wanted)
  if (root !== undefined) return root
  const { token } = await host.ready()
  throw new ModuleError('setup', `the token "${token.label}" (${token.serial}) has no key ${nameFor(wanted)}`)
}
