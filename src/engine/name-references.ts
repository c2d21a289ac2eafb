import { anyOf } from '../protocol/attribute-any.ts'
import { OBJECT_CLASS_MASK, STORAGE_STATUS_MASK } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { valueOf } from '../domain/attribute-set.ts'
import { noSuchObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { Objects } from '../domain/operation-context.ts'
import { ITEM_TYPE, type ItemType } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, readText, tagAt, typeAt } from '../ttlv/reader.ts'
import { Writer } from '../ttlv/writer.ts'

/*
 * 3.0 lets a request name an object by its Name (section 4.35, 4.68). What it means is looked up before the payload is
 * decoded, so that operations know of identifiers only. A Group Link is the other way round: a group is kept by its name,
 * as Object Group is in other versions, and one that is given by the identifier of a Group is read by its Name.
 */

type Search = Pick<Objects, 'get' | 'locate'>

/** An item that is to be replaced by a text of another type. */
type Reference = { readonly at: number; readonly tag: number; readonly type: ItemType }

/** Names to look up in one request. */
const MOST_REFERENCES = 100

const isToReplace = (payload: Buffer, at: number): boolean => {
  const isGroup = tagAt(payload, at) === TAG.GroupLink
  return typeAt(payload, at) === (isGroup ? ITEM_TYPE.Reference : ITEM_TYPE.NameReference)
}

const referencesIn = (payload: Buffer, from: number, end: number): readonly Reference[] => {
  const found: Reference[] = []
  for (let at = from; at < end; at = nextItem(payload, at)) {
    const tag = tagAt(payload, at)
    if (typeAt(payload, at) === ITEM_TYPE.Structure)
      found.push(...referencesIn(payload, at + HEADER_LENGTH, at + HEADER_LENGTH + lengthAt(payload, at)))
    else if (isToReplace(payload, at))
      found.push({ at, tag, type: tag === TAG.GroupLink ? ITEM_TYPE.NameReference : ITEM_TYPE.Reference })
  }
  return found
}

const byName = (objects: Search, nameValue: string): MaybePromise<string> => {
  const name = { nameValue, nameType: 'UninterpretedTextString' } as const
  const query = {
    filters: [{ ref: { name: 'Name' }, value: anyOf({ name: 'Name', value: name }) }],
    maximumItems: 1,
    offsetItems: undefined,
    storageStatusMask: STORAGE_STATUS_MASK.of('OnLineStorage', 'ArchivalStorage'),
    objectGroupMember: undefined,
    objectClassMask: OBJECT_CLASS_MASK.all,
  } as const
  return then(objects.locate(query), ({ ids: [id] }) => {
    if (id === undefined) throw noSuchObject()
    return id
  })
}

const nameOfGroup = (objects: Search, id: string): MaybePromise<string> =>
  then(objects.get(id), (group) => {
    if (group.objectType !== 'Group') throw new KmipError('InvalidObjectType', 'A Group Link needs a Group')
    const name = valueOf(group.attributes, 'Name')?.nameValue
    if (name === undefined) throw new KmipError('InvalidField', 'The Group has no Name')
    return name
  })

type Found = Reference & { readonly text: string }

const look = (
  objects: Search,
  payload: Buffer,
  [first, ...rest]: readonly Reference[],
): MaybePromise<readonly Found[]> => {
  if (first === undefined) return []
  const given = readText(payload, first.at)
  const text = first.tag === TAG.GroupLink ? nameOfGroup(objects, given) : byName(objects, given)
  return then(text, (found) => then(look(objects, payload, rest), (others) => [{ ...first, text: found }, ...others]))
}

type Copy = { readonly payload: Buffer; readonly found: ReadonlyMap<number, Found>; readonly writer: Writer }

const copy = ({ payload, found, writer }: Copy, from: number, end: number): void => {
  for (let at = from; at < end; at = nextItem(payload, at)) {
    const reference = found.get(at)
    if (reference !== undefined) writer.textAs(reference.type, reference.tag, reference.text)
    else if (typeAt(payload, at) === ITEM_TYPE.Structure) {
      const start = writer.begin(tagAt(payload, at))
      copy({ payload, found, writer }, at + HEADER_LENGTH, at + HEADER_LENGTH + lengthAt(payload, at))
      writer.end(start)
    } else writer.raw(payload.subarray(at, nextItem(payload, at)))
  }
}

/**
 * The request payload with identifiers where it has names.
 * @throws KmipError ObjectNotFound, InvalidObjectType, InvalidField, ServerLimitExceeded
 */
export const withNames = (payload: Buffer, objects: Search): MaybePromise<Buffer> => {
  const references = referencesIn(payload, 0, payload.length)
  if (references.length === 0) return payload
  if (references.length > MOST_REFERENCES)
    throw new KmipError('ServerLimitExceeded', 'The request names too many objects by their names')
  return then(look(objects, payload, references), (all) => {
    const writer = new Writer()
    copy({ payload, found: new Map(all.map((each) => [each.at, each])), writer }, 0, payload.length)
    return Buffer.from(writer.bytes())
  })
}
