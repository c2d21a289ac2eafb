import { randomBytes } from 'node:crypto'
import { access } from './access/authorize.ts'
import { currentPrincipal } from './access/authenticate.ts'
import { type Authentications, createAuthenticator } from './access/authenticator.ts'
import { makeProof, renewProof } from './access/make-proof.ts'
import { createTicketOffice } from './access/ticket-office.ts'
import type {
  OpenBeside,
  OpenClients,
  OpenKeyRotation,
  OpenRecords,
  OpenUsers,
  Program,
  RunningServer,
} from './cli/program.ts'
import { hsmTools } from './compose/hsm-tools.ts'
import { ensureRootKey, keyRotation, noLog, openKeys, type OpenKeys, rootKeeper, rootPlaces } from './compose/keys.ts'
import { offerOf } from './compose/offer.ts'
import { dataPaths } from './config/data-paths.ts'
import type { Config } from './config/schema.ts'
import type { ClientDirectory } from './domain/principal.ts'
import type { Subscription } from './domain/subscription.ts'
import type { KeyStore } from './domain/key-store.ts'
import type { ManagedUsers } from './domain/managed-users.ts'
import { createEngine } from './engine/create-engine.ts'
import { createManagedUsers } from './engine/managed-users.ts'
import { LARGEST_RESPONSE } from './engine/handle-message.ts'
import { describeStoreKeys } from './keystore/software/store-keys.ts'
import type { OwnAuthority } from './keystore/software/certificates/certify.ts'
import { containerFor } from './keystore/software/pkcs12/write.ts'
import { DEFAULT_LIMITS } from './net/limits.ts'
import { listenForAll } from './net/listeners.ts'
import { dial } from './net/outgoing.ts'
import type { ListenerOptions } from './net/tls-listener.ts'
import type { Log } from './observe/log.ts'
import { createLogger } from './observe/logger.ts'
import { ensureIssuingAuthority } from './pki/issuing-authority.ts'
import { createLinkCertificates } from './pki/link-certificates.ts'
import { pkiPaths } from './pki/pki-paths.ts'
import type { ServerCertificates } from './pki/server-certificates.ts'
import { openPostgresStore } from './store/postgres.ts'
import { openSqliteStore, type OpenStore } from './store/sqlite.ts'
import { createSystemClock, createUuidV7Ids } from './system.ts'

/** The only place that chooses: which database, which keystore, which network. */

const TICKET_KEY_BYTES = 48

/** Largest response in largest requests: what may be brought can be got, in whatever form. */
const RESPONSE_FACTOR = 4

const clock = createSystemClock()
const ids = createUuidV7Ids()

const openStore = (config: Config, exclusive: boolean): Promise<OpenStore> => {
  const url = config.database.url?.reveal()
  if (url !== undefined) return openPostgresStore({ connectionString: url })
  return openSqliteStore({ path: dataPaths(config).database, exclusive })
}

const openClients = async (config: Config): Promise<OpenClients> => {
  const store = await openStore(config, false)
  return { directory: store.clients, close: () => store.close() }
}

const openRecords = async (config: Config): Promise<OpenRecords> => {
  const store = await openStore(config, false)
  return { records: store.objects.records, close: () => store.close() }
}

const openUsers = async (config: Config): Promise<OpenUsers> => {
  const store = await openStore(config, false)
  const keys = async (): Promise<KeyStore> => {
    const opened = await openKeys(config, store, { clock, log: noLog })
    await opened.roots.close()
    return opened.keys
  }
  return {
    directory: store.users,
    makeProof: (user, password, options) => makeProof(keys, user, password, options),
    renewProof: (user, password) => renewProof(keys, user, password),
    close: () => store.close(),
  }
}

/** Users that are managed objects are those of the draft. */
const managedUsers = ({ protocol }: Config, { objects }: OpenStore, keys: KeyStore): ManagedUsers | undefined =>
  protocol.draft ? createManagedUsers({ store: objects, keys, clock }) : undefined

const authentications = (config: Config, store: OpenStore, keys: KeyStore, log: Log): Authentications =>
  createAuthenticator({
    clients: store.clients,
    users: store.users,
    directoryVersion: () => store.directoryVersion(),
    store: store.objects,
    keys,
    clock,
    milliseconds: () => performance.now(),
    log,
    managed: managedUsers(config, store, keys),
    policy: config.access,
  })

/** The whole database, for what is written beside a running server. */
const openBeside = async (config: Config): Promise<OpenBeside> => {
  const store = await openStore(config, false)
  return { directory: store.clients, objects: store.objects, close: () => store.close() }
}

/** Another root key, and another store key for everything: what a server does when it sees the wish. */
const openKeyRotation = async (config: Config): Promise<OpenKeyRotation> => {
  const store = await openStore(config, false)
  const { settings } = store.objects
  const roots = rootKeeper(config, { clock, log: noLog })
  return {
    settings,
    roots,
    storeKeys: () => describeStoreKeys(settings),
    close: async () => {
      await roots.close()
      await store.close()
    },
  }
}

