import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TAG } from '../../src/protocol/tags.ts'
import {
  connectTo,
  type ClientIdentity,
  type KmipServer,
  type WireConnection,
} from '../../spec-tests/helpers/server.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { create } from '../../spec-tests/wire/requests.ts'
import {
  all,
  bool,
  bytes,
  date,
  enumeration,
  int,
  longInt,
  type Node,
  parse,
  struct,
  text,
  textAt,
  readResponse,
  valueAt,
} from '../../spec-tests/wire/message.ts'

/*
 * Exchanges recorded from products, which are not ours to keep: they lie beside the project, or there are none. A request
 * is sent as it was, but for the identifiers of objects, which are what this server has given meanwhile.
 */

const FOLDER = join(import.meta.dirname, '../../../shared/captures')

export const hasCaptures = (): boolean => existsSync(FOLDER)

type Recorded = { readonly place: string; readonly session: string; readonly bytes: Buffer }

/** Some recordings break off in the middle of a message. */
const isWhole = ({ bytes }: Recorded): boolean => bytes.length === 8 + bytes.readUInt32BE(4)

const LINE = /^(?:(\w+) [<>] )?([0-9a-f]{16,})$/i

const recordedIn = (file: string): readonly Recorded[] =>
  readFileSync(join(FOLDER, file), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const [, session = 'one', hex] = LINE.exec(line.trim()) ?? []
      const found =
        hex === undefined ? [] : [{ place: `${file}:${index + 1}`, session, bytes: Buffer.from(hex, 'hex') }]
      return found.filter(isWhole)
    })

export const captureFiles = (): readonly string[] => readdirSync(FOLDER).filter((file) => file.endsWith('.hex'))

/** The identifiers of a message, in their order. */
const idsIn = (node: Node): readonly string[] => [
  ...(node.tag === TAG.UniqueIdentifier && typeof node.value === 'string' ? [node.value] : []),
  ...node.children.flatMap(idsIn),
]

const encoded = ({ tag, type, value, children }: Node, ids: ReadonlyMap<string, string>): Buffer => {
  if (type === ITEM_TYPE.Structure) return struct(tag, ...children.map((child) => encoded(child, ids)))
  if (typeof value === 'string') return text(tag, tag === TAG.UniqueIdentifier ? (ids.get(value) ?? value) : value)
  if (Buffer.isBuffer(value)) return bytes(tag, value)
  if (typeof value === 'boolean') return bool(tag, value)
  if (typeof value === 'bigint') return longInt(tag, value)
  if (type === ITEM_TYPE.DateTime) return date(tag, value ?? 0)
  return type === ITEM_TYPE.Enumeration ? enumeration(tag, value ?? 0) : int(tag, value ?? 0)
}

const outcomes = (node: Node): string =>
  all(node, 'BatchItem')
    .map((item) => String(valueAt(item, 'ResultStatus')))
    .join()

type Playing = {
  readonly ids: Map<string, string>
  readonly connections: Map<string, WireConnection>
  readonly server: KmipServer
  readonly identity: ClientIdentity
}

const connectionFor = async ({ connections, server, identity }: Playing, session: string): Promise<WireConnection> => {
  const known = connections.get(session)
  if (known !== undefined) return known
  const made = await connectTo(server, identity)
  connections.set(session, made)
  return made
}

/** A key that the recording does not make, because it was there before. */
const makeMissing = async ({ ids }: Playing, connection: WireConnection, message: Node): Promise<void> => {
  for (const id of idsIn(message).filter((known) => !ids.has(known))) {
    const { first } = readResponse(await connection.ask(create('1.1')))
    ids.set(id, textAt(first.payload, 'UniqueIdentifier'))
  }
}

/** Sends what was sent, and compares outcomes where it is known what came back. */
const playOne = async (
  playing: Playing,
  { place, session, bytes: sent }: Recorded,
  recorded: Node | undefined,
): Promise<readonly string[]> => {
  const connection = await connectionFor(playing, session)
  const message = parse(sent)
  await makeMissing(playing, connection, message)
  const { node } = readResponse(await connection.ask(encoded(message, playing.ids)))
  if (recorded === undefined) return []
  const [before, now] = [idsIn(recorded), idsIn(node)]
  for (const [index, id] of before.entries()) {
    const given = now[index]
    if (given !== undefined && !playing.ids.has(id)) playing.ids.set(id, given)
  }
  const [wanted, got] = [outcomes(recorded), outcomes(node)]
  // What the other server could not do this one may well.
  return wanted === got || /[^0,]/.test(wanted) ? [] : [`${place}: ${got}, was ${wanted}`]
}

const isRequest = ({ bytes }: Recorded): boolean => bytes.readUIntBE(0, 3) === TAG.RequestMessage

/** Plays a file; what is otherwise than it was. */
export const playCapture = async (
  file: string,
  server: KmipServer,
  identity: ClientIdentity,
): Promise<readonly string[]> => {
  const playing: Playing = { ids: new Map(), connections: new Map(), server, identity }
  const messages = recordedIn(file)
  const problems: string[] = []
  for (const [index, recorded] of messages.entries()) {
    if (!isRequest(recorded)) continue
    const answer = messages.slice(index + 1).find(({ session }) => session === recorded.session)
    const known = answer !== undefined && !isRequest(answer) ? parse(answer.bytes) : undefined
    problems.push(...(await playOne(playing, recorded, known)))
  }
  for (const connection of playing.connections.values()) connection.close()
  return problems
}
