import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { HsmFault } from '../../domain/hsm.ts'
import type { ModuleError } from './module-error.ts'

/* What last went wrong with a token, kept in a file so that a command can tell of what a server met with. */

const file = z.strictObject({ at: z.int(), message: z.string() })

/** A file that cannot be written is no reason to stop serving. */
export const keepFault = async (path: string, at: number, { message }: ModuleError): Promise<void> => {
  await writeFile(path, `${JSON.stringify({ at, message })}\n`, { mode: 0o600 }).catch(() => undefined)
}

/** Undefined where there was none, or the file is no such file. */
export const readFault = async (path: string): Promise<HsmFault | undefined> => {
  try {
    return file.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}
