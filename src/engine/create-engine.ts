import { OBJECT_TYPE } from '../protocol/enumerations.ts'
import { ALL_VERSIONS, VERSIONS } from '../schema/version.ts'
import type { ScanLimits } from '../ttlv/scan.ts'
import type { Access } from '../domain/access.ts'
import type { Authenticator } from '../domain/authenticator.ts'
import type { Clock, Ids } from '../domain/clock.ts'
import type { KeyStore } from '../domain/key-store.ts'
import type { LinkCredentials } from '../domain/link-credentials.ts'
import type { ServerFacts } from '../domain/operation-context.ts'
import type { TicketOffice } from '../domain/tickets.ts'
import type { Log } from '../observe/log.ts'
import type { Operation } from '../operations/define-operation.ts'
import { createMessageHandler } from './handle-message.ts'
import { type Background, createJobs, type JobOptions } from './jobs/create-jobs.ts'
import type { MessageHandler } from './message-handler.ts'
import { createObjectCache, noObjectCache } from './objects/object-cache.ts'
import { createUnitOfWork, type UnitDependencies } from './objects/unit-of-work.ts'
import { createCourier } from './outbound/courier.ts'
import type { CourierDependencies } from './outbound/deliver.ts'
import { createSubscriptions } from './outbound/subscriptions.ts'
import { createPkcs11Table } from './pkcs11-table.ts'
import { createRotation } from './rotation/create-rotation.ts'
import { createKeyRotation, type KeyRotationParts } from './key-rotation/key-rotation.ts'
import { createStreamTable } from './streams/stream-table.ts'
import { createTurns } from './turns.ts'

export type EngineDependencies = JobOptions & {
  readonly keys: KeyStore
  readonly access: Access
  readonly authenticator: Authenticator
  readonly tickets: TicketOffice
  readonly links?: LinkCredentials
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly operations: readonly Operation[]
  readonly serverVersion: string
  /** Whether messages in JSON and XML are spoken; absent: they are not. */
  readonly speaksText?: boolean
  /** Whether the draft of 3.0 is spoken besides the published versions. */
  readonly draft?: boolean
  /** Objects kept in memory, where the store is ours alone. */
  readonly cachedObjects: number
  readonly limits?: ScanLimits
  /** Bytes that a response may have. */
  readonly largestResponse?: number
  /** How store keys are changed; absent: they are not. */
  readonly keyRotation?: Pick<KeyRotationParts, 'rotating' | 'users' | 'grace' | 'interval'>
  /** How clients are reached that are told something; absent: nobody is. */
  readonly outbound?: Pick<CourierDependencies, 'dial' | 'isWelcome' | 'interval'>
}

/** Identifiers in one answer of Locate, whatever the client asks for. */
export const LOCATE_CAP = 1_000

const describe = ({
  operations,
  serverVersion,
  speaksText = false,
  draft = false,
}: EngineDependencies): ServerFacts => ({
  vendorIdentification: 'kmipd',
  productName: 'kmipd',
  serverVersion,
  versions: draft ? ALL_VERSIONS : VERSIONS,
  operations: operations.map(({ name, since, until }) => ({ name, since, until })),
  // Register takes them all.
  objectTypes: OBJECT_TYPE.names,
  speaksText,
})

/** The engine of a process: what answers messages, and what works without being asked. */
export type Engine = MessageHandler &
  Background & {
    /** Resolves once it is known who is told what: a change before that would be told to nobody. */
    readonly ready: Promise<void>
  }

/** Puts the engine together: one for each process. */
export const createEngine = (dependencies: EngineDependencies): Engine => {
  const { store, keys, access, clock, ids, log, operations, cachedObjects } = dependencies
  const { limits, largestResponse, outbound } = dependencies
  const cache = store.exclusive && cachedObjects > 0 ? createObjectCache(cachedObjects) : noObjectCache
  const streams = createStreamTable(clock, ids)
  const unit: UnitDependencies = {
    store,
    keys,
    access,
    cache,
    log,
    locateCap: LOCATE_CAP,
    streams,
    outbox: () => courier?.outbox,
    hasSystemObjects: dependencies.draft === true,
  }
  const base = {
    operations: new Map(operations.map((operation) => [operation.code, operation])),
    keys,
    access,
    authenticator: dependencies.authenticator,
    tickets: dependencies.tickets,
    clock,
    ids,
    log,
    server: describe(dependencies),
    links: dependencies.links,
    turns: createTurns(),
    streams,
    pkcs11: createPkcs11Table(clock, ids),
    createUnit: () => createUnitOfWork(unit),
  }
  const { parts, background } = createJobs(base, dependencies)
  const rotation = createRotation(parts, store)
  const subscriptions = createSubscriptions(store.records, ids)
  const courier = outbound && createCourier({ ...outbound, parts, store, subscriptions, clock, log })
  const handler = createMessageHandler({
    parts,
    ...(limits === undefined ? {} : { limits }),
    ...(largestResponse === undefined ? {} : { largestResponse }),
    ...(courier === undefined ? {} : { turned: courier.turned }),
  })
  const { keyRotation } = dependencies
  const rotating = keyRotation && createKeyRotation({ ...keyRotation, store, keys, cache, clock, ids, log })
  return {
    ...handler,
    start: async () => {
      await background.start()
      rotation.start()
      rotating?.start()
    },
    sweep: async () => {
      await Promise.all([background.sweep(), rotation.sweep()])
    },
    ready: courier?.ready ?? Promise.resolve(),
    stop: async () => {
      await Promise.all([background.stop(), rotation.stop(), rotating?.stop(), courier?.stop()])
    },
  }
}
