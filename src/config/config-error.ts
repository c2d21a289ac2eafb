/** One fault of the configuration, with the place it came from: a file and key, a variable, or a flag. */
export type Problem = { readonly origin: string; readonly message: string }

/** The configuration cannot be used. Holds every fault, so that they can be mended in one go. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ origin, message }) => `${origin}: ${message}`).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}
