import { setTimeout } from 'node:timers/promises'
import { type Bindings, timeOf } from './bindings.ts'
import type { Element, Exchange } from './parse.ts'

/*
 * Some cases repeat a request until its answer is another one, since a date of theirs has passed (TC_92). Their files
 * have the first and the last of these requests only.
 */

/** The longest wait, in seconds; a case that needs more is played as it is. */
const LONGEST = 300

const itemsOf = (message: Element): string =>
  JSON.stringify(message.children.filter(({ name }) => name === 'BatchItem'))

/** Whether an exchange asks once more what the one before did, and expects something else. */
const isRepeated = (exchange: Exchange, before: Exchange | undefined): boolean =>
  before !== undefined &&
  itemsOf(exchange.request) === itemsOf(before.request) &&
  itemsOf(exchange.response) !== itemsOf(before.response)

const datesIn = ({ type, value = '', children }: Element, bindings: Bindings): readonly number[] =>
  type === 'DateTime' ? [timeOf(value, bindings) ?? 0] : children.flatMap((child) => datesIn(child, bindings))

/** Waits where an exchange is a repetition, until the dates that the case has set are past; what follows has a new now. */
export const waitBefore = async (exchanges: readonly Exchange[], step: number, bindings: Bindings): Promise<void> => {
  const exchange = exchanges[step]
  if (exchange === undefined || !isRepeated(exchange, exchanges[step - 1])) return
  const dates = exchanges.slice(0, step).flatMap(({ request }) => datesIn(request, bindings))
  const wait = Math.max(...dates, 0) + 1 - Date.now() / 1000
  if (wait <= 0 || wait > LONGEST) return
  await setTimeout(wait * 1000)
  bindings.now = Math.floor(Date.now() / 1000)
}
