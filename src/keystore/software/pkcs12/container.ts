import type { OpenedContainer } from '../../../domain/key-store.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { describeKey } from '../asymmetric/asymmetric-key.ts'
import { secretIn } from '../derive/secret.ts'
import type { OpenedKey } from '../key-cache.ts'
import { asymmetricKeyOf } from '../use-key.ts'
import { readPkcs12 } from './read.ts'
import { type Contents, writePkcs12 } from './write.ts'

/** The text of a password that is kept as Secret Data. @throws KmipError BadPassword for any other object */
const passwordIn = ({ object }: OpenedKey): string => {
  if (object.objectType === 'SecretData' && object.value.secretDataType === 'Password') {
    const secret = secretIn(object)
    if (secret !== undefined) return secret.bytes.toString('utf8')
  }
  throw new KmipError('BadPassword', 'The PKCS#12 Password Link leads to no password')
}

const certificateIn = ({ object }: OpenedKey): Buffer => {
  if (object.objectType === 'Certificate' && object.value.certificateType === 'X_509') {
    return Buffer.from(object.value.certificateValue)
  }
  throw new KmipError('InvalidField', 'A PKCS#12 container takes X.509 certificates only')
}

export type ContainerParts = {
  readonly privateKey: OpenedKey | undefined
  readonly certificates: readonly OpenedKey[]
  readonly friendlyName: string
}

/**
 * Takes from opened keys what a container needs, before anything waits: the cache may drop them then.
 * @returns what makes the container
 * @throws KmipError BadPassword, InvalidField
 */
export const planContainer = (parts: ContainerParts, password: OpenedKey): (() => Promise<Buffer>) => {
  const text = passwordIn(password)
  const contents: Contents = {
    privateKey: parts.privateKey && asymmetricKeyOf(parts.privateKey).keyObject,
    certificates: parts.certificates.map(certificateIn),
    friendlyName: parts.friendlyName,
  }
  return () => writePkcs12(contents, text)
}

const certificateObject = (certificateValue: Buffer): ObjectValue => ({
  objectType: 'Certificate',
  value: { certificateType: 'X_509', certificateValue },
})

/** As {@link planContainer}, for a container that is to be opened: its key comes out in PKCS#8. */
export const planOpening = (
  container: Buffer,
  password: OpenedKey,
  wanted: string | undefined,
): (() => Promise<OpenedContainer>) => {
  const text = passwordIn(password)
  return async () => {
    const { privateKey, certificates, friendlyName } = await readPkcs12(container, text, wanted)
    const key = describeKey(privateKey)
    if (key === undefined) throw new KmipError('InvalidField', 'Keys of this algorithm or curve are not supported')
    const keyBlock = {
      keyFormatType: 'PKCS_8',
      keyValue: { keyMaterial: privateKey.export({ format: 'der', type: 'pkcs8' }), attributes: [] },
      cryptographicAlgorithm: key.algorithm,
      cryptographicLength: key.length,
    } as const
    return {
      privateKey: { objectType: 'PrivateKey', value: { keyBlock } },
      certificates: certificates.map(certificateObject),
      friendlyName,
    }
  }
}
