import { mkdtemp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authentications, createAuthenticator, type CredentialsPolicy } from '../../src/access/authenticator.ts'
import { access } from '../../src/access/authorize.ts'
import { makeProof } from '../../src/access/make-proof.ts'
import { createTicketOffice } from '../../src/access/ticket-office.ts'
import type { Clock } from '../../src/domain/clock.ts'
import type { KeyStore } from '../../src/domain/key-store.ts'
import { type ClientDirectory, type PeerCertificate, type Principal, type Role } from '../../src/domain/principal.ts'
import { deviceKey, type DeviceIdentifiers, type UserDirectory } from '../../src/domain/users.ts'
import { createManagedUsers } from '../../src/engine/managed-users.ts'
import { createEngine, type Engine } from '../../src/engine/create-engine.ts'
import type { Session } from '../../src/engine/message-handler.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { createRootKey, openRootKey } from '../../src/keystore/software/root-key.ts'
import { loadStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { ensureIssuingAuthority } from '../../src/pki/issuing-authority.ts'
import { pairPaths } from '../../src/pki/pki-paths.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type { Operation as OperationName } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import { createLinkCertificates } from '../../src/pki/link-certificates.ts'
import { pkiPaths } from '../../src/pki/pki-paths.ts'
import type { Log } from '../../src/observe/log.ts'
import type { UnregisteredPolicy } from '../../src/access/authenticate.ts'
import { openSqliteStore, type OpenStore } from '../../src/store/sqlite.ts'
import { createUuidV7Ids } from '../../src/system.ts'
import {
  type BatchOptions,
  decodeResponse,
  encodeRequest,
  type Item,
  type ItemResult,
  type Payload,
} from './messages.ts'

export {
  type BatchOptions,
  decodeResponse,
  encodeRequest,
  type Item,
  type ItemResult,
  type Payload,
} from './messages.ts'

/*
 * A whole server but for the network: the real engine on a real database and real sealed keys, in a folder of its own.
 * Clients speak to it in encoded messages.
 */

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

export type HarnessOptions = {
  readonly credentials?: CredentialsPolicy
  readonly unregistered?: UnregisteredPolicy
  /** Absent: nobody reads it. */
  readonly log?: Log
  /** Whether the draft of 3.0 is spoken. */
  readonly draft?: boolean
}

export type UserOptions = DeviceIdentifiers & {
  readonly role?: Role
  readonly oneTime?: boolean
  readonly hashed?: boolean
}

export type Harness = {
  readonly clock: TestClock
  readonly directory: string
  readonly handler: Engine
  client(name?: string, role?: Role): TestClient
  readonly users: UserDirectory
  readonly clients: ClientDirectory
  /** As `kmipd user add` does; resolves to the secret of one time passwords, in base32. */
  addUser(name: string, password: string, options?: UserOptions): Promise<string | undefined>
  /** Lets the time pass after which a change of clients and users is in force; the commands wait for it. */
  settled(): void
  /** A connection with that certificate; undefined where it is refused. */
  connect(certificate: PeerCertificate): Promise<TestClient | undefined>
  /** Opens the same database and keys again, as after a restart. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** A log that nobody reads. */
export const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const START = 1_800_000_000

export const testClock = (): TestClock => {
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

export const createClient = (
  handler: () => Engine,
  principal: Principal,
  certificate?: PeerCertificate,
): TestClient => {
  const session: Session = { principal, peer: 'test', certificate }
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

type Opened = {
  readonly handler: Engine
  readonly authentications: Authentications
  readonly store: OpenStore
  readonly keys: KeyStore
  close(): Promise<void>
}

const open = async (
  directory: string,
  clock: Clock,
  { log = quiet, draft = false, ...policy }: HarnessOptions,
): Promise<Opened> => {
  const store = await openSqliteStore({ path: join(directory, 'kmipd.db') })
  const rootKey = await openRootKey({ path: join(directory, 'root.key') })
  const storeKeys = await loadStoreKeys([rootKey], store.objects.settings)
  const authority = () => ensureIssuingAuthority(pairPaths(directory, 'issuing'), [], clock.now())
  const keys = createSoftwareKeyStore({ storeKeys, clock, authority })
  const authentications = createAuthenticator({
    clients: store.clients,
    users: store.users,
    directoryVersion: () => store.directoryVersion(),
    store: store.objects,
    keys,
    clock,
    milliseconds: () => clock.now() * 1000,
    log: quiet,
    managed: draft ? createManagedUsers({ store: store.objects, keys, clock }) : undefined,
    policy: { unregistered: 'refuse', credentials: 'known', ...policy },
  })
  const handler = createEngine({
    store: store.objects,
    keys,
    access,
    authenticator: authentications.authenticator,
    tickets: createTicketOffice(86_400),
    links: { ...authentications.links, ...createLinkCertificates(pkiPaths(join(directory, 'pki')).authority) },
    clock,
    ids: createUuidV7Ids(),
    log,
    operations: OPERATIONS,
    serverVersion: 'test',
    draft,
    cachedObjects: 1000,
  })
  await handler.start()
  return {
    handler,
    authentications,
    store,
    keys,
    close: async () => {
      await handler.stop()
      await store.close()
    },
  }
}

/** Starts a server in a temporary folder. Close it at the end of the test. */
export const createHarness = async (policy: HarnessOptions = {}): Promise<Harness> => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-test-'))
  await createRootKey({ path: join(directory, 'root.key') })
  const clock = testClock()
  let opened = await open(directory, clock, policy)
  return {
    clock,
    directory,
    get handler() {
      return opened.handler
    },
    get users() {
      return opened.store.users
    },
    get clients() {
      return opened.store.clients
    },
    addUser: async (name, password, { role = 'client', oneTime = false, hashed = false, ...device } = {}) => {
      const id = `user-${name}`
      const keys = () => Promise.resolve(opened.keys)
      const { proof, oneTimeSecret } = await makeProof(keys, { id, name }, password, { oneTime, hashed })
      const facts = { id, name, tenant: 'default', role, version: 1, createdAt: START, revokedAt: undefined }
      await opened.store.users.add({ ...facts, ...proof, device: deviceKey(device) })
      return oneTimeSecret
    },
    settled: () => clock.advance(1),
    connect: async (certificate) => {
      const { principal } = await opened.authentications.identify(certificate)
      return principal && createClient(() => opened.handler, principal, certificate)
    },
    client: (name = 'alice', role = 'client') =>
      createClient(() => opened.handler, { id: name, name, tenant: 'default', role, groups: [] }),
    restart: async () => {
      await opened.close()
      opened = await open(directory, clock, policy)
    },
    close: async () => {
      await opened.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Random bytes for keys that a test registers. */
export const randomKey = (length = 32): Buffer => randomBytes(length)
