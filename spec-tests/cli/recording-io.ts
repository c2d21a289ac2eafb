import type { Io } from '../../src/cli/io.ts'

/** What a command has printed, and what is piped into it. */
export type RecordingIo = Io & {
  readonly lines: { readonly out: string[]; readonly err: string[] }
  readonly written: Buffer[]
}

export const recordingIo = (input: readonly Buffer[] = []): RecordingIo => {
  const lines: RecordingIo['lines'] = { out: [], err: [] }
  const written: Buffer[] = []
  return {
    lines,
    written,
    out: (line) => void lines.out.push(line),
    err: (line) => void lines.err.push(line),
    write: (bytes) => void written.push(bytes),
    input: async function* () {
      for (const piece of input) yield await Promise.resolve(piece)
    },
  }
}
