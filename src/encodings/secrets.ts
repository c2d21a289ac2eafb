import { OPERATION } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, readUnsigned, tagAt, typeAt } from '../ttlv/reader.ts'

/* What of a message nobody should see who only wants to know what it is about. */

/** Secret with everything in them. A Key Value that is bytes is a wrapped key, or a key in an encoding of its own. */
const SECRETS: ReadonlySet<number> = new Set([
  TAG.KeyMaterial,
  TAG.Password,
  TAG.OneTimePassword,
  TAG.HashedPassword,
  TAG.ServerHashedPassword,
  TAG.TicketValue,
  TAG.OpaqueDataValue,
  TAG.DerivationData,
  TAG.PKCS_11InputParameters,
  TAG.PKCS_11OutputParameters,
])

/** The payload whose Data is a cipher text; in all others it may be what somebody wants to keep to himself. */
const CIPHERTEXT: ReadonlyMap<number, number> = new Map([
  [OPERATION.code.Encrypt, TAG.ResponsePayload],
  [OPERATION.code.Decrypt, TAG.RequestPayload],
])

type Place = {
  readonly isSecret: boolean
  /** Operation of the Batch Item. */
  readonly operation: number
  readonly payload: number
}

const isSecretAt = (tag: number, type: number, { isSecret, operation, payload }: Place): boolean => {
  if (isSecret || SECRETS.has(tag)) return true
  if (tag === TAG.KeyValue) return type === ITEM_TYPE.ByteString
  return tag === TAG.Data && type === ITEM_TYPE.ByteString && CIPHERTEXT.get(operation) !== payload
}

const collect = (buffer: Buffer, from: number, to: number, place: Place, found: Set<number>): void => {
  let { operation } = place
  for (let at = from; at < to; at = nextItem(buffer, at)) {
    const tag = tagAt(buffer, at)
    const type = typeAt(buffer, at)
    const isSecret = isSecretAt(tag, type, { ...place, operation })
    if (type === ITEM_TYPE.Structure) {
      const start = at + HEADER_LENGTH
      const isPayload = tag === TAG.RequestPayload || tag === TAG.ResponsePayload
      const inside = { isSecret, operation, payload: isPayload ? tag : place.payload }
      collect(buffer, start, start + lengthAt(buffer, at), inside, found)
    } else if (isSecret) found.add(at)
    // A payload may hold operations, too: Query and Check.
    else if (tag === TAG.Operation && place.payload === 0) operation = readUnsigned(buffer, at)
  }
}

/** The offsets of the items of a well-formed message that hold secrets. */
export const secretsIn = (message: Buffer): ReadonlySet<number> => {
  const found = new Set<number>()
  collect(message, 0, message.length, { isSecret: false, operation: 0, payload: 0 }, found)
  return found
}

const FILLER: ReadonlyMap<number, number> = new Map([[ITEM_TYPE.TextString, 0x2a]])

/** The message with nothing in the items at these offsets: zeros, and stars where there was text. */
export const blanked = (message: Buffer, offsets: ReadonlySet<number>): Buffer => {
  const copy = Buffer.from(message)
  for (const at of offsets) {
    const value = at + HEADER_LENGTH
    copy.fill(FILLER.get(typeAt(copy, at)) ?? 0, value, value + lengthAt(copy, at))
  }
  return copy
}
