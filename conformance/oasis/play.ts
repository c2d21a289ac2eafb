import { type ClientIdentity, connectTo, type KmipServer } from '../../spec-tests/helpers/server.ts'
import { type Bindings, timeOf } from './bindings.ts'
import { compareResponse } from './compare.ts'
import { decodeItem, type Item } from './decode.ts'
import { encodeRequest } from './encode.ts'
import type { Element, Exchange } from './parse.ts'

export type CaseResult = { readonly problems: readonly string[]; readonly step: number | undefined }

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

/** A variable of a request: bound before, a time, or the element of its name in the latest response. */
const resolver =
  (bindings: Bindings, latest: Item | undefined) =>
  (_element: Element, variable: string): string => {
    const time = timeOf(variable, bindings)
    if (time !== undefined) return String(time)
    const value = bindings.values.get(variable) ?? findItem(latest, variable)
    if (value === undefined) throw new Error(`nothing is known of ${variable}`)
    bindings.values.set(variable, value)
    return value
  }

/** What the server says about its failures, for whoever reads the result. */
const messagesIn = (item: Item): readonly string[] =>
  item.name === 'ResultMessage' ? [`"${item.value ?? ''}"`] : item.children.flatMap(messagesIn)

const mentions = ({ value, children }: Element, text: string): boolean =>
  value === text || children.some((child) => mentions(child, text))

/** Plays one case over a connection of its own. */
export const playCase = async (
  server: KmipServer,
  identity: ClientIdentity,
  exchanges: readonly Exchange[],
  bindings: Bindings,
): Promise<CaseResult> => {
  const connection = await connectTo(server, identity)
  let latest: Item | undefined
  bindings.oaep = exchanges.some(({ request }) => mentions(request, 'OAEP'))
  try {
    for (const [step, { request, response }] of exchanges.entries()) {
      connection.write(encodeRequest(request, resolver(bindings, latest)))
      const answer = await connection.next()
      if (answer === undefined) return { problems: ['the server closed the connection'], step }
      latest = decodeItem(answer)
      const problems = compareResponse(response, latest, request, bindings)
      if (problems.length > 0) return { problems: [...problems, ...messagesIn(latest)], step }
    }
    return { problems: exchanges.length === 0 ? ['no exchange that a client begins'] : [], step: undefined }
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : 'unknown error'], step: undefined }
  } finally {
    connection.socket.destroy()
  }
}
