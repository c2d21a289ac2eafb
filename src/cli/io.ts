/** Where a command prints to. */
export type Io = {
  /** A line of the result. */
  out(line: string): void
  /** A line about a failure. */
  err(line: string): void
}

export const standardIo: Io = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
}
