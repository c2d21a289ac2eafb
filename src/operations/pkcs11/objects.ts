import { withValue } from '../../domain/attribute-set.ts'
import { destroyed, revoked } from '../../domain/life-cycle.ts'
import { type ManagedObject, stateOf } from '../../domain/managed-object.ts'
import { acceptedWish, newObject } from '../../domain/new-object.ts'
import type { Attribute } from '../../protocol/attribute-instance.ts'
import { anyOf } from '../../protocol/attribute-any.ts'
import type { AttributeFilter } from '../../protocol/attribute-wire.ts'
import { CRYPTOGRAPHIC_USAGE_MASK } from '../../protocol/enumerations.ts'
import { count, counted, type CryptokiReader, flag, list, type Room, ulong } from '../../protocol/pkcs11/codec.ts'
import { CKA, CKK, CKO } from '../../protocol/pkcs11/constants.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { servedObject } from '../serve-object.ts'
import { type Call, CryptokiError, handleOf, handlesFound, objectIn, sessionIn, setSession } from './call.ts'
import { checkWritable } from './generate.ts'
import { PKCS11_LIMITS } from '../../domain/pkcs11.ts'
import { attributesOf, changesOf, describe, numberIn, readTemplate, type Template } from './templates.ts'

/* The client's managed objects as objects of a token (PKCS#11 3.0 section 5.7). Session objects there are none. */

const NOTHING = Buffer.alloc(0)

const objectOf = async (call: Call, handle: number): Promise<ManagedObject> => {
  const id = objectIn(call, handle, 'OBJECT_HANDLE_INVALID')
  const object = await call.context.objects.find(id)
  if (object?.key === undefined) throw new CryptokiError('OBJECT_HANDLE_INVALID')
  return object
}

// Made and destroyed ----------------------------------------------------------------------------------------------------

const valueIn = (template: Template): Buffer => {
  const value = template.get(CKA.VALUE)
  if (value === undefined || value.length === 0) throw new CryptokiError('TEMPLATE_INCOMPLETE')
  return value
}

const secretKey = (template: Template): ObjectValue => {
  const keyMaterial = valueIn(template)
  const type = numberIn(template, CKA.KEY_TYPE)
  const algorithm = type === CKK.AES ? 'AES' : type === CKK.DES3 ? 'DES3' : 'HMAC_SHA256'
  if (algorithm === 'HMAC_SHA256' && type !== CKK.GENERIC_SECRET) throw new CryptokiError('TEMPLATE_INCONSISTENT')
  const keyBlock = {
    keyFormatType: 'Raw',
    keyValue: { keyMaterial, attributes: [] },
    cryptographicAlgorithm: algorithm,
    cryptographicLength: keyMaterial.length * 8,
  } as const
  return { objectType: 'SymmetricKey', value: { keyBlock } }
}

/** What a template brings; private and public keys come by Register. */
const broughtIn = (template: Template): ObjectValue => {
  switch (numberIn(template, CKA.CLASS)) {
    case CKO.SECRET_KEY:
      return secretKey(template)
    case CKO.CERTIFICATE:
      return { objectType: 'Certificate', value: { certificateType: 'X_509', certificateValue: valueIn(template) } }
    case CKO.DATA:
      return { objectType: 'OpaqueObject', value: { opaqueDataType: 0x80000001, opaqueDataValue: valueIn(template) } }
    case undefined:
      throw new CryptokiError('TEMPLATE_INCOMPLETE')
    default:
      throw new CryptokiError('TEMPLATE_INCONSISTENT')
  }
}

const usageOf = ({ objectType, value }: ObjectValue): number => {
  if (objectType !== 'SymmetricKey') return 0
  return value.keyBlock.cryptographicAlgorithm === 'HMAC_SHA256'
    ? CRYPTOGRAPHIC_USAGE_MASK.of('MACGenerate', 'MACVerify')
    : CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt')
}

