import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  scrypt,
} from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { RootKey } from '../root-key.ts'

/*
 * The software root key: one AES-256 key in a file, optionally under a passphrase. It seals nothing but store keys, so
 * that it can be replaced without touching a single object.
 */

/** Where the root key is. Without a passphrase, the mode of the file alone protects it. */
export type RootKeyFile = { readonly path: string; readonly passphrase?: string | undefined }

export type RootKeyProblem =
  | 'exists'
  | 'missing'
  | 'unreadable'
  | 'permissions'
  | 'damaged'
  | 'unknown-format'
  | 'passphrase-missing'
  | 'passphrase-wrong'
  | 'not-protected'

/** Why a root key file cannot be made or used. The text is for the operator and names the file, never its content. */
export class RootKeyError extends Error {
  readonly problem: RootKeyProblem

  constructor(problem: RootKeyProblem, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'RootKeyError'
    this.problem = problem
  }
}

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const FORMAT = 'kmipd-root-key'
/** Larger than any file this writes; what is larger is something else. */
const MAX_FILE_BYTES = 4096

/** 128 MiB and about half a second: it is paid once, at start. */
const SCRYPT_COST = { N: 131_072, r: 8, p: 1 } as const

const scryptParameters = z.strictObject({
  kdf: z.literal('scrypt'),
  N: z.int().min(16_384).max(1_048_576),
  r: z.int().min(1).max(16),
  p: z.int().min(1).max(4),
  salt: z.base64(),
})

const contents = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  protection: z.union([z.strictObject({ kdf: z.literal('none') }), scryptParameters]),
  key: z.base64(),
})

type Contents = z.infer<typeof contents>
type Scrypt = z.infer<typeof scryptParameters>

const file = contents.extend({ checksum: z.string() })

/** Over everything else in the file, so that damage is told apart from a wrong passphrase. */
const checksumOf = ({ format, version, id, protection, key }: Contents): string =>
  createHash('sha256')
    .update(JSON.stringify([format, version, id, Object.entries(protection).sort(), key]))
    .digest('hex')

const derive = (key: KeyObject, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', `kmipd ${purpose}`, bytes))

const fingerprint = (key: KeyObject): string => derive(key, 'root key id', 8).toString('hex')

const sealWith = (key: KeyObject, plain: Buffer, aad: Buffer): Buffer => {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

const openWith = (key: KeyObject, sealed: Buffer, aad: Buffer): Buffer => {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('sealed value is too short')
  const tag = sealed.subarray(sealed.length - TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(aad)
    .setAuthTag(tag)
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES))
  decipher.final()
  return plain
}

/** What `work` throws is a rejection. */
const promised = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()))

/** A root key from its 32 bytes, which are cleared. */
export const rootKeyOf = (bytes: Buffer): RootKey => {
  if (bytes.length !== KEY_BYTES) throw new RangeError('a root key has 32 bytes')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return {
    id: fingerprint(key),
    wrap: (plain, aad) => promised(() => sealWith(key, plain, aad)),
    unwrap: (wrapped, aad) => promised(() => openWith(key, wrapped, aad)),
  }
}

const stretch = (passphrase: string, { N, r, p, salt }: Omit<Scrypt, 'kdf'>): Promise<KeyObject> =>
  new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * N * r }
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), KEY_BYTES, options, (error, bytes) => {
      if (error !== null) return reject(error)
      const key = createSecretKey(bytes)
      bytes.fill(0)
      return resolve(key)
    })
  })

/** Binds the encrypted key to its fingerprint. */
const passphraseAad = (id: string): Buffer => Buffer.from(`${FORMAT} 1 ${id}`)

