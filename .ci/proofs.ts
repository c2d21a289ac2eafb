import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * Which test proves an operation: titles begin with the sections of the texts, so it is the file that has most titles
 * with the section of the operation, and asks for it. An operation without a test has no document.
 */

const tests = join(import.meta.dirname, '../spec-tests')

/** Tests of every operation alike are the proof of none. */
const GENERAL = /^(helpers|fixtures)\/|^operations\/every-operation\.test\.ts$/

const sources: readonly (readonly [path: string, text: string])[] = readdirSync(tests, {
  recursive: true,
  encoding: 'utf8',
})
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.test.ts') && !GENERAL.test(path))
  .sort()
  .map((path) => [path, readFileSync(join(tests, path), 'utf8')])

/** How often the titles of a test name the section, alone or in a list of sections. */
const titles = (text: string, section: string): number =>
  text.match(new RegExp(`(?:§|, )${section.replaceAll('.', '\\.')}(?![\\d.]*\\d)`, 'g'))?.length ?? 0

/** How often a test asks for the operation by its name, as a whole string. */
const requests = (text: string, operation: string): number => text.split(`'${operation}'`).length - 1

/** The path under spec-tests. @throws Error where no test asks for the operation */
export const proofOf = (operation: string, section: string): string => {
  const [most] = sources
    .map(([path, text]) => ({ path, titles: titles(text, section), requests: requests(text, operation) }))
    .filter((source) => source.requests > 0)
    .toSorted((a, b) => b.titles - a.titles || b.requests - a.requests)
  if (most === undefined) throw new Error(`no test asks for ${operation}`)
  return most.path
}
