import 'reflect-metadata'
import { ECDSASigValue } from '@peculiar/asn1-ecc'
import { AsnConvert } from '@peculiar/asn1-schema'
import { valueOf } from '../../domain/attribute-set.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'

/* An ECDSA signature is r and s side by side in PKCS#11 (3.0 section 6.3.1), and a DER structure in KMIP. */

const CURVES: readonly unknown[] = ['EC', 'ECDSA']

/** Bytes of r and of s; undefined where the key is not on a curve that signs in this way. */
const widthOf = ({ attributes }: ManagedObject): number | undefined => {
  const bits = valueOf(attributes, 'CryptographicLength')
  return CURVES.includes(valueOf(attributes, 'CryptographicAlgorithm')) && bits !== undefined
    ? Math.ceil(bits / 8)
    : undefined
}

const fixed = (number: ArrayBuffer, width: number): Buffer => {
  const bytes = Buffer.from(number)
  const digits = bytes.subarray(Math.max(0, bytes.length - width))
  return Buffer.concat([Buffer.alloc(width - digits.length), digits])
}

/** A positive INTEGER: without blanks in front, and with one where it would be negative. */
const integer = (digits: Buffer): ArrayBuffer => {
  const first = digits.findIndex((digit) => digit !== 0)
  const bare = first < 0 ? Buffer.alloc(1) : digits.subarray(first)
  const positive = (bare[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bare]) : bare
  return Uint8Array.from(positive).buffer
}

export const toCryptoki = (object: ManagedObject, signature: Buffer): Buffer => {
  const width = widthOf(object)
  if (width === undefined) return signature
  const { r, s } = AsnConvert.parse(signature, ECDSASigValue)
  return Buffer.concat([fixed(r, width), fixed(s, width)])
}

/** Undefined where it has not the length of a signature. */
export const fromCryptoki = (object: ManagedObject, signature: Buffer): Buffer | undefined => {
  const width = widthOf(object)
  if (width === undefined) return signature
  if (signature.length !== 2 * width) return undefined
  const value = new ECDSASigValue({ r: integer(signature.subarray(0, width)), s: integer(signature.subarray(width)) })
  return Buffer.from(AsnConvert.serialize(value))
}