const identify =
  (known: Authentications, log: Log): ListenerOptions['identify'] =>
  async (peer) => {
    const { principal, reason } = await known.identify(peer)
    if (principal === undefined)
      log.warn('client refused', { reason, subject: peer.subject, fingerprint: peer.fingerprint })
    return principal
  }

const limitsOf = ({ limits }: Config): NonNullable<ListenerOptions['limits']> => ({
  maxMessage: limits.messageSize,
  handshake: limits.handshakeTimeout * 1000,
  receive: limits.requestTimeout * 1000,
  idle: limits.idleTimeout * 1000,
  maxConnections: limits.connections,
  maxPerAddress: limits.connectionsPerAddress,
})

/** Made when it is first needed; a failure is tried again with the next request. */
const issuingAuthority = (config: Config, { ca }: ServerCertificates): OwnAuthority => {
  const { issuing } = pkiPaths(dataPaths(config).pki)
  let made: ReturnType<typeof ensureIssuingAuthority> | undefined
  return () => {
    made ??= ensureIssuingAuthority(issuing, ca, clock.now()).catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

const isWelcome = async (clients: Pick<ClientDirectory, 'findById'>, id: string): Promise<boolean> => {
  const client = await clients.findById(id)
  return client !== undefined && client.revokedAt === undefined
}

/** Connects to where the operator says that a client listens. */
const dialClient = (config: Config, certificates: ServerCertificates, { address, fingerprint }: Subscription) => {
  if (address === undefined) return Promise.reject(new Error('the client listens nowhere'))
  const { legacySuites } = config.tls
  return dial(
    { ...address, fingerprint },
    { certificates, legacySuites, limits: { ...DEFAULT_LIMITS, ...limitsOf(config) } },
  )
}

const serve = async (
  config: Config,
  certificates: ServerCertificates,
  store: OpenStore,
  opened: OpenKeys,
  log: Log,
): Promise<Omit<RunningServer, 'moveRoots'>> => {
  const shown = { certificates }
  const known = authentications(config, store, opened.keys, log)
  const engine = createEngine({
    store: store.objects,
    keys: opened.keys,
    access,
    authenticator: known.authenticator,
    tickets: createTicketOffice(config.access.ticketLifetime),
    links: { ...known.links, ...createLinkCertificates(pkiPaths(dataPaths(config).pki).authority) },
    clock,
    ids,
    log,
    ...(await offerOf(config)),
    cachedObjects: config.cache.objects,
    largestResponse: Math.max(LARGEST_RESPONSE, RESPONSE_FACTOR * config.limits.messageSize),
    jobLimits: config.jobs,
    currentPrincipal: (principal) =>
      currentPrincipal(principal, { ...store, managed: managedUsers(config, store, opened.keys) }),
    keyRotation: keyRotation(opened, store),
    outbound: {
      isWelcome: (client) => isWelcome(store.clients, client),
      dial: (subscription) => dialClient(config, shown.certificates, subscription),
    },
  })
  await engine.ready
  const server = await listenForAll(config.port, config.https.port, {
    ...(config.host === undefined ? {} : { host: config.host }),
    certificates,
    legacySuites: config.tls.legacySuites,
    limits: limitsOf(config),
    handler: engine,
    identify: identify(known, log),
    ticketKeys: () => randomBytes(TICKET_KEY_BYTES),
    clock,
    log,
  }).catch(async (error: unknown) => {
    await engine.stop()
    throw error
  })
  await engine.start()
  return {
    ...server,
    reload: (renewed) => {
      shown.certificates = renewed
      server.reload(renewed)
    },
    drain: async () => {
      await server.drain()
      await engine.stop()
    },
  }
}

const withKeys = async (
  config: Config,
  certificates: ServerCertificates,
  store: OpenStore,
  log: Log,
): Promise<RunningServer> => {
  const opened = await openKeys(config, store, { clock, log }, issuingAuthority(config, certificates))
  const { roots } = opened
  try {
    const server = await serve(config, certificates, store, opened, log)
    return {
      ...server,
      moveRoots: async (moved) => {
        await roots.move(rootPlaces(moved, { clock, log }))
        await keyRotation(opened, store).rotating.tend()
      },
      drain: async () => {
        await server.drain()
        await roots.close()
      },
    }
  } catch (error) {
    await roots.close()
    throw error
  }
}

const startServer = async (config: Config, certificates: ServerCertificates): Promise<RunningServer> => {
  const log = createLogger({ level: config.logLevel })
  const store = await openStore(config, true)
  try {
    const behind = clock.notBefore((await store.objects.latestCommit()) ?? 0)
    if (behind > 0) log.warn('the clock of the machine is behind the latest commit', { seconds: behind })
    const server = await withKeys(config, certificates, store, log)
    return {
      ...server,
      drain: async () => {
        await server.drain()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

export const program: Program = {
  clock,
  ids,
  ensureRootKey,
  openClients,
  openRecords,
  openUsers,
  openBeside,
  hsm: hsmTools(clock),
  openKeyRotation,
  makeContainer: containerFor,
  startServer,
}
