import { KmipError } from '../protocol/kmip-error.ts'
import type { Link } from './link-credentials.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'
import type { ServerRecord } from './records.ts'

/*
 * The certificates by which clients are known since they have asked for others, and those that they are not known by any
 * more (2.1 section 6.1.48). The record of a certificate goes by its fingerprint and belongs to the client.
 */

/** What a record says of a certificate. */
export type Credential = {
  readonly status: 'current' | 'replaced'
  /** Identity of the client. */
  readonly owner: string
  readonly tenant: string
  /** For people. */
  readonly name: string
}

/** Certificates of one client that are remembered. */
const MOST_CREDENTIALS = 50

const isDocument = (value: unknown): value is { readonly current: boolean; readonly name: string } =>
  typeof value === 'object' &&
  value !== null &&
  'current' in value &&
  typeof value.current === 'boolean' &&
  'name' in value &&
  typeof value.name === 'string'

export const readCredential = ({ owner, tenant, document }: ServerRecord): Credential => {
  const parsed: unknown = JSON.parse(document.toString('utf8'))
  if (!isDocument(parsed)) throw new Error('a stored credential is damaged')
  return { status: parsed.current ? 'current' : 'replaced', owner, tenant, name: parsed.name }
}

const documentOf = (current: boolean, name: string): Buffer => Buffer.from(JSON.stringify({ current, name }))

type Context = Pick<OperationContext, 'records' | 'now'>

const refused = (message: string): KmipError => new KmipError('PermissionDenied', message)

/**
 * Whether the certificate of a connection can still be replaced: it has not run out, and not been replaced before.
 * @throws KmipError PermissionDenied
 */
export const checkCredential = ({ records, now }: Context, { certificate }: Link): MaybePromise<void> => {
  if (certificate.validTo < now) throw refused('The certificate of the client has expired')
  return then(records.find('credential', certificate.fingerprint), (found) => {
    if (found !== undefined && readCredential(found).status === 'replaced') {
      throw refused('The certificate of the client has been replaced')
    }
  })
}

const checkRoom = ({ records }: Context, { principal }: Link): MaybePromise<void> =>
  then(records.count('credential', principal.id), (count) => {
    if (count >= MOST_CREDENTIALS) {
      throw new KmipError('ServerLimitExceeded', 'The client has had too many certificates')
    }
  })

/** The certificate of the connection is known no longer. */
const retire = ({ records }: Context, { principal, certificate }: Link): MaybePromise<void> =>
  then(records.find('credential', certificate.fingerprint), (found) => {
    const document = documentOf(false, principal.name)
    if (found !== undefined) records.replace(found, { document, expiresAt: certificate.validTo })
    else {
      const { fingerprint: id, validTo: expiresAt } = certificate
      records.add({ kind: 'credential', id, owner: principal.id, expiresAt, document, sealed: undefined })
    }
  })

/**
 * Makes the certificate `fingerprint` that of the client, in place of the one of the connection.
 * @throws KmipError ServerLimitExceeded; InvalidField where it is, or was, one already
 */
export const replaceCredential = (context: Context, link: Link, fingerprint: string): MaybePromise<void> =>
  then(context.records.find('credential', fingerprint), (known) => {
    if (known !== undefined || fingerprint === link.certificate.fingerprint) {
      throw new KmipError('InvalidField', 'The certificate is in use')
    }
    return then(checkRoom(context, link), () =>
      then(retire(context, link), () => {
        const { id: owner, name } = link.principal
        const document = documentOf(true, name)
        const record = { id: fingerprint, owner, expiresAt: undefined, document, sealed: undefined }
        context.records.add({ kind: 'credential', ...record })
      }),
    )
  })
