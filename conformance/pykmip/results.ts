import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What came of one check. */
export type Result = { readonly name: string; readonly ok: boolean; readonly detail: string }

/** Checks that cannot pass with this client, each with the reason. */
const EXPECTED_FAILURES: ReadonlyMap<string, string> = (() => {
  const content: unknown = JSON.parse(readFileSync(join(import.meta.dirname, 'expected.json'), 'utf8'))
  if (typeof content !== 'object' || content === null) throw new Error('expected.json is no object')
  return new Map(Object.entries(content).map(([name, reason]) => [name, String(reason)]))
})()

/** A line of JSON as the scripts print them; undefined for anything else that is printed. */
export const resultIn = (line: string): Result | undefined => {
  if (!line.startsWith('{')) return undefined
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null || !('name' in value) || !('ok' in value)) return undefined
  const detail = 'detail' in value ? String(value.detail) : ''
  return { name: String(value.name), ok: value.ok === true, detail }
}

export type Verdict = 'passed' | 'failed' | 'skipped'

export type Judged = { readonly name: string; readonly verdict: Verdict; readonly detail: string }

/** An expected failure counts as skipped; one that passes is a failure, so that the list stays true. */
const judge = ({ name, ok, detail }: Result): Judged => {
  const reason = EXPECTED_FAILURES.get(name)
  if (reason === undefined) return { name, verdict: ok ? 'passed' : 'failed', detail }
  return ok
    ? { name, verdict: 'failed', detail: `passes, though expected.json says: ${reason}` }
    : { name, verdict: 'skipped', detail: reason }
}

/** An entry of expected.json whose check is gone would hide the next one of that name. */
const unused = (results: readonly Result[]): readonly Judged[] => {
  const known = new Set(results.map(({ name }) => name))
  return [...EXPECTED_FAILURES.keys()]
    .filter((name) => !known.has(name))
    .map((name) => ({ name, verdict: 'failed', detail: 'is in expected.json, but there is no such check' }))
}

export const judgeAll = (results: readonly Result[]): readonly Judged[] => [...results.map(judge), ...unused(results)]

const MARK: Readonly<Record<Verdict, string>> = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }

/** The table that is printed, and its last line. */
export const tableOf = (judged: readonly Judged[]): string => {
  const count = (verdict: Verdict): number => judged.filter((one) => one.verdict === verdict).length
  const rows = judged.map(
    ({ name, verdict, detail }) => `${MARK[verdict]} ${name}${detail === '' ? '' : `\n       ${detail}`}`,
  )
  return [...rows, `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`].join('\n')
}
