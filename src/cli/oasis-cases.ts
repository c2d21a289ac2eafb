import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { CliContext } from './context.ts'
import { UsageError } from './usage-error.ts'

/** Plays the cases with a server and a data directory of its own; a program of its own, which no room depends on. */
const PLAYER = join(import.meta.dirname, '../../conformance/oasis/run.ts')

const forward = async (stream: Readable, print: (line: string) => void): Promise<void> => {
  for await (const line of createInterface({ input: stream })) print(line)
}

/**
 * Plays the official OASIS test cases in `folder`, which holds one folder for each version, against a server in a
 * throw-away data directory.
 * @throws where a case does not pass that should
 */
export const playOasisCases = async (folder: string, { io, directory }: CliContext): Promise<void> => {
  const cases = resolve(directory, folder)
  if (!existsSync(cases)) throw new UsageError(`${folder} does not exist`)
  if (!existsSync(PLAYER)) throw new Error('this installation has no conformance/oasis, which plays the cases')
  const child = spawn(process.execPath, ['--no-warnings', PLAYER, cases], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((done, failed) => {
    child.once('error', failed)
    child.once('close', done)
  })
  const [code] = await Promise.all([
    ended,
    forward(child.stdout, (line) => io.out(line)),
    forward(child.stderr, (line) => io.err(line)),
  ])
  if (code !== 0) throw new Error('not all cases pass that should')
}
