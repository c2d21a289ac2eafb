import { existsSync } from 'node:fs'
import { link, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RetiredRoot, RootPlace } from '../../domain/key-rotation.ts'
import type { RootKey } from '../root-key.ts'
import { createRootKey, openRootKey, RootKeyError, type RootKeyFile, rootKeyIdIn, syncDirectory } from './root-key.ts'

/*
 * How one root key takes the place of another: the new one lies beside the present one, under a name of its own, until
 * nothing is wrapped under the present one any more. At every moment the two files together open everything.
 */

const nextOf = ({ path, passphrase }: RootKeyFile): RootKeyFile => ({ path: `${path}.next`, passphrase })

/** The files that are there: the present one, and the one that is to take its place. */
const filesThere = (file: RootKeyFile): readonly RootKeyFile[] =>
  [file, nextOf(file)].filter(({ path }) => existsSync(path))

/**
 * The root keys in files, the one that shall be used from now on last.
 * @throws RootKeyError
 */
export const openRootFiles = async (file: RootKeyFile): Promise<readonly RootKey[]> => {
  const there = filesThere(file)
  return Promise.all((there.length === 0 ? [file] : there).map(openRootKey))
}

/** Where root keys are, and which, without opening them. */
export const listRootFiles = (file: RootKeyFile): Promise<readonly RootPlace[]> =>
  Promise.all(filesThere(file).map(async ({ path }) => ({ id: await rootKeyIdIn(path), path })))

/** Makes a root key in a file; one that is there already is taken. */
export const ensureRootFile = async (file: RootKeyFile): Promise<RootKey> => {
  try {
    return await createRootKey(file)
  } catch (error) {
    if (!(error instanceof RootKeyError) || error.problem !== 'exists') throw error
    return openRootKey(file)
  }
}

/**
 * Makes the root key that shall take the place of the present one, under the same passphrase; one that is there already is
 * taken. The present one is opened first, so that a wrong passphrase is not found out when it is too late.
 * @throws RootKeyError
 */
export const prepareNextRoot = async (file: RootKeyFile): Promise<RootKey> => {
  await openRootKey(file)
  return ensureRootFile(nextOf(file))
}

const linkUnlessThere = async (from: string, to: string): Promise<void> => {
  if (!existsSync(to)) await link(from, to)
}

const oldPath = ({ path }: RootKeyFile, id: string): string => `${path}.${id}.old`

/**
 * Puts the next root key in the place of the present one, which is kept under another name, where store keys need the
 * next one and not the present one. Returns where the present one is then, if anything was to be done.
 */
export const settleRootFiles = async (
  file: RootKeyFile,
  needed: ReadonlySet<string>,
): Promise<readonly RetiredRoot[]> => {
  const [present, next] = await listRootFiles(file)
  if (present === undefined || next === undefined || needed.has(present.id) || !needed.has(next.id)) return []
  const path = oldPath(file, present.id)
  await linkUnlessThere(file.path, path)
  await rename(next.path, file.path)
  await syncDirectory(dirname(file.path))
  return [{ id: present.id, path }]
}

/** Puts files away of root keys that no store key needs, where the root key is somewhere else from now on. */
export const retireRootFiles = async (
  file: RootKeyFile,
  needed: ReadonlySet<string>,
): Promise<readonly RetiredRoot[]> => {
  const unneeded = (await listRootFiles(file)).filter(({ id }) => !needed.has(id))
  const retired = unneeded.map(({ id }) => ({ id, path: oldPath(file, id) }))
  for (const [index, { path }] of unneeded.entries()) await rename(path, retired[index]?.path ?? path)
  if (retired.length > 0) await syncDirectory(dirname(file.path))
  return retired
}
