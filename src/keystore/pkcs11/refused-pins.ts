import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'

/*
 * PINs that a token has refused. A token locks itself after a few wrong ones, so one that was wrong is never shown to it
 * again: not by the next start, and not by a service manager that starts the server over and over.
 */

/** What was tried, where. */
export type PinUse = { readonly module: string; readonly token: string; readonly pin: string }

export type RefusedPins = {
  /** Where it is remembered, for people. */
  readonly path: string
  has(use: PinUse): Promise<boolean>
  add(use: PinUse): Promise<void>
}

/** A PIN is short: whoever reads the file must not be able to try them all in a day. */
const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const
const DIGEST_BYTES = 32

/** The latest are kept; there is one for each token, and few tokens. */
const MOST = 16

const entry = z.strictObject({ salt: z.base64(), digest: z.base64() })
const file = z.strictObject({ format: z.literal('kmipd-refused-pins'), version: z.literal(1), entries: z.array(entry) })
type Entry = z.infer<typeof entry>

const digestOf = ({ module, token, pin }: PinUse, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(JSON.stringify([module, token, pin]), salt, DIGEST_BYTES, COST, (error, digest) =>
      error === null ? resolve(digest) : reject(error),
    )
  })

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const read = async (path: string): Promise<readonly Entry[]> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (text === undefined) return []
  try {
    return file.parse(JSON.parse(text)).entries
  } catch (cause) {
    // Without it, a wrong PIN could be tried again: better not to start.
    throw new Error(`${path} is damaged; remove it once the PIN is known to be right`, { cause })
  }
}

const isOf = async ({ salt, digest }: Entry, use: PinUse): Promise<boolean> => {
  const known = Buffer.from(digest, 'base64')
  return known.length === DIGEST_BYTES && timingSafeEqual(known, await digestOf(use, Buffer.from(salt, 'base64')))
}

/** Two tokens share the file, and may refuse in the same moment: what is under way for each path. */
const writing = new Map<string, Promise<void>>()

/** Replaces the file with one that has another entry. */
const append = async (path: string, added: Entry): Promise<void> => {
  const entries = [...(await read(path)), added].slice(-MOST)
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(aside, `${JSON.stringify({ format: 'kmipd-refused-pins', version: 1, entries })}\n`, {
      mode: 0o600,
      flush: true,
    })
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}

/** Remembers refused PINs in the file `path`, as salted digests that are slow to make. */
export const createRefusedPins = (path: string): RefusedPins => ({
  path,
  has: async (use) => {
    for (const known of await read(path)) if (await isOf(known, use)) return true
    return false
  },
  add: async (use) => {
    const salt = randomBytes(16)
    const added = { salt: salt.toString('base64'), digest: (await digestOf(use, salt)).toString('base64') }
    const before = writing.get(path) ?? Promise.resolve()
    const written = before.then(() => append(path, added))
    const ended = written.catch(() => undefined)
    writing.set(path, ended)
    await written
  },
})
