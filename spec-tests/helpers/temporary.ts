import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

process.once('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

/** A new folder that is gone when the test process ends, however its tests end. */
export const temporaryDirectory = (purpose: string): string => {
  const directory = mkdtempSync(join(tmpdir(), `kmipd-${purpose}-`))
  made.push(directory)
  return directory
}
