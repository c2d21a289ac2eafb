import { bigInteger, bytes, enumOf, extensibleEnumOf, integer } from '../../schema/primitives.ts'
import { type Infer, optional, required, struct } from '../../schema/struct.ts'
import { attributesBare } from '../attribute-wire.ts'
import {
  CERTIFICATE_REQUEST_TYPE,
  CERTIFICATE_TYPE,
  OPAQUE_DATA_TYPE,
  SECRET_DATA_TYPE,
  SPLIT_KEY_METHOD,
} from '../enumerations.ts'
import { TAG } from '../tags.ts'
import { keyBlock } from './key-block.ts'

const keyObject = { keyBlock: required(TAG.KeyBlock, keyBlock) }

/** Certificate (1.4 section 2.2.1, 2.1 section 2.1). */
export const certificate = struct('Certificate', {
  certificateType: required(TAG.CertificateType, extensibleEnumOf(CERTIFICATE_TYPE)),
  certificateValue: required(TAG.CertificateValue, bytes),
})

/** Symmetric Key (1.4 section 2.2.2, 2.1 section 2.9). */
export const symmetricKey = struct('Symmetric Key', keyObject)

/** Public Key (1.4 section 2.2.3, 2.1 section 2.6). */
export const publicKey = struct('Public Key', keyObject)

/** Private Key (1.4 section 2.2.4, 2.1 section 2.5). */
export const privateKey = struct('Private Key', keyObject)

/** Split Key (1.4 section 2.2.5, 2.1 section 2.8). */
export const splitKey = struct('Split Key', {
  splitKeyParts: required(TAG.SplitKeyParts, integer),
  keyPartIdentifier: required(TAG.KeyPartIdentifier, integer),
  splitKeyThreshold: required(TAG.SplitKeyThreshold, integer),
  splitKeyMethod: required(TAG.SplitKeyMethod, enumOf(SPLIT_KEY_METHOD)),
  primeFieldSize: optional(TAG.PrimeFieldSize, bigInteger),
  keyBlock: required(TAG.KeyBlock, keyBlock),
})

/** Template (1.0 to 1.4, section 2.2.6). */
export const template = struct('Template', { attributes: attributesBare() })

/** Secret Data (1.4 section 2.2.7, 2.1 section 2.7). */
export const secretData = struct('Secret Data', {
  secretDataType: required(TAG.SecretDataType, extensibleEnumOf(SECRET_DATA_TYPE)),
  keyBlock: required(TAG.KeyBlock, keyBlock),
})

/** Opaque Object (1.4 section 2.2.8, 2.1 section 2.3). */
export const opaqueObject = struct('Opaque Object', {
  opaqueDataType: required(TAG.OpaqueDataType, extensibleEnumOf(OPAQUE_DATA_TYPE)),
  opaqueDataValue: required(TAG.OpaqueDataValue, bytes),
})

/** PGP Key (1.2 and later: 1.4 section 2.2.9, 2.1 section 2.4). */
export const pgpKey = struct('PGP Key', {
  pgpKeyVersion: required(TAG.PGPKeyVersion, integer),
  keyBlock: required(TAG.KeyBlock, keyBlock),
})

/** Certificate Request (2.0 and later: 2.1 section 2.2). */
export const certificateRequest = struct('Certificate Request', {
  certificateRequestType: required(TAG.CertificateRequestType, enumOf(CERTIFICATE_REQUEST_TYPE)),
  certificateRequestValue: required(TAG.CertificateRequestValue, bytes),
})

/** Object Type of each structure: the field of a payload that carries it, and its value. */
export const objectFields = {
  Certificate: optional(TAG.Certificate, certificate),
  SymmetricKey: optional(TAG.SymmetricKey, symmetricKey),
  PublicKey: optional(TAG.PublicKey, publicKey),
  PrivateKey: optional(TAG.PrivateKey, privateKey),
  SplitKey: optional(TAG.SplitKey, splitKey),
  Template: optional(TAG.Template, template, { until: '1.4' }),
  SecretData: optional(TAG.SecretData, secretData),
  OpaqueObject: optional(TAG.OpaqueObject, opaqueObject),
  PGPKey: optional(TAG.PGPKey, pgpKey, { since: '1.2' }),
  CertificateRequest: optional(TAG.CertificateRequest, certificateRequest, { since: '2.0' }),
} as const

/** A managed object with its Object Type, as Register brings it and Get hands it out. */
export type ObjectValue = {
  readonly [T in keyof typeof objectFields]: {
    readonly objectType: T
    readonly value: NonNullable<ObjectFields[T]>
  }
}[keyof typeof objectFields]

export type ObjectFields = Infer<typeof objectFields>

/** The objects among the fields of a payload: one, where the payload is as it should be. */
export const objectsIn = (fields: ObjectFields): readonly ObjectValue[] => {
  const { Certificate, SymmetricKey, PublicKey, PrivateKey, SplitKey } = fields
  const { Template, SecretData, OpaqueObject, PGPKey, CertificateRequest } = fields
  const objects: ObjectValue[] = []
  if (Certificate !== undefined) objects.push({ objectType: 'Certificate', value: Certificate })
  if (SymmetricKey !== undefined) objects.push({ objectType: 'SymmetricKey', value: SymmetricKey })
  if (PublicKey !== undefined) objects.push({ objectType: 'PublicKey', value: PublicKey })
  if (PrivateKey !== undefined) objects.push({ objectType: 'PrivateKey', value: PrivateKey })
  if (SplitKey !== undefined) objects.push({ objectType: 'SplitKey', value: SplitKey })
  if (Template !== undefined) objects.push({ objectType: 'Template', value: Template })
  if (SecretData !== undefined) objects.push({ objectType: 'SecretData', value: SecretData })
  if (OpaqueObject !== undefined) objects.push({ objectType: 'OpaqueObject', value: OpaqueObject })
  if (PGPKey !== undefined) objects.push({ objectType: 'PGPKey', value: PGPKey })
  if (CertificateRequest !== undefined) objects.push({ objectType: 'CertificateRequest', value: CertificateRequest })
  return objects
}
