import { VERSIONS, type Version } from '../../src/schema/version.ts'
import { type Line, readLines } from './lines.ts'
import type { Exchange } from './messages.ts'

/** What happens, in its order. */
export type Step =
  | { readonly kind: 'exchange'; readonly line: Line; readonly exchange: Exchange }
  | { readonly kind: 'statement'; readonly line: Line; readonly verb: string; readonly words: readonly string[] }

export type Transcript = {
  readonly product: string
  readonly title: string
  readonly version: Version
  readonly steps: readonly Step[]
}

export const versionIn = (word: string | undefined): Version => {
  const version = VERSIONS.find((known) => known === word)
  if (version === undefined) throw new Error(`no version ${word ?? ''}`)
  return version
}

const settingOf = (lines: readonly Line[], name: string): string | undefined =>
  lines.find(({ text }) => text.startsWith(`${name} `))?.text.slice(name.length + 1)

const required = (lines: readonly Line[], name: string): string => {
  const value = settingOf(lines, name)
  if (value === undefined) throw new Error(`the transcript says no ${name}`)
  return value
}

/** Names of these stand at the beginning and are no steps. */
const SETTINGS: ReadonlySet<string> = new Set(['product', 'title'])

const stepOf = (line: Line): Step => {
  const [verb = '', ...words] = line.text.split(/\s+/)
  return { kind: 'statement', line, verb, words }
}

/** Puts requests that follow each other into one message, with the answers that follow them. */
const stepsOf = (lines: readonly Line[]): readonly Step[] => {
  const steps: Step[] = []
  let [requests, answers]: [Line[], Line[]] = [[], []]
  const flush = (): void => {
    const [line] = requests
    if (line === undefined) return
    steps.push({ kind: 'exchange', line, exchange: { requests, answers } })
    requests = []
    answers = []
  }
  for (const line of lines) {
    if (line.text.startsWith('< ')) {
      answers.push(line)
      continue
    }
    if (answers.length > 0 || !line.text.startsWith('> ')) flush()
    if (line.text.startsWith('> ')) requests.push(line)
    else steps.push(stepOf(line))
  }
  flush()
  return steps
}

export const readTranscript = (text: string): Transcript => {
  const lines = readLines(text)
  const steps = stepsOf(lines.filter(({ text: line }) => !SETTINGS.has(line.split(' ')[0] ?? '')))
  return {
    product: required(lines, 'product'),
    title: required(lines, 'title'),
    version: versionIn(required(lines, 'version')),
    steps,
  }
}
