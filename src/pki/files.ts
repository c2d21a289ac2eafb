import { randomBytes } from 'node:crypto'
import { access, link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Modes of what is made here: only the account of the server may read keys. */
export const MODE = { directory: 0o700, secret: 0o600, public: 0o644 } as const

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

export const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

/** The file as text, or undefined where there is none. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const isDirectory = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/**
 * Makes a directory and those above it, closed to others. One that is there stays as it is. Step by step: where the
 * system lets nobody make a directory and says that there is none, as under /proc, Node's own way of it never ends.
 */
export const makeDirectory = async (path: string): Promise<void> => {
  if (await isDirectory(path)) return
  if (dirname(path) !== path) await makeDirectory(dirname(path))
  try {
    await mkdir(path, { mode: MODE.directory })
  } catch (error) {
    // Another process may have been here first.
    if (!hasCode(error, 'EEXIST') || !(await isDirectory(path))) throw error
  }
}

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const writeTemporary = async (path: string, content: string | Buffer, mode: number): Promise<string> => {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  const handle = await open(temporary, 'wx', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return temporary
}

/**
 * Makes a file at once and durably: it is there whole or not at all. False where one of that name is there already,
 * which is never touched.
 */
export const createFile = async (path: string, content: string | Buffer, mode: number): Promise<boolean> => {
  const temporary = await writeTemporary(path, content, mode)
  try {
    // A link, unlike a rename, fails where the name is taken.
    await link(temporary, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(temporary)
  }
  await sync(dirname(path))
  return true
}

/** Puts new content in the place of a file at once and durably. For certificates; keys are never replaced. */
export const replaceFile = async (path: string, content: string, mode: number): Promise<void> => {
  await rename(await writeTemporary(path, content, mode), path)
  await sync(dirname(path))
}
