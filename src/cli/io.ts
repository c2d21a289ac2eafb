import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Where a command prints to. */
export type Io = {
  /** A line of the result. */
  out(line: string): void
  /** A line about a failure. */
  err(line: string): void
  /** Bytes of the result, as they are. */
  write(bytes: Buffer): void
  /** What is piped in, in pieces. */
  input(): AsyncIterable<Buffer>
  /** Asks for something that must not be seen; undefined where there is nobody to ask. */
  secret?(question: string): Promise<string | undefined>
}

const askUnseen = async (question: string): Promise<string | undefined> => {
  if (!process.stdin.isTTY) return undefined
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await prompt.question('')
  } finally {
    prompt.close()
    process.stderr.write('\n')
  }
}

/** Whoever reads has gone, as `head` does: nothing is left to do, and nobody to tell. */
const endWithReader = (error: Error): void => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
  process.exit()
}

/** Has the program end quietly where its output is read no further. */
export const watchOutput = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithReader)
}

export const standardIo: Io = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  secret: askUnseen,
  write: (bytes) => void process.stdout.write(bytes),
  input: () => process.stdin,
}
