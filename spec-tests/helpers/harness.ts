import { mkdtemp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { access } from '../../src/access/authorize.ts'
import type { Clock } from '../../src/domain/clock.ts'
import type { Principal, Role } from '../../src/domain/principal.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { MessageHandler, Session } from '../../src/engine/message-handler.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { createRootKey, openRootKey } from '../../src/keystore/software/root-key.ts'
import type { Operation } from '../../src/operations/define-operation.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type { BatchErrorContinuationOption, Operation as OperationName, ResultReason, ResultStatus } from '../../src/protocol/enumerations.ts'
import { requestMessage, responseMessage } from '../../src/protocol/message.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { struct } from '../../src/schema/struct.ts'
import { type Version, versionNumbers } from '../../src/schema/version.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createUuidV7Ids } from '../../src/system.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { Writer } from '../../src/ttlv/writer.ts'

/*
 * A whole server but for the network: the real engine on a real database and real sealed keys, in a folder of its own.
 * Clients speak to it in encoded messages.
 */

/** The value of a payload, as the schemas have it. */
export type Payload = Readonly<Record<string, unknown>>

export type Item = { readonly operation: OperationName; readonly request: Payload; readonly id?: Buffer }

export type ItemResult = {
  readonly operation: OperationName | undefined
  readonly id: Buffer | undefined
  readonly status: ResultStatus
  readonly reason: ResultReason | undefined
  readonly message: string | undefined
  /** Empty where the item failed. */
  readonly payload: Payload
}

export type BatchOptions = {
  readonly option?: BatchErrorContinuationOption
  readonly maximumResponseSize?: number
  readonly header?: Payload
}

export type TestClient = {
  readonly session: Session
  /** Sends bytes as they are. */
  raw(message: Buffer): Promise<{ readonly bytes: Buffer; readonly close: boolean }>
  batch(version: Version, items: readonly Item[], options?: BatchOptions): Promise<readonly ItemResult[]>
  /** One operation, whatever comes of it. */
  attempt(version: Version, operation: OperationName, request: Payload): Promise<ItemResult>
  /** One operation that must succeed: its response payload. */
  call(version: Version, operation: OperationName, request: Payload): Promise<Payload>
}

export type TestClock = Clock & { set(seconds: number): void; advance(seconds: number): void }

export type Harness = {
  readonly clock: TestClock
  readonly directory: string
  readonly handler: MessageHandler
  client(name?: string, role?: Role): TestClient
  /** Opens the same database and keys again, as after a restart. */
  restart(): Promise<void>
  close(): Promise<void>
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const START = 1_800_000_000

const testClock = (): TestClock => {
  let now = START
  return {
    now: () => now,
    set: (seconds) => {
      now = seconds
    },
    advance: (seconds) => {
      now += seconds
    },
  }
}

const operationNamed = (name: OperationName): Operation => {
  const operation = OPERATIONS.find((candidate) => candidate.name === name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  return operation
}

/** Encodes a request message of any version. */
export const encodeRequest = (version: Version, items: readonly Item[], options: BatchOptions = {}): Buffer => {
  const writer = new Writer()
  const encoded = items.map(({ operation, request, id }, index) => {
    writer.reset()
    const { code, request: fields } = operationNamed(operation)
    struct(operation, fields).compile(version).write(writer, TAG.RequestPayload, request as never)
    const uniqueBatchItemID = id ?? (items.length > 1 ? Buffer.from([index + 1]) : undefined)
    return { operation: code, uniqueBatchItemID, payload: Buffer.from(writer.bytes()), messageExtension: [] }
  })
  writer.reset()
  const header = {
    protocolVersion: versionNumbers(version),
    batchCount: items.length,
    attestationType: [],
    batchErrorContinuationOption: options.option,
    maximumResponseSize: options.maximumResponseSize,
    ...options.header,
  }
  requestMessage.compile(version).write(writer, TAG.RequestMessage, { header, items: encoded } as never)
  return Buffer.from(writer.bytes())
}

/** Decodes a response message; it must be well formed in the version it names. */
export const decodeResponse = (bytes: Buffer, version: Version): readonly ItemResult[] => {
  scan(bytes, true)
  const { items } = responseMessage.compile(version).read(bytes, 0)
  return items.map((item) => {
    const operation = OPERATIONS.find(({ code }) => code === item.operation)
    const payload =
      operation === undefined || item.payload === undefined
        ? {}
        : (struct(operation.name, operation.response).compile(version).read(item.payload, 0) as Payload)
    return {
      operation: operation?.name,
      id: item.uniqueBatchItemID,
      status: item.resultStatus,
      reason: item.resultReason,
      message: item.resultMessage,
      payload,
    }
  })
}

const createClient = (handler: () => MessageHandler, principal: Principal): TestClient => {
  const session: Session = { principal, peer: 'test' }
  const raw: TestClient['raw'] = async (message) => {
    const reply = await handler().handle(message, session)
    const result = { bytes: Buffer.from(reply.bytes), close: reply.close }
    reply.release()
    return result
  }
  const batch: TestClient['batch'] = async (version, items, options) =>
    decodeResponse((await raw(encodeRequest(version, items, options))).bytes, version)
  const attempt: TestClient['attempt'] = async (version, operation, request) => {
    const [result] = await batch(version, [{ operation, request }])
    if (result === undefined) throw new Error('no item in the response')
    return result
  }
  const call: TestClient['call'] = async (version, operation, request) => {
    const { status, reason, message, payload } = await attempt(version, operation, request)
    if (status !== 'Success') throw new Error(`${operation} failed: ${reason ?? ''} ${message ?? ''}`)
    return payload
  }
  return { session, raw, batch, attempt, call }
}

type Opened = { readonly handler: MessageHandler; close(): Promise<void> }

const open = async (directory: string, clock: Clock): Promise<Opened> => {
  const store = await openSqliteStore({ path: join(directory, 'kmipd.db') })
  const rootKey = await openRootKey({ path: join(directory, 'root.key') })
  const keys = await createSoftwareKeyStore({ rootKey, settings: store.objects.settings })
  const handler = createEngine({
    store: store.objects,
    keys,
    access,
    clock,
    ids: createUuidV7Ids(),
    log: quiet,
    operations: OPERATIONS,
    serverVersion: 'test',
    cachedObjects: 1000,
  })
  return { handler, close: () => store.close() }
}

/** Starts a server in a temporary folder. Close it at the end of the test. */
export const createHarness = async (): Promise<Harness> => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-test-'))
  await createRootKey({ path: join(directory, 'root.key') })
  const clock = testClock()
  let opened = await open(directory, clock)
  return {
    clock,
    directory,
    get handler() {
      return opened.handler
    },
    client: (name = 'alice', role = 'client') =>
      createClient(() => opened.handler, { id: name, name, tenant: 'default', role, groups: [] }),
    restart: async () => {
      await opened.close()
      opened = await open(directory, clock)
    },
    close: async () => {
      await opened.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Random bytes for keys that a test registers. */
export const randomKey = (length = 32): Buffer => randomBytes(length)
