import { OPERATION, RESULT_REASON, RESULT_STATUS } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  batchItem,
  find,
  type Item,
  message,
  type Node,
  readResponse,
  type Response,
} from '../../spec-tests/wire/message.ts'
import { checkPayload } from './checks.ts'
import { inLine, writeItems } from './items.ts'
import type { Line } from './lines.ts'
import type { Variables } from './values.ts'

/** One message: the items asked for, and what is expected of each. */
export type Exchange = { readonly requests: readonly Line[]; readonly answers: readonly Line[] }

const REQUEST = /^> (\w+)(?: #([0-9a-f]+))?$/
const ANSWER = /^< (\w+)(?: (\w+))?$/

const partsOf = (line: Line) => {
  const [, operation = '', id] = REQUEST.exec(line.text) ?? []
  if (!OPERATION.has(operation)) throw new Error('no operation')
  return { operation, id: id === undefined ? undefined : Buffer.from(id, 'hex') }
}

/** The bytes of a request. */
export const encodeExchange = (
  { requests }: Exchange,
  version: Version,
  header: readonly Line[],
  variables: Variables,
): Buffer => {
  const items = requests.map((line) =>
    inLine(line, () => {
      const { operation, id } = partsOf(line)
      return batchItem(operation, writeItems(line.children, variables), id)
    }),
  )
  return message(version, items, writeItems(header, variables))
}

/** What every client in the list relies on, whatever it has asked. */
const checkEnvelope = ({ node, version, items }: Response, asked: Version, count: number): readonly string[] => {
  const header = find(node, 'ResponseHeader')?.children.map(({ tag }) => tag)
  const plain = [TAG.ProtocolVersion, TAG.TimeStamp, TAG.BatchCount]
  return [
    ...(version === asked ? [] : [`answered in ${version}, not in ${asked}`]),
    ...(items.length === count ? [] : [`${items.length} items, not ${count}`]),
    ...(header?.join() === plain.join() ? [] : ['something in the header that was not asked for']),
  ]
}

/** Objects as clients can read them: the Key Value is the key and nothing else. */
const checkObjects = (payload: Node | undefined): readonly string[] =>
  (payload?.children ?? [])
    .map((object) => find(object, 'KeyBlock', 'KeyValue'))
    .filter((value) => value !== undefined && value.children.length > 1)
    .map(() => 'something besides the key in the Key Value')

const checkItem = (item: Item, asked: Line, answer: Line, variables: Variables): readonly string[] => {
  const { operation, id } = partsOf(asked)
  const [, status = '', reason] = ANSWER.exec(answer.text) ?? []
  if (!RESULT_STATUS.has(status) || (reason !== undefined && !RESULT_REASON.has(reason))) throw new Error('no outcome')
  const outcome = `${item.status ?? ''} ${item.reason ?? ''} ${item.message ?? ''}`
  if (item.status !== status || (reason !== undefined && item.reason !== reason))
    return [`line ${answer.number}: ${answer.text}: is ${outcome}`]
  const isEchoed = item.operation === operation && (id === undefined ? item.id === undefined : item.id?.equals(id))
  return [
    ...(isEchoed === true ? [] : [`line ${asked.number}: operation or id do not come back`]),
    ...checkObjects(item.payload),
    ...checkPayload(item.payload, answer.children, variables),
  ]
}

/** What is wrong with an answer. */
export const checkExchange = (
  { requests, answers }: Exchange,
  bytes: Buffer,
  version: Version,
  variables: Variables,
): readonly string[] => {
  const response = readResponse(bytes)
  const envelope = checkEnvelope(response, version, answers.length)
  if (envelope.length > 0) return envelope
  return answers.flatMap((answer, index) => {
    const [item, asked] = [response.items[index], requests[index]]
    if (item === undefined || asked === undefined) return [`line ${answer.number}: nothing to compare it with`]
    return inLine(answer, () => checkItem(item, asked, answer, variables))
  })
}
