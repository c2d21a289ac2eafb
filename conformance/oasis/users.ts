import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kmipd } from '../../spec-tests/helpers/server.ts'
import type { Element } from './parse.ts'

/** Name and password of somebody whom the cases take for granted. */
type Account = readonly [name: string, password: string]

const childValue = ({ children }: Element, name: string): string | undefined =>
  children.find((child) => child.name === name)?.value

/** Users in the headers of a request. */
const accountsIn = (element: Element): readonly Account[] => {
  const name = childValue(element, 'Username')
  const password = childValue(element, 'Password')
  const own: readonly Account[] = name === undefined || password === undefined ? [] : [[name, password]]
  return [...own, ...element.children.flatMap(accountsIn)]
}

/** Cases that ask users for a password know them: they are registered as an administrator would. */
export const registerUsers = async (data: string, requests: readonly Element[]): Promise<void> => {
  const accounts = new Map(requests.flatMap(accountsIn))
  const file = join(data, '..', 'password')
  for (const [name, password] of accounts) {
    await writeFile(file, password, { mode: 0o600 })
    // Who makes users and credentials is an administrator.
    const role = name === 'administrator' ? ['--admin'] : []
    await kmipd('user', 'add', name, '--data', data, '--password-file', file, ...role)
    await rm(file)
  }
}
