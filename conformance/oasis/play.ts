import type { ClientIdentity, KmipServer } from '../../spec-tests/helpers/server.ts'
import { type Bindings, timeOf } from './bindings.ts'
import { type CaseConnection, connectForCase } from './case-connection.ts'
import { compareResponse } from './compare.ts'
import { decodeItem, type Item } from './decode.ts'
import { encodeMessage } from './encode.ts'
import type { Element, Exchange } from './parse.ts'
import { isServersOwn, playServersOwn } from './server-side.ts'
import { waitBefore } from './waiting.ts'
import type { Version } from '../../src/schema/version.ts'

/** The tag that a variable is named after: `$MAC_DATA` is `MACData`. */
const isNamedLike = (item: Item, variable: string): boolean =>
  item.name.toLowerCase() ===
  variable
    .replace(/^\$|_\d+$/g, '')
    .replaceAll('_', '')
    .toLowerCase()

const findItem = (item: Item | undefined, variable: string): string | undefined => {
  if (item === undefined) return undefined
  if (item.value !== undefined && isNamedLike(item, variable)) return item.value
  for (const child of item.children) {
    const found = findItem(child, variable)
    if (found !== undefined) return found
  }
  return undefined
}

const findLatest = (answers: readonly Item[], variable: string): string | undefined => {
  for (const answer of answers.toReversed()) {
    const found = findItem(answer, variable)
    if (found !== undefined) return found
  }
  return undefined
}

/** A variable of a request: bound before, a time, or the element of its name in the latest response that has one. */
const resolver =
  (bindings: Bindings, answers: readonly Item[]) =>
  (_element: Element, variable: string): string => {
    const time = timeOf(variable, bindings)
    if (time !== undefined) return String(time)
    const value = bindings.values.get(variable) ?? findLatest(answers, variable)
    if (value === undefined) throw new Error(`nothing is known of ${variable}`)
    bindings.values.set(variable, value)
    return value
  }

/** What the server says about its failures, for whoever reads the result. */
const messagesIn = (item: Item): readonly string[] =>
  item.name === 'ResultMessage' ? [`"${item.value ?? ''}"`] : item.children.flatMap(messagesIn)

const failureText = (error: unknown): readonly string[] => [error instanceof Error ? error.message : 'unknown error']

/** Plays one exchange; whatever is wrong with the answer, it is kept for the requests that follow. */
const playExchange = async (
  connection: CaseConnection,
  { request, response }: Exchange,
  answers: Item[],
  bindings: Bindings,
): Promise<readonly string[]> => {
  const item = decodeItem(await connection.ask(encodeMessage(request, resolver(bindings, answers))))
  answers.push(item)
  const problems = compareResponse(response, item, request, bindings)
  return problems.length === 0 ? [] : [...problems, ...messagesIn(item)]
}

/** A case, and what it is played against. */
export type Play = {
  readonly server: KmipServer
  readonly identity: ClientIdentity
  readonly version: Version
  readonly name: string
  readonly exchanges: readonly Exchange[]
  readonly bindings: Bindings
  /** Whether to wait where the case does. */
  readonly waits: boolean
}

const playStep = (
  play: Play,
  connection: CaseConnection,
  exchange: Exchange,
  answers: Item[],
): Promise<readonly string[]> => {
  const { server, identity, version, name, bindings } = play
  return isServersOwn(name, exchange)
    ? playServersOwn(server, identity, version, exchange, { bindings, resolve: resolver(bindings, answers) })
    : playExchange(connection, exchange, answers, bindings)
}

/**
 * Plays one case over a connection of its own. It goes on after a difference: what is cleaned up at the end of a case is
 * not in the way of the next one. Answers one text for each step that differs, and none where the case passes.
 */
export const playCase = async (play: Play): Promise<readonly string[]> => {
  const { server, identity, name, exchanges, bindings, waits } = play
  const connection = await connectForCase(server, identity, name)
  const answers: Item[] = []
  const problems: string[] = exchanges.length === 0 ? ['no exchange that a client begins'] : []
  try {
    for (const [step, exchange] of exchanges.entries()) {
      if (waits) await waitBefore(exchanges, step, bindings)
      const found = await playStep(play, connection, exchange, answers).catch(failureText)
      if (found.length > 0) problems.push(`step ${step}: ${found.join('; ')}`)
    }
  } finally {
    connection.close()
  }
  return problems
}
