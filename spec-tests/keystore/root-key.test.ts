import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { createRootKey, openRootKey, RootKeyError } from '../../src/keystore/software/root-key.ts'

/*
 * The root key file of docs "Key protection": 0600, written whole or not at all, and clear about what is wrong with it.
 */

const problemOf = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
    return 'none'
  } catch (error) {
    if (error instanceof RootKeyError) return error.problem
    throw error
  }
}

const inFolder = async (run: (path: string, folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'kmipd-root-'))
  try {
    await run(join(folder, 'root.key'), folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const AAD = Buffer.from('what it is for')
const PLAIN = Buffer.from('a store key of thirty-two bytes.')

void test('root key: what one opening wraps, the next unwraps; the file is private and alone', (t) =>
  inFolder(async (path, folder) => {
    const created = await createRootKey({ path })
    const opened = await openRootKey({ path })
    t.equal(opened.id, created.id)
    t.match(opened.id, /^[0-9a-f]{16}$/)
    t.same(await opened.unwrap(await created.wrap(PLAIN, AAD), AAD), PLAIN)
    t.equal((await stat(path)).mode & 0o777, 0o600)
    t.same(await readdir(folder), ['root.key'], 'nothing is left over from writing')
  }))

void test('root key: wrapping is bound to its purpose, and never the same twice', (t) =>
  inFolder(async (path) => {
    const root = await createRootKey({ path })
    const wrapped = await root.wrap(PLAIN, AAD)
    t.notSame(await root.wrap(PLAIN, AAD), wrapped)
    await t.rejects(root.unwrap(wrapped, Buffer.from('something else')))
    await t.rejects(root.unwrap(wrapped.subarray(0, 20), AAD))
    wrapped.writeUInt8(wrapped.readUInt8(14) ^ 1, 14)
    await t.rejects(root.unwrap(wrapped, AAD))
  }))

void test('root key: an existing file is never replaced', (t) =>
  inFolder(async (path, folder) => {
    const { id } = await createRootKey({ path })
    const before = await readFile(path)
    t.equal(await problemOf(() => createRootKey({ path })), 'exists')
    t.same(await readFile(path), before)
    t.equal((await openRootKey({ path })).id, id)
    t.same(await readdir(folder), ['root.key'])
  }))

void test('root key: of two that make it at once, one wins and its file is whole', (t) =>
  inFolder(async (path) => {
    const results = await Promise.all([1, 2, 3].map(() => problemOf(() => createRootKey({ path }))))
    t.same(results.sort(), ['exists', 'exists', 'none'])
    t.match((await openRootKey({ path })).id, /^[0-9a-f]{16}$/)
  }))

void test('root key: refused where group or others may read or write it', (t) =>
  inFolder(async (path) => {
    await createRootKey({ path })
    for (const mode of [0o640, 0o604, 0o660, 0o601]) {
      await chmod(path, mode)
      t.equal(await problemOf(() => openRootKey({ path })), 'permissions', mode.toString(8))
    }
    await chmod(path, 0o400)
    t.equal(await problemOf(() => openRootKey({ path })), 'none')
  }))

void test('root key: under a passphrase, a wrong one and a damaged file are told apart', (t) =>
  inFolder(async (path) => {
    const passphrase = 'correct horse'
    const { id } = await createRootKey({ path, passphrase })
    t.equal((await openRootKey({ path, passphrase })).id, id)
    t.equal(await problemOf(() => openRootKey({ path, passphrase: 'battery staple' })), 'passphrase-wrong')
    t.equal(await problemOf(() => openRootKey({ path })), 'passphrase-missing')
    const text = await readFile(path, 'utf8')
    const { key } = JSON.parse(text) as { key: string }
    const other = key.startsWith('A') ? `B${key.slice(1)}` : `A${key.slice(1)}`
    await writeFile(path, text.replace(key, other))
    t.equal(await problemOf(() => openRootKey({ path, passphrase })), 'damaged')
  }))

void test('root key: a passphrase for a file without one is refused rather than ignored', (t) =>
  inFolder(async (path) => {
    await createRootKey({ path })
    t.equal(await problemOf(() => openRootKey({ path, passphrase: 'x' })), 'not-protected')
  }))

void test('root key: what is no root key file is refused', (t) =>
  inFolder(async (path) => {
    t.equal(await problemOf(() => openRootKey({ path })), 'missing')
    const valid = await (async () => {
      await createRootKey({ path })
      return readFile(path, 'utf8')
    })()
    const cases: readonly (readonly [what: string, text: string, problem: string])[] = [
      ['empty', '', 'damaged'],
      ['cut short', valid.slice(0, 60), 'damaged'],
      ['another format', valid.replace('kmipd-root-key', 'other'), 'unknown-format'],
      ['a later version', valid.replace('"version": 1', '"version": 2'), 'unknown-format'],
      ['an unknown field', valid.replace('{', '{ "x": 1,'), 'unknown-format'],
      ['no key', '{}', 'unknown-format'],
      ['another id', valid.replace(/"id": "./, '"id": "g'), 'unknown-format'],
      ['a large file', ' '.repeat(10_000), 'unknown-format'],
    ]
    for (const [what, text, problem] of cases) {
      await writeFile(path, text)
      t.equal(await problemOf(() => openRootKey({ path })), problem, what)
    }
  }))

void test('root key: no message holds any of the key', (t) =>
  inFolder(async (path) => {
    await createRootKey({ path })
    const text = await readFile(path, 'utf8')
    const { key } = JSON.parse(text) as { key: string }
    await writeFile(path, text.replace('"checksum": "', '"checksum": "0'))
    const error: unknown = await openRootKey({ path }).catch((reason: unknown) => reason)
    t.ok(error instanceof RootKeyError)
    t.notOk(String(error).includes(key.slice(0, 12)))
  }))
