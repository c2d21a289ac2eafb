import type { AttributeFilter } from '../protocol/attribute-wire.ts'
import type { EndpointRole, ObjectGroupMember, Operation, ObjectType } from '../protocol/enumerations.ts'
import type { ObjectReference } from '../protocol/structures/unique-identifier.ts'
import type { Version } from '../schema/version.ts'
import type { Ids } from './clock.ts'
import type { Jobs } from './job.ts'
import type { KeyStore } from './key-store.ts'
import type { Link, LinkCredentials } from './link-credentials.ts'
import type { ManagedObject } from './managed-object.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { CryptokiInstances } from './pkcs11.ts'
import type { Principal } from './principal.ts'
import type { Records } from './records.ts'
import type { Streams } from './streams.ts'
import type { TicketOffice } from './tickets.ts'

/** What Locate asks for (1.4 section 4.9, 2.1 section 6.1.28). */
export type LocateQuery = {
  readonly filters: readonly AttributeFilter[]
  readonly maximumItems: number | undefined
  readonly offsetItems: number | undefined
  readonly storageStatusMask: number | undefined
  readonly objectGroupMember: ObjectGroupMember | undefined
  /** Bits of the classes that are searched; absent: User Objects. */
  readonly objectClassMask?: number | undefined
}

export type LocateResult = {
  /** Unique Identifiers, newest first. */
  readonly ids: readonly string[]
  /** All hits, where counting them costs no scan. */
  readonly total: number | undefined
}

/**
 * The managed objects as one operation of one client sees them: every object comes through the gate of access control,
 * and what is changed here is seen here and written only when the engine commits.
 */
export type Objects = {
  /** @throws KmipError ObjectNotFound where there is none, or none that this client may use for this operation. */
  get(id: string): MaybePromise<ManagedObject>
  /** As `get`; undefined where there is none, or none that this client may use. */
  find(id: string): MaybePromise<ManagedObject | undefined>
  insert(object: ManagedObject): void
  update(object: ManagedObject): void
  /** @throws KmipError for a filter that cannot be evaluated: a result is never wider than what was asked. */
  locate(query: LocateQuery): MaybePromise<LocateResult>
}

/** The server as Query describes it. */
export type ServerFacts = {
  readonly vendorIdentification: string
  readonly productName: string
  readonly serverVersion: string
  /** Protocol versions that are spoken, oldest first. */
  readonly versions: readonly Version[]
  /** Operations that are answered, with the versions that know them. */
  readonly operations: readonly {
    readonly name: Operation
    readonly since: Version
    readonly until?: Version | undefined
  }[]
  readonly objectTypes: readonly ObjectType[]
  /** Whether messages in JSON and XML are spoken, which is over HTTPS. */
  readonly speaksText: boolean
}

/** Identifiers that earlier items of the batch produced (1.4 section 4, 2.1 sections 6 and 11.58). */
export type BatchIdentifiers = {
  /** The object that a request means; without a reference, the ID Placeholder. */
  resolve(reference: ObjectReference | undefined): string
  /** Records what this item produced: the first one becomes the ID Placeholder. */
  produced(...ids: readonly string[]): void
  /** Empties the ID Placeholder, so that items that rely on it fail. */
  clear(): void
}

/** This server's end of the connection that a request came over (2.1 section 6.1.54). */
export type Endpoint = {
  /** Takes a role, once the answer to the whole message has gone out. */
  assume(role: EndpointRole): void
}

/** Everything a handler gets besides its request. */
export type OperationContext = {
  /** Version of the message: for Query, which answers about it. Differences in form are the schema's affair. */
  readonly version: Version
  readonly principal: Principal
  /** Seconds since 1970, the same during one item. */
  readonly now: number
  readonly objects: Objects
  /** What is kept beside objects. */
  readonly records: Records
  /** The asynchronous requests of the client. A function, because hardly any operation asks for them. */
  readonly jobs: () => Jobs
  readonly keys: KeyStore
  readonly ids: Ids
  readonly batch: BatchIdentifiers
  /** Data that comes in parts. A function, because hardly any operation asks for it. */
  streams(): Streams
  readonly tickets: TicketOffice
  /** What the client has open of PKCS#11 (2.1 section 6.1.37). */
  pkcs11(): CryptokiInstances
  readonly server: ServerFacts
  /** Absent where there is no connection, or none that could be turned. */
  readonly endpoint?: Endpoint | undefined
  /** The connection over which a client asks; absent where nobody waits for the answer. */
  readonly link?: Link | undefined
  /** Absent where clients are known by no certificates. */
  readonly links?: LinkCredentials | undefined
}
