import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { type ConnectionOptions } from 'node:tls'
import type { Version } from '../../src/schema/version.ts'
import {
  type ClientIdentity,
  connectTo,
  type KmipServer,
  type WireConnection,
} from '../../spec-tests/helpers/server.ts'
import { inLine } from './items.ts'
import type { Line } from './lines.ts'
import { checkExchange, encodeExchange } from './messages.ts'
import { type Step, type Transcript, versionIn } from './transcript.ts'
import { valueOf, type Variables } from './values.ts'

/** Who the transcript may connect as. */
export type Identities = (name: string) => Promise<ClientIdentity>

type Scene = {
  readonly server: KmipServer
  readonly identities: Identities
  readonly variables: Variables
  readonly connections: Map<string, WireConnection>
  current: string
  client: string
  version: Version
  header: readonly Line[]
  tls: ConnectionOptions
}

type Act = (scene: Scene, words: readonly string[], line: Line) => Promise<void> | void

const FIRST = 'first'

const connected = ({ connections, current }: Scene): WireConnection => {
  const connection = connections.get(current)
  if (connection === undefined) throw new Error('there is no connection')
  return connection
}

const connect: Act = async (scene, [name = FIRST]) => {
  scene.connections.get(name)?.close()
  const identity = await scene.identities(scene.client)
  scene.connections.set(name, await connectTo(scene.server, identity, scene.tls))
  scene.current = name
}

/** A TCP connection without a byte, and a TLS connection without one: both are closed at once. */
const probe: Act = async ({ server, identities, client, tls }) => {
  const tcp = connectTcp({ port: server.port, host: '127.0.0.1' })
  await once(tcp, 'connect')
  tcp.destroy()
  const connection = await connectTo(server, await identities(client), tls)
  connection.close()
  await connection.closed
}

const ACTS: Readonly<Record<string, Act>> = {
  version: (scene, [word]) => {
    scene.version = versionIn(word)
  },
  header: (scene, _, { children }) => {
    scene.header = children
  },
  tls: (scene, [version, ciphers]) => {
    const only = version === '1.2' ? 'TLSv1.2' : 'TLSv1.3'
    scene.tls = { minVersion: only, maxVersion: only, ...(ciphers === undefined ? {} : { ciphers }) }
  },
  client: (scene, [name = '']) => {
    scene.client = name
  },
  connect,
  probe,
  on: (scene, [name = '']) => {
    scene.current = name
  },
  close: (scene) => {
    connected(scene).close()
    scene.connections.delete(scene.current)
  },
  set: (scene, [name = '', , ...source]) => {
    scene.variables.set(name, valueOf(source.join(' '), scene.variables))
  },
}

/** Plays one step; says what is wrong with the answer. */
const playStep = async (scene: Scene, step: Step): Promise<readonly string[]> => {
  const { line } = step
  if (step.kind === 'statement') {
    const act = ACTS[step.verb]
    await inLine(line, () => {
      if (act === undefined) throw new Error('no statement')
      return act(scene, step.words, line)
    })
    return []
  }
  const connection = connected(scene)
  const pieces = connection.chunks.length
  const answer = await connection.ask(encodeExchange(step.exchange, scene.version, scene.header, scene.variables))
  // libkmip takes what one read gives it: an answer that fits in one TLS record has to come in one.
  const isSplit = answer.length < 16_384 && connection.chunks.length - pieces > 1
  const problems = checkExchange(step.exchange, answer, scene.version, scene.variables)
  return isSplit ? [...problems, `line ${line.number}: the answer came in pieces`] : problems
}

/** Plays a transcript to its end, or to the first thing that is wrong; empty where all of it is as the product needs it. */
export const playTranscript = async (
  { version, steps }: Transcript,
  server: KmipServer,
  identities: Identities,
): Promise<readonly string[]> => {
  const scene: Scene = {
    ...{ server, identities, version, variables: new Map(), connections: new Map() },
    ...{ current: FIRST, client: 'main', header: [], tls: {} },
  }
  try {
    for (const step of steps) {
      const problems = await playStep(scene, step)
      if (problems.length > 0) return problems
    }
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : 'failed']
  } finally {
    for (const connection of scene.connections.values()) connection.close()
  }
}