const protect = async (key: Buffer, id: string, passphrase: string | undefined): Promise<Contents> => {
  const head = { format: FORMAT, version: 1, id } as const
  if (passphrase === undefined) return { ...head, protection: { kdf: 'none' }, key: key.toString('base64') }
  const protection = { kdf: 'scrypt', ...SCRYPT_COST, salt: randomBytes(16).toString('base64') } as const
  const sealed = sealWith(await stretch(passphrase, protection), key, passphraseAad(id))
  return { ...head, protection, key: sealed.toString('base64') }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** Makes what was done to the names in a directory last. */
export const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Written aside, then linked into place: the link fails where a file is already there, which a rename would replace. */
const writeNew = async (path: string, text: string): Promise<void> => {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const handle = await open(aside, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(aside, path)
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) throw new RootKeyError('exists', `${path} exists already and is kept`, { cause })
    throw cause
  } finally {
    await unlink(aside)
  }
  await syncDirectory(dirname(path))
}

/**
 * Makes a root key and its file, mode 0600, in a directory that is there. The file is there whole or not at all, and never replaces another.
 * @throws RootKeyError `exists`
 */
export const createRootKey = async ({ path, passphrase }: RootKeyFile): Promise<RootKey> => {
  const bytes = randomBytes(KEY_BYTES)
  const { id } = rootKeyOf(Buffer.from(bytes))
  const content = await protect(bytes, id, passphrase)
  await writeNew(path, `${JSON.stringify({ ...content, checksum: checksumOf(content) }, undefined, 2)}\n`)
  return rootKeyOf(bytes)
}

const readPrivate = async (path: string): Promise<string> => {
  // Asked of the opened file, so that it cannot be exchanged between the check and the reading.
  const handle = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    if (hasCode(cause, 'ENOENT')) throw new RootKeyError('missing', `there is no root key at ${path}`, { cause })
    throw new RootKeyError('unreadable', `the root key at ${path} cannot be read`, { cause })
  })
  try {
    const { mode, size } = await handle.stat()
    if ((mode & 0o077) !== 0) {
      throw new RootKeyError('permissions', `others than its owner may access ${path}: run chmod 600 ${path}`)
    }
    if (size > MAX_FILE_BYTES) throw new RootKeyError('unknown-format', `${path} is no root key file`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

const fromJson = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RootKeyError('damaged', `${path} is damaged`, { cause })
  }
}

const parse = (path: string, text: string): Contents => {
  const parsed = file.safeParse(fromJson(path, text))
  if (!parsed.success) throw new RootKeyError('unknown-format', `${path} is no root key file that this version knows`)
  if (parsed.data.checksum !== checksumOf(parsed.data)) throw new RootKeyError('damaged', `${path} is damaged`)
  return parsed.data
}

/** Which root key a file holds, by what it says. @throws RootKeyError */
export const rootKeyIdIn = async (path: string): Promise<string> => parse(path, await readPrivate(path)).id

const unprotect = async (path: string, content: Contents, passphrase: string | undefined): Promise<Buffer> => {
  const { id, key, protection } = content
  if (protection.kdf === 'none') {
    if (passphrase !== undefined) throw new RootKeyError('not-protected', `${path} is not under a passphrase`)
    return Buffer.from(key, 'base64')
  }
  if (passphrase === undefined) throw new RootKeyError('passphrase-missing', `${path} needs its passphrase`)
  const stretched = await stretch(passphrase, protection)
  try {
    return openWith(stretched, Buffer.from(key, 'base64'), passphraseAad(id))
  } catch (cause) {
    throw new RootKeyError('passphrase-wrong', `this is not the passphrase of ${path}`, { cause })
  }
}

/**
 * Opens a root key file.
 * @throws RootKeyError with the problem: `damaged` where the file changed, `passphrase-wrong` where it did not
 */
export const openRootKey = async ({ path, passphrase }: RootKeyFile): Promise<RootKey> => {
  const content = parse(path, await readPrivate(path))
  const bytes = await unprotect(path, content, passphrase)
  if (bytes.length !== KEY_BYTES) throw new RootKeyError('damaged', `${path} is damaged`)
  const root = rootKeyOf(bytes)
  if (root.id !== content.id) throw new RootKeyError('damaged', `${path} holds another key than it says`)
  return root
}
