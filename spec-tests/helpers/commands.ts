import { runCli } from '../../src/cli/run.ts'
import { program } from '../../src/compose.ts'
import { recordingIo } from '../cli/recording-io.ts'

/** Runs a command beside the server of a data directory, in this process: where there are many of them. */
export const kmipdBeside = async (data: string, ...words: readonly string[]): Promise<void> => {
  const io = recordingIo()
  const context = { io, loadProgram: () => Promise.resolve(program), environment: {}, directory: data }
  const code = await runCli([...words, '--data', data], context)
  if (code !== 0) throw new Error(io.lines.err.join('\n'))
}