export const createObject = async (call: Call): Promise<Buffer> => {
  const { context, input } = call
  checkWritable(call, input.ulong())
  const template = readTemplate(input)
  input.end()
  const brought = broughtIn(template)
  const given = attributesOf(template, usageOf(brought), context.now)
  const wish = { objectType: brought.objectType, given, generator: undefined }
  acceptedWish(wish)
  const id = context.ids.next()
  const deposit = await context.keys.deposit(id, brought)
  context.objects.insert(newObject({ ...wish, context, id, deposit }))
  return ulong(handleOf(call, id))
}

/** KMIP destroys nothing that is Active: what PKCS#11 destroys goes out of service first. */
export const destroyObject = async (call: Call): Promise<Buffer> => {
  const { context, input } = call
  checkWritable(call, input.ulong())
  const object = await objectOf(call, input.ulong())
  const reason = { revocationReasonCode: 'CessationOfOperation' } as const
  const isActive = stateOf(object, context.now) === 'Active'
  const idle = isActive ? revoked(object, { reason, compromiseOccurrenceDate: undefined }, context.now) : object
  context.objects.update(destroyed(idle, context.now))
  return NOTHING
}

// Read and changed ------------------------------------------------------------------------------------------------------

type Wanted = { readonly type: number; readonly room: Room }

const readWanted = (input: CryptokiReader): Wanted => ({ type: input.ulong(), room: input.room() })

/** The bytes of a secret key, a certificate or data; undefined for what has no such value. */
const materialOf = async ({ context }: Call, object: ManagedObject): Promise<Buffer | undefined> => {
  const { objectType, value } = await servedObject(context, object, {})
  if (objectType === 'Certificate') return value.certificateValue
  if (objectType === 'OpaqueObject') return value.opaqueDataValue
  if (objectType !== 'SymmetricKey' && objectType !== 'SecretData') return undefined
  const { keyValue, keyWrappingData } = value.keyBlock
  if (keyValue === undefined || Buffer.isBuffer(keyValue) || keyWrappingData !== undefined) return undefined
  return Buffer.isBuffer(keyValue.keyMaterial) ? keyValue.keyMaterial : undefined
}

/** What a length is where there is no value to be had (CK_UNAVAILABLE_INFORMATION). */
const NO_LENGTH = 0xffffffff

type Told = {
  readonly bytes: Buffer
  readonly code: 'OK' | 'ATTRIBUTE_TYPE_INVALID' | 'BUFFER_TOO_SMALL' | 'ATTRIBUTE_SENSITIVE'
}

const absent = (type: number, code: Told['code']): Told => ({
  bytes: Buffer.concat([ulong(type), flag(false), count(NO_LENGTH)]),
  code,
})

const present = ({ type, room }: Wanted, value: Buffer): Told => {
  if (room !== undefined && room >= value.length) {
    return { bytes: Buffer.concat([ulong(type), flag(true), counted(value)]), code: 'OK' }
  }
  const bytes = Buffer.concat([ulong(type), flag(false), count(value.length)])
  return { bytes, code: room === undefined ? 'OK' : 'BUFFER_TOO_SMALL' }
}

type Value = Buffer | 'secret' | undefined

const tell = (known: ReadonlyMap<number, Value>, wanted: Wanted): Told => {
  const value = known.get(wanted.type)
  if (value === 'secret') return absent(wanted.type, 'ATTRIBUTE_SENSITIVE')
  return value === undefined ? absent(wanted.type, 'ATTRIBUTE_TYPE_INVALID') : present(wanted, value)
}

/** What does not leave the server is sensitive, whatever the reason. */
const readValue = async (call: Call, object: ManagedObject): Promise<Value> => {
  try {
    return await materialOf(call, object)
  } catch {
    return 'secret'
  }
}

const WORST = ['ATTRIBUTE_SENSITIVE', 'ATTRIBUTE_TYPE_INVALID', 'BUFFER_TOO_SMALL'] as const

/** What is wanted, as often as it is: not more than there is an answer for. @throws CryptokiError */
const tellAll = (known: ReadonlyMap<number, Value>, wanted: readonly Wanted[]): readonly Told[] => {
  let size = 0
  return wanted.map((one) => {
    const told = tell(known, one)
    size += told.bytes.length
    if (size > PKCS11_LIMITS.told) throw new CryptokiError('DEVICE_MEMORY')
    return told
  })
}

