import { anyOf } from '../protocol/attribute-any.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, STORAGE_STATUS_MASK } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { certificate as certificateStructure, certificateRequest } from '../protocol/structures/managed-objects.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { checkCredential, replaceCredential } from '../domain/credential-records.ts'
import { linkTo } from '../domain/key-pair.ts'
import type { Deposit } from '../domain/key-store.ts'
import type { Link, LinkCredentials } from '../domain/link-credentials.ts'
import { stateOf } from '../domain/managed-object.ts'
import { newObject, type NewObject } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { defineOperation } from './define-operation.ts'

const request = {
  certificateRequest: optional(TAG.CertificateRequest, certificateRequest),
  certificate: optional(TAG.Certificate, certificateStructure),
}

/** A request over a connection whose certificate can be replaced. */
type LinkContext = OperationContext & { readonly link: Link; readonly links: LinkCredentials }

const refused = (message: string): KmipError => new KmipError('PermissionDenied', message)

/** Certificates that this server keeps of the one of the connection: whoever revokes one means the credential, too. */
const keptCertificates = async ({ objects, link: { certificate } }: LinkContext): Promise<readonly string[]> => {
  const value = {
    hashingAlgorithm: 'SHA_256',
    digestValue: Buffer.from(certificate.fingerprint, 'hex'),
    keyFormatType: 'Raw',
  } as const
  const { ids } = await objects.locate({
    filters: [
      { ref: { name: 'Digest' }, value: anyOf({ name: 'Digest', value }) },
      { ref: { name: 'ObjectType' }, value: anyOf({ name: 'ObjectType', value: 'Certificate' }) },
    ],
    maximumItems: undefined,
    offsetItems: undefined,
    storageStatusMask: STORAGE_STATUS_MASK.of('OnLineStorage', 'ArchivalStorage', 'DestroyedStorage'),
    objectGroupMember: undefined,
  })
  return ids
}

/** "SHALL fail if the certificate that represents the client credential has been Revoked", or compromised. */
const checkNotRevoked = async (context: LinkContext): Promise<void> => {
  for (const id of await keptCertificates(context)) {
    const kept = await context.objects.find(id)
    const state = kept && stateOf(kept, context.now)
    if (state !== undefined && state !== 'PreActive' && state !== 'Active' && state !== 'Destroyed') {
      throw refused('The certificate of the client has been revoked')
    }
  }
}

/** What is kept of a new certificate: it is in force from the start. */
type Kept = Pick<NewObject, 'objectType' | 'id' | 'deposit' | 'own' | 'generator'> & { readonly usage: number }

const keep = (context: OperationContext, { usage, ...plan }: Kept): void => {
  const given: readonly Attribute[] = [
    { name: 'CryptographicUsageMask', value: usage },
    { name: 'ActivationDate', value: context.now },
  ]
  context.objects.insert(newObject({ ...plan, context, given }))
}

const { Sign, Verify } = CRYPTOGRAPHIC_USAGE_MASK.code

const deposited = async (context: OperationContext, id: string, certificateValue: Buffer): Promise<Deposit> =>
  context.keys.deposit(id, { objectType: 'Certificate', value: { certificateType: 'X_509', certificateValue } })

const keepCertificate = async (
  context: OperationContext,
  id: string,
  value: Buffer,
  own: readonly Attribute[] = [],
): Promise<Deposit> => {
  const deposit = await deposited(context, id, value)
  keep(context, { objectType: 'Certificate', id, deposit, own, generator: undefined, usage: Verify })
  return deposit
}

/** What came of a request: the certificate, and the object whose identifier is answered. */
type Provisioned = { readonly certificate: Deposit; readonly answered: string }

