import { secondsOf } from './encode.ts'
import type { Element, Exchange } from './parse.ts'

/** Variables of a version's cases: bound where they are first seen, and the same from then on. */
export type Bindings = {
  /** Seconds since 1970 that `$NOW` stands for; later where the case has waited. */
  now: number
  readonly values: Map<string, string>
  /** Identifiers of objects whose material the server has made: its bytes are nobody's to expect. */
  readonly made: Set<string>
  /** Whether the item that is being compared is about such an object. */
  random: boolean
  /** Whether the server encrypts to something else each time: OAEP, or an initialization vector of its own. */
  readonly randomized: boolean
  /** Dates that the client gives, in seconds: they stay as they are. */
  readonly dates: ReadonlySet<string>
}

const TIME = /^\$NOW([+-]\d+)?$/

/** The time a variable stands for, or undefined where it is no time. */
export const timeOf = (variable: string, { now }: Bindings): number | undefined => {
  const match = TIME.exec(variable)
  return match === null ? undefined : now + Number(match[1] ?? 0)
}

const mentions = ({ name, value, children }: Element, field: string, wanted: string): boolean =>
  (name === field && value === wanted) || children.some((child) => mentions(child, field, wanted))

const datesIn = ({ type, value = '', children }: Element): readonly string[] =>
  type === 'DateTime' && !value.startsWith('$') ? [String(secondsOf(value))] : children.flatMap(datesIn)

/** Bindings for a case; `made` goes with the server from case to case. */
export const bindingsFor = (exchanges: readonly Exchange[], made: Set<string>): Bindings => ({
  now: Math.floor(Date.now() / 1000),
  values: new Map(),
  made,
  random: false,
  randomized: exchanges.some(
    ({ request }) => mentions(request, 'PaddingMethod', 'OAEP') || mentions(request, 'RandomIV', 'true'),
  ),
  dates: new Set(exchanges.flatMap(({ request }) => datesIn(request))),
})

export const copyBindings = ({ values, ...rest }: Bindings): Bindings => ({ ...rest, values: new Map(values) })

export const takeBindings = (target: Bindings, source: Bindings): void => {
  for (const [name, value] of source.values) target.values.set(name, value)
}
