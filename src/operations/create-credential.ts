import { checkContents, CREDENTIAL_KINDS, sealableContents } from '../domain/credential-contents.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { makeSystemObject, type SystemObject } from '../domain/system-objects.ts'
import { deviceKey } from '../domain/users.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { CREDENTIAL_TYPE, type CredentialType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type CredentialContents, credentialFields } from '../protocol/structures/draft-credentials.ts'
import { certificate } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { type Infer, optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

const request = {
  credentialType: required(TAG.CredentialType, enumOf(CREDENTIAL_TYPE)),
  attributes: attributeList('required'),
  ...credentialFields,
  certificate: optional(TAG.Certificate, certificate),
}

type Request = Infer<typeof request>

/** What is asked for is what is brought, and nothing else is. @throws KmipError InvalidField, InvalidMessage */
const checkBrought = ({ credentialType, certificate: x509, ...given }: Request): void => {
  const wanted = credentialType === 'Certificate' ? 'certificate' : CREDENTIAL_KINDS[credentialType]?.field
  if (wanted === undefined) throw new KmipError('InvalidField', 'Credentials of this type are not kept')
  const { password, device, hashed, otp } = given
  const brought = Object.entries({ password, device, hashed, otp, certificate: x509 }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  if (!brought.includes(wanted)) throw new KmipError('InvalidMessage', 'The credential is missing')
  if (brought.length > 1) throw new KmipError('InvalidField', 'Several credentials are given')
}

/** By which the server finds a device: nobody else sees the attribute's worth. */
const deviceAttribute = ({ device }: CredentialContents): readonly Attribute[] => {
  const value = device && deviceKey(device)
  if (value === undefined) return []
  return [{ name: 'VendorAttribute', vendor: 'y', attributeName: 'device', value: { type: 'TextString', value } }]
}

const typeAttribute = (value: CredentialType): Attribute => ({ name: 'CredentialType', value })

/** The contents are sealed, and no attribute follows from them: a digest of a password would let it be guessed. */
const contentsObject = (
  { keys }: OperationContext,
  { credentialType, password, device, hashed, otp }: Request,
  given: readonly Attribute[],
): SystemObject => {
  const contents = { password, device, hashed, otp }
  checkContents(contents)
  const objectType = CREDENTIAL_KINDS[credentialType]?.objectType ?? 'PasswordCredential'
  const own = [typeAttribute(credentialType), ...deviceAttribute(contents)]
  const deposit = (id: string) =>
    then(keys.deposit(id, sealableContents(contents)), ({ key }) => ({ key, attributes: [] }))
  return { objectType, given, own, deposit }
}

const certificateObject = (
  { keys }: OperationContext,
  { credentialType, certificate: value }: Request,
  given: readonly Attribute[],
): SystemObject => {
  if (value?.certificateType !== 'X_509') throw new KmipError('InvalidField', 'The certificate is no X.509 certificate')
  const deposit = (id: string) => keys.deposit(id, { objectType: 'Certificate', value })
  return { objectType: 'Certificate', given, own: [typeAttribute(credentialType)], deposit }
}

const credentialObject = (
  context: OperationContext,
  brought: Request,
  given: readonly Attribute[],
): MaybePromise<SystemObject> =>
  brought.credentialType === 'Certificate'
    ? certificateObject(context, brought, given)
    : contentsObject(context, brought, given)

/**
 * Create Credential: something by which a user is known who links to it (3.0 section 6.1.9). An administrator's affair; the
 * contents leave the server in no way.
 */
export const createCredential = defineOperation({
  name: 'CreateCredential',
  spec: { '3.0': '6.1.9' },
  request,
  response: { uniqueIdentifier },
  handle: (context, brought) => {
    checkBrought(brought)
    return then(givenAttributes(context, brought.attributes), (given) =>
      then(credentialObject(context, brought, given), (object) => makeSystemObject(context, object)),
    )
  },
})