/** Names of registered clients are names of people and machines; any other principal goes by its identifier. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const commonNameOf = ({ principal: { id, name } }: Link): string => (PLAIN_NAME.test(name) ? name : id.slice(0, 64))

const issued = async ({ link, links, now }: LinkContext, publicKey: Buffer): Promise<Buffer> => {
  const certificate = await links.issue(publicKey, commonNameOf(link), now)
  if (certificate !== undefined) return certificate
  throw new KmipError('FeatureNotSupported', 'The server issues no certificates for clients')
}

const signed = async (
  context: LinkContext,
  { certificateRequestType: type, certificateRequestValue: value }: Infer<typeof certificateRequest.fields>,
): Promise<Provisioned> => {
  const publicKey = await context.links.requestedKey({ type, value })
  if (publicKey === undefined) {
    throw new KmipError('InvalidField', 'The certificate request is none, or its key or signature is not good')
  }
  const id = context.ids.next()
  const certificate = await issued(context, publicKey)
  return { certificate: await keepCertificate(context, id, certificate), answered: id }
}

const taken = async (
  context: LinkContext,
  { certificateType, certificateValue }: Infer<typeof certificateStructure.fields>,
): Promise<Provisioned> => {
  if (certificateType !== 'X_509' || !(await context.links.mayTake(context.link, certificateValue))) {
    throw new KmipError('InvalidField', 'The certificate cannot be that of the client')
  }
  const id = context.ids.next()
  return { certificate: await keepCertificate(context, id, certificateValue), answered: id }
}

const publicKeyValue = async ({ keys }: OperationContext, { key }: Deposit): Promise<Buffer> => {
  const object = await keys.retrieve(key, { keyFormatType: 'X_509' })
  const block = object.objectType === 'PublicKey' ? object.value.keyBlock : undefined
  const keyValue = block?.keyValue
  const material = keyValue === undefined || Buffer.isBuffer(keyValue) ? undefined : keyValue.keyMaterial
  if (Buffer.isBuffer(material)) return material
  throw new KmipError('CryptographicFailure', 'The key pair could not be made')
}

/** A key pair of the curve that every TLS library has; the client gets its private key while the connection lasts. */
const generated = async (context: LinkContext): Promise<Provisioned> => {
  const { ids, keys } = context
  const [privateId, publicId, certificateId] = [ids.next(), ids.next(), ids.next()]
  const spec = { algorithm: 'EC', length: undefined, curve: 'P_256' } as const
  const pair = await keys.generateKeyPair({ privateKey: privateId, publicKey: publicId }, spec)
  const value = await issued(context, await publicKeyValue(context, pair.publicKey))
  const toCertificate = linkTo('CertificateLink', certificateId)
  const { generator } = keys
  const privateOwn = [linkTo('PublicKeyLink', publicId), toCertificate]
  keep(context, {
    objectType: 'PrivateKey',
    id: privateId,
    deposit: pair.privateKey,
    own: privateOwn,
    generator,
    usage: Sign,
  })
  const publicOwn = [linkTo('PrivateKeyLink', privateId), toCertificate]
  keep(context, {
    objectType: 'PublicKey',
    id: publicId,
    deposit: pair.publicKey,
    own: publicOwn,
    generator,
    usage: Verify,
  })
  const own = [linkTo('PublicKeyLink', publicId), linkTo('PrivateKeyLink', privateId)]
  return { certificate: await keepCertificate(context, certificateId, value, own), answered: privateId }
}

const provision = (
  context: LinkContext,
  { certificateRequest: wanted, certificate: brought }: Infer<typeof request>,
): Promise<Provisioned> => {
  if (wanted !== undefined && brought !== undefined) {
    throw new KmipError('InvalidMessage', 'There are a certificate request and a certificate')
  }
  if (wanted !== undefined) return signed(context, wanted)
  return brought === undefined ? generated(context) : taken(context, brought)
}

/** SHA-256 of the certificate, by which clients are known. */
const fingerprintOf = ({ attributes }: Deposit): string => {
  for (const { name, value } of attributes) {
    if (name === 'Digest' && value.hashingAlgorithm === 'SHA_256' && value.digestValue !== undefined) {
      return value.digestValue.toString('hex')
    }
  }
  throw new Error('a certificate without a digest')
}

/** The connection of the client itself: nobody asks for the certificate of another. */
const overLink = (context: OperationContext): LinkContext => {
  const { link, links, principal } = context
  if (link?.principal.id === principal.id && links !== undefined) return { ...context, link, links }
  throw refused('The client has no certificate of its own here')
}

/**
 * Re-Provision: another certificate for the client in place of the one it has connected with (2.1 section 6.1.48): for the
 * key of a request, one that it brings, or one with a key pair that the server makes. The certificate of the connection is
 * good for nothing else from then on; the connection itself lasts, or nobody could get what has been made.
 */
export const reProvision = defineOperation({
  name: 'ReProvision',
  spec: { '2.1': '6.1.48' },
  request,
  response: { uniqueIdentifier: optional(TAG.UniqueIdentifier, identifier) },
  handle: async (asked, payload) => {
    const context = overLink(asked)
    await checkCredential(context, context.link)
    await checkNotRevoked(context)
    const { certificate, answered } = await provision(context, payload)
    const fingerprint = fingerprintOf(certificate)
    await replaceCredential(context, context.link, fingerprint)
    context.links.replaces(context.link, fingerprint)
    context.batch.produced(answered)
    return { uniqueIdentifier: answered }
  },
})
