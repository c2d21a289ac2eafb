import type { Config } from '../config/schema.ts'
import type { CliContext } from './context.ts'
import type { OpenUsers, Program } from './program.ts'
import { checkSetUp } from './with-clients.ts'

/** Opens the directory of users, uses it, and closes it whatever happens. */
export const withUsers = async <T>(
  context: CliContext,
  config: Config,
  use: (users: OpenUsers, program: Program) => Promise<T>,
): Promise<T> => {
  await checkSetUp(config)
  const program = await context.loadProgram()
  const users = await program.openUsers(config)
  try {
    return await use(users, program)
  } finally {
    await users.close()
  }
}
