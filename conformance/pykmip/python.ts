import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'

/** The Python that Debian's packages are for: PyKMIP 0.10 needs one older than 3.12. */
const PYTHON = '/usr/bin/python3'

export const PACKAGE = '/usr/lib/python3/dist-packages/kmip'

/** How long one script may take, in milliseconds. */
const PATIENCE = 300_000

export type Outcome = {
  readonly code: number | null
  readonly output: string
  /** Standard output alone. */
  readonly lines: readonly string[]
}

export const hasPykmip = (): boolean => existsSync(PYTHON) && existsSync(PACKAGE)

/** Runs a script to its end; `onLine` sees each line of its standard output as it comes. */
export const python = async (
  script: string,
  words: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<Outcome> => {
  const child = spawn(PYTHON, ['-W', 'ignore', script, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  let output = ''
  let held = ''
  const lines: string[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    held += chunk.toString()
    const whole = held.split('\n')
    held = whole.pop() ?? ''
    for (const line of whole) {
      lines.push(line)
      onLine(line)
    }
  })
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, output, lines }
}