/** The template with its values; all that can be told is told, whatever becomes of the rest. */
export const getAttributeValue = async (call: Call): Promise<Buffer> => {
  const { input } = call
  sessionIn(call, input.ulong())
  const object = await objectOf(call, input.ulong())
  const wanted = input.list(() => readWanted(input))
  input.end()
  if (wanted.length > PKCS11_LIMITS.wanted) throw new CryptokiError('ARGUMENTS_BAD')
  const known = new Map<number, Value>(describe(object))
  if (wanted.some(({ type }) => type === CKA.VALUE)) known.set(CKA.VALUE, await readValue(call, object))
  const told = tellAll(known, wanted)
  const output = list(told.map(({ bytes }) => bytes))
  const worst = WORST.find((code) => told.some((one) => one.code === code))
  if (worst !== undefined) throw new CryptokiError(worst, output)
  return output
}

export const setAttributeValue = async (call: Call): Promise<Buffer> => {
  const { context, input } = call
  checkWritable(call, input.ulong())
  const object = await objectOf(call, input.ulong())
  const changes = changesOf(readTemplate(input))
  input.end()
  const dated: Attribute = { name: 'LastChangeDate', value: context.now }
  context.objects.update({ ...object, attributes: [...changes, dated].reduce(withValue, object.attributes) })
  return NOTHING
}

// Found -----------------------------------------------------------------------------------------------------------------

/** What the database can look for; the rest is compared object by object. */
const filtersOf = (template: Template): readonly AttributeFilter[] => {
  const label = template.get(CKA.LABEL)
  if (label === undefined || label.length === 0) return []
  const value = { nameValue: label.toString('utf8'), nameType: 'UninterpretedTextString' } as const
  return [{ ref: { name: 'Name' }, value: anyOf({ name: 'Name', value }) }]
}

const fits = (object: ManagedObject, template: Template): boolean => {
  const known = describe(object)
  return [...template].every(([type, value]) => known.get(type)?.equals(value) === true)
}

/** One answer of Locate has a bound: those that follow are asked for. */
const candidates = async ({ context }: Call, template: Template, offsetItems: number): Promise<readonly string[]> => {
  const { ids } = await context.objects.locate({
    filters: filtersOf(template),
    maximumItems: undefined,
    offsetItems,
    storageStatusMask: undefined,
    objectGroupMember: undefined,
  })
  return ids
}

/** @throws CryptokiError where more objects would have to be looked at than can have handles */
const search = async (call: Call, template: Template): Promise<readonly string[]> => {
  // A set: what others add meanwhile moves what follows.
  const found = new Set<string>()
  let looked = 0
  for (;;) {
    const ids = await candidates(call, template, looked)
    if (ids.length === 0) return [...found]
    looked += ids.length
    if (looked > PKCS11_LIMITS.handles) throw new CryptokiError('DEVICE_MEMORY')
    for (const id of ids) {
      const object = await call.context.objects.find(id)
      if (object?.key !== undefined && fits(object, template)) found.add(id)
    }
  }
}

export const findObjectsInit = async (call: Call): Promise<Buffer> => {
  const { input } = call
  const handle = input.ulong()
  if (sessionIn(call, handle).found !== undefined) throw new CryptokiError('OPERATION_ACTIVE')
  const template = readTemplate(input)
  input.end()
  const found = handlesFound(call, await search(call, template))
  setSession(call, handle, { ...sessionIn(call, handle), found })
  return NOTHING
}

const foundIn = (call: Call, handle: number): readonly number[] => {
  const { found } = sessionIn(call, handle)
  if (found === undefined) throw new CryptokiError('OPERATION_NOT_INITIALIZED')
  return found
}

export const findObjects = (call: Call): Buffer => {
  const handle = call.input.ulong()
  const found = foundIn(call, handle)
  const most = call.input.count()
  setSession(call, handle, { ...sessionIn(call, handle), found: found.slice(most) })
  return list(found.slice(0, most).map((object) => ulong(object)))
}

export const findObjectsFinal = (call: Call): Buffer => {
  const handle = call.input.ulong()
  foundIn(call, handle)
  setSession(call, handle, { ...sessionIn(call, handle), found: undefined })
  return NOTHING
}
