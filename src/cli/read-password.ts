import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CliContext } from './context.ts'
import { UsageError } from './usage-error.ts'

/** A password in the environment: for a command, not a setting of the server. */
export const PASSWORD_VARIABLE = 'KMIPD_USER_PASSWORD'

/** The context in which the configuration is read: without the password, which is no setting. */
export const withoutPassword = (context: CliContext): CliContext => {
  const environment = Object.entries(context.environment).filter(([name]) => name !== PASSWORD_VARIABLE)
  return { ...context, environment: Object.fromEntries(environment) }
}

const readFrom = async (path: string): Promise<string> => {
  try {
    // Editors end a file with a line break, which is no part of the password.
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch {
    throw new Error(`${path} cannot be read`)
  }
}

/** The password that a file holds. */
export const passwordFromFile = (file: string, { directory }: CliContext): Promise<string> =>
  readFrom(resolve(directory, file))

/** Asks twice; undefined where there is nobody to ask. */
export const askPassword = async ({ io }: CliContext, what = 'password'): Promise<string | undefined> => {
  const password = await io.secret?.(`${what}: `)
  if (password === undefined) return undefined
  if ((await io.secret?.('again: ')) !== password) throw new Error('the two passwords differ')
  return password
}

/**
 * A password for a user: from a file, the environment, or a person at a terminal. Never an argument, which every user of
 * the machine can read.
 */
export const readPassword = async (file: string | undefined, context: CliContext): Promise<string> => {
  const password =
    file === undefined
      ? (context.environment[PASSWORD_VARIABLE] ?? (await askPassword(context)))
      : await passwordFromFile(file, context)
  if (password === undefined) {
    throw new UsageError(`a password is needed: --password-file, ${PASSWORD_VARIABLE}, or a terminal to ask at`)
  }
  if (password === '') throw new Error('the password is empty')
  return password
}
