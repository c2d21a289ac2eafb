import type { HsmTableName } from '../config/hsm-tables.ts'
import type { Config } from '../config/schema.ts'
import type { Clock, Ids } from '../domain/clock.ts'
import type { HsmObject, HsmRoot, HsmStatus, HsmToken, HsmVerdict } from '../domain/hsm.ts'
import type { RootPlace } from '../domain/key-rotation.ts'
import type { ObjectStore } from '../domain/object-store.ts'
import type { ClientDirectory } from '../domain/principal.ts'
import type { RecordStore } from '../domain/records.ts'
import type { User, UserDirectory, UserProof } from '../domain/users.ts'
import type { ServerCertificates } from '../pki/server-certificates.ts'

/** The directory of clients, open. */
export type OpenClients = { readonly directory: ClientDirectory; close(): Promise<void> }

/** The records of the database, open. */
export type OpenRecords = { readonly records: RecordStore; close(): Promise<void> }

/** Which credentials a user shall be able to show besides Username and Password. */
export type ProofOptions = { readonly oneTime: boolean; readonly hashed: boolean }

/** The directory of users, open. */
export type OpenUsers = {
  readonly directory: UserDirectory
  /** What is kept of a password; `oneTimeSecret` is told once and never again. */
  makeProof(
    user: Pick<User, 'id' | 'name'>,
    password: string,
    options: ProofOptions,
  ): Promise<{ readonly proof: UserProof; readonly oneTimeSecret: string | undefined }>
  /** The same for a new password of a user who goes on with the same authenticator. */
  renewProof(user: User, password: string): Promise<UserProof>
  close(): Promise<void>
}

/** The database beside a server that may be running: records can be written, objects only read. */
export type OpenBeside = OpenClients & { readonly objects: Pick<ObjectStore, 'read' | 'records' | 'commit'> }

/** What is known of the keys that everything is sealed under, without opening any. */
export type OpenKeyRotation = {
  readonly settings: ObjectStore['settings']
  readonly roots: {
    /** The present one, and the one that is to take its place. */
    list(): Promise<readonly RootPlace[]>
    /** Makes what is to take the place of the present one, where it is not there yet; tells which they are. */
    prepare(): Promise<readonly string[]>
  }
  storeKeys(): Promise<
    readonly { readonly number: number; readonly state: string; readonly roots: readonly string[] }[]
  >
  close(): Promise<void>
}

/** A server that takes connections. */
export type RunningServer = {
  /** The port it really listens on. */
  readonly port: number
  /** The port of KMIP over HTTPS, where there is one. */
  readonly httpsPort: number | undefined
  /** Shows and trusts other certificates from the next connection on. */
  reload(certificates: ServerCertificates): void
  /** Looks for root keys in the tokens of this configuration from now on. */
  moveRoots(config: Config): Promise<void>
  /** Stops accepting, answers what is in work, and closes everything, the database last. */
  drain(): Promise<void>
}

/** What `kmipd hsm` does with the token that the configuration names. */
export type HsmTools = {
  /** The tokens of the module that are set up. */
  listTokens(config: Config): Promise<readonly HsmToken[]>
  /** Makes a token where the module has room for one. */
  initializeToken(config: Config, label: string, securityOfficerPin: string, pin: string): Promise<HsmToken>
  /** Makes the root key where it is not there yet. */
  ensureRoot(config: Config): Promise<{ readonly root: HsmRoot; readonly token: HsmToken; readonly isNew: boolean }>
  /** Of the token of a table of the configuration. */
  status(config: Config, table: HsmTableName): Promise<HsmStatus>
  test(config: Config): Promise<readonly HsmVerdict[]>
  list(config: Config): Promise<readonly HsmObject[]>
  /** A PIN that nobody has to remember. */
  newPin(): string
}

/** A key, with certificates in DER, its own first. */
export type ContainerContents = {
  readonly keyPem: string
  readonly certificates: readonly Buffer[]
  readonly friendlyName: string
}

/** What the commands need of everything around them; made in `compose.ts`, the one place that picks implementations. */
export type Program = {
  readonly clock: Clock
  readonly ids: Ids
  /**
   * Makes the root key where there is none; true where it did. Comes before anything else touches the database, so that
   * a database without its root key can be told from a first start.
   */
  ensureRootKey(config: Config): Promise<boolean>
  /** Opens the database, making or upgrading its tables, without holding it against a running server. */
  openClients(config: Config): Promise<OpenClients>
  /** As `openClients`, to read records. */
  openRecords(config: Config): Promise<OpenRecords>
  /** As `openClients`, for users. */
  openUsers(config: Config): Promise<OpenUsers>
  /** As `openClients`, to write records and to look at objects. */
  openBeside(config: Config): Promise<OpenBeside>
  readonly hsm: HsmTools
  /** As `openBeside`, to change keys. */
  openKeyRotation(config: Config): Promise<OpenKeyRotation>
  /** A PKCS#12 container that the password opens. */
  makeContainer(contents: ContainerContents, password: string): Promise<Buffer>
  startServer(config: Config, certificates: ServerCertificates): Promise<RunningServer>
}
