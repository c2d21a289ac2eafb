import { appendFile } from 'node:fs/promises'
import { parse } from 'smol-toml'
import type { HsmTableName } from '../config/hsm-tables.ts'
import { readIfThere } from '../pki/files.ts'

/* The table of a token in kmipd.toml, as `kmipd hsm init` writes it. */

export type HsmTable = Readonly<Record<string, string | undefined>>

/** JSON's strings are strings of TOML. */
const lines = (table: HsmTable): readonly string[] =>
  Object.entries(table).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${JSON.stringify(value)}`]))

/**
 * Adds the table to the file, which is made where it is not there. A table that is there already is the operator's own:
 * it is kept, and the lines that it should have are returned.
 */
export const writeHsmTable = async (
  path: string,
  name: HsmTableName,
  table: HsmTable,
): Promise<readonly string[] | undefined> => {
  const text = (await readIfThere(path)) ?? ''
  if (parse(text)[name] !== undefined) return lines(table)
  const before = text === '' || text.endsWith('\n\n') ? '' : '\n'
  await appendFile(path, `${before}[${name}]\n${lines(table).join('\n')}\n`, { mode: 0o600 })
  return undefined
}
