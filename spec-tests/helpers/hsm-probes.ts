import { join } from 'node:path'
import { command, type HsmToken } from './hsm-token.ts'

/** For each use of a token null where it works, else the error. */
export type Verdicts = Readonly<Record<string, string | null>>

const PROGRAM = join(import.meta.dirname, 'hsm-probe.ts')

/** Tries what a server may want of the token, in a process of its own. */
export const probe = async (token: HsmToken): Promise<Verdicts> =>
  JSON.parse(
    await command([...token.within, process.execPath, '--no-warnings', PROGRAM, JSON.stringify(token)], token.env),
  ) as Verdicts
