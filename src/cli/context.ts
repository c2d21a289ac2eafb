import type { Environment } from '../config/sources.ts'
import type { Io } from './io.ts'
import type { Program } from './program.ts'

/** What every command is given. */
export type CliContext = {
  readonly io: Io
  /** Loaded when a command needs it, so that help and refusals come at once. */
  readonly loadProgram: () => Promise<Program>
  readonly environment: Environment
  /** The working directory, absolute. */
  readonly directory: string
}
