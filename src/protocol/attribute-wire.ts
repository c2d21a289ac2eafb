import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, readText, readUnsigned, tagAt, typeAt } from '../ttlv/reader.ts'
import { Writer } from '../ttlv/writer.ts'
import { type AnyValue, anyValue } from '../schema/combinators.ts'
import { SchemaError } from '../schema/error.ts'
import { type Codec, type Kind, memoised } from '../schema/kind.ts'
import { integer, text } from '../schema/primitives.ts'
import { type Field, type Infer, inForms, optional, repeated, required, spread, struct } from '../schema/struct.ts'
import { DRAFT_VERSION, inRange, isLegible, type Target } from '../schema/version.ts'
import type { Attribute, AttributeRef } from './attribute-instance.ts'
import { attributeByLabel, attributeByTag, attributeCodec, attributeRow } from './attribute-lookup.ts'
import type { AttributeName } from './attributes.ts'
import { LINK_TYPE, type LinkType } from './enumerations.ts'
import { LINK_TAGS, LINKS_BY_KIND, linkTypeOf } from './links.ts'
import { name } from './structures/attribute-values.ts'
import { objectReference } from './structures/unique-identifier.ts'
import { TAG } from './tags.ts'

/*
 * The two ways in which attributes stand on the wire: named by text with an index (1.0 to 1.4, section 2.1.1), or by
 * their tag inside an Attributes structure (2.0 and later, 2.1 section 5). Nothing outside this file knows of both.
 */

/** `x-` and `y-` names of 1.x are the vendors `x` and `y` of 2.x. */
const CUSTOM_NAME = /^([xy])-(.*)$/s

type CustomName = { readonly vendor: string; readonly attributeName: string }

const customName = (label: string): CustomName | undefined => {
  const match = CUSTOM_NAME.exec(label)
  return match === null ? undefined : { vendor: match[1] ?? '', attributeName: match[2] ?? '' }
}

const legibleByLabel = (label: string, target: Target): AttributeName | undefined => {
  const standard = attributeByLabel(label)
  return standard !== undefined && isLegible(target, attributeRow(standard)) ? standard : undefined
}

const labelOf = (attribute: Attribute): string =>
  attribute.name === 'VendorAttribute'
    ? `${attribute.vendor}-${attribute.attributeName}`
    : attributeRow(attribute.name).label

const valueFits = (attribute: Attribute, target: Target): boolean => {
  if (attribute.name === 'VendorAttribute') return anyValue.compile(target).fits?.(attribute.value) ?? true
  if (!inRange(target, attributeRow(attribute.name))) return false
  return attributeCodec(attribute.name, target).fits?.(attribute.value) ?? true
}

const isCustom = (vendor: string): boolean => vendor === 'x' || vendor === 'y'

// 1.x: Attribute { Attribute Name, Attribute Index?, Attribute Value } -------------------------------------------------

type Link = Extract<Attribute, { readonly name: 'Link' }>

type Named = { label: string; index: number | undefined; value: number }

/** Finds the parts of an Attribute structure; `value` is the offset of the Attribute Value item. */
const readNamed = (buffer: Buffer, from: number): Named => {
  const end = from + HEADER_LENGTH + lengthAt(buffer, from)
  let label: string | undefined
  let index: number | undefined
  for (let at = from + HEADER_LENGTH; at < end; at = nextItem(buffer, at)) {
    const tag = tagAt(buffer, at)
    if (tag === TAG.AttributeName && label === undefined) label = text.compile('storage').read(buffer, at)
    else if (tag === TAG.AttributeIndex && label !== undefined && index === undefined)
      index = integer.compile('storage').read(buffer, at)
    else if (tag === TAG.AttributeValue && label !== undefined && nextItem(buffer, at) >= end)
      return { label, index, value: at }
    else throw new SchemaError('misplaced-field', 'Attribute', at)
  }
  throw new SchemaError('missing-field', 'Attribute Value of Attribute', from)
}

const readAttribute1 = (target: Target, buffer: Buffer, at: number): Attribute => {
  if (typeAt(buffer, at) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', 'Attribute', at)
  const { label, index, value } = readNamed(buffer, at)
  const standard = legibleByLabel(label, target)
  if (standard !== undefined) return attributeCodec(standard, target).read(buffer, value, index)
  const custom = customName(label)
  if (custom === undefined) throw new SchemaError('unknown-attribute', label, at)
  return { name: 'VendorAttribute', ...custom, index, value: anyValue.compile(target).read(buffer, value) }
}

const writeValue = (writer: Writer, tag: number, attribute: Attribute, target: Target): void => {
  if (attribute.name === 'VendorAttribute') anyValue.compile(target).write(writer, tag, attribute.value)
  else attributeCodec(attribute.name, target).write(writer, tag, attribute.value)
}

const writeAttribute1 = (writer: Writer, tag: number, attribute: Attribute, target: Target): void => {
  const start = writer.begin(tag)
  writer.text(TAG.AttributeName, labelOf(attribute))
  // Index 0 is the default and real clients expect it to be absent.
  if (attribute.index !== undefined && attribute.index > 0) writer.integer(TAG.AttributeIndex, attribute.index)
  writeValue(writer, TAG.AttributeValue, attribute, target)
  writer.end(start)
}

/** Attribute of 1.x (1.4 section 2.1.1). */
const attribute1: Kind<Attribute> = memoised({
  name: 'Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<Attribute> => ({
    read: (buffer, at) => readAttribute1(target, buffer, at),
    write: (writer, tag, attribute) => writeAttribute1(writer, tag, attribute, target),
    fits: (attribute) =>
      (attribute.name !== 'VendorAttribute' || isCustom(attribute.vendor)) && valueFits(attribute, target),
  }),
})

// 2.x: Attributes { <attribute tag>... , Attribute { Vendor Identification, Attribute Name, Attribute Value }... } -----

const vendorAttribute = struct('Attribute', {
  vendor: required(TAG.VendorIdentification, text),
  attributeName: required(TAG.AttributeName, text),
  value: required(TAG.AttributeValue, anyValue),
})

/** The attribute that a tag means to those who speak `target`. */
const legibleByTag = (tag: number, target: Target): AttributeName | undefined => {
  const name = attributeByTag(tag)
  if (name === undefined) return undefined
  const { renamed, since } = attributeRow(name)
  return isLegible(target, tag === renamed?.tag ? renamed : { since }) ? name : undefined
}

/** The kind of link that a tag is to those who speak `target`. */
const linkIn = (tag: number, target: Target): LinkType | undefined =>
  isLegible(target, LINKS_BY_KIND) ? linkTypeOf(tag) : undefined

const readAttribute2 = (target: Target, buffer: Buffer, at: number): Attribute => {
  const tag = tagAt(buffer, at)
  if (tag === TAG.Attribute) return { name: 'VendorAttribute', ...vendorAttribute.compile(target).read(buffer, at) }
  const linkType = linkIn(tag, target)
  if (linkType !== undefined) {
    const linkedObjectIdentifier = objectReference.compile(target).read(buffer, at)
    return { name: 'Link', value: { linkType, linkedObjectIdentifier } }
  }
  const standard = legibleByTag(tag, target)
  if (standard === undefined) throw new SchemaError('unknown-tag', 'Attributes', at)
  return attributeCodec(standard, target).read(buffer, at, undefined)
}

const hasLinksByKind = (target: Target): boolean => target !== 'storage' && inRange(target, LINKS_BY_KIND)

/** Link as the attribute that its kind is: a kind that only its vendor knows has none. */
const writeLink = (writer: Writer, { value: { linkType, linkedObjectIdentifier: linked } }: Link): void => {
  if (typeof linkType === 'string' && linked.by === 'id')
    writer.textAs(ITEM_TYPE.Reference, LINK_TAGS[linkType], linked.id)
}

const tagIn = (name: AttributeName, target: Target): number => {
  const { tag, renamed } = attributeRow(name)
  return renamed !== undefined && target !== 'storage' && inRange(target, renamed) ? renamed.tag : tag
}

const writeAttribute2 = (writer: Writer, attribute: Attribute, target: Target): void => {
  if (!valueFits(attribute, target)) return
  if (attribute.name === 'VendorAttribute') vendorAttribute.compile(target).write(writer, TAG.Attribute, attribute)
  else if (attribute.name === 'Link' && hasLinksByKind(target)) writeLink(writer, attribute)
  else writeValue(writer, tagIn(attribute.name, target), attribute, target)
}

/** Attributes of 2.x and its relatives (2.1 sections 5.1 to 5.4): a structure of any attributes. */
const attributes2: Kind<readonly Attribute[]> = memoised({
  name: 'Attributes',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<readonly Attribute[]> => ({
    read: (buffer, from) => {
      if (typeAt(buffer, from) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', 'Attributes', from)
      const end = from + HEADER_LENGTH + lengthAt(buffer, from)
      const attributes: Attribute[] = []
      for (let at = from + HEADER_LENGTH; at < end; at = nextItem(buffer, at))
        attributes.push(readAttribute2(target, buffer, at))
      return attributes
    },
    write: (writer, tag, attributes) => {
      const start = writer.begin(tag)
      for (const attribute of attributes) writeAttribute2(writer, attribute, target)
      writer.end(start)
    },
  }),
})

/** New Attribute and Current Attribute of 2.x (2.1 sections 5.6 and 5.7): a structure of exactly one attribute. */
const singleAttribute2: Kind<Attribute> = memoised({
  name: 'Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<Attribute> => ({
    read: (buffer, at) => {
      const [only, ...more] = attributes2.compile(target).read(buffer, at)
      if (only === undefined) throw new SchemaError('missing-field', 'Attribute', at)
      if (more.length > 0) throw new SchemaError('repeated-field', 'Attribute', at)
      return only
    },
    write: (writer, tag, attribute) => attributes2.compile(target).write(writer, tag, [attribute]),
  }),
})

// References ----------------------------------------------------------------------------------------------------------

/** The attribute that an Attribute Name of 1.x means. */
export const readLabel = (label: string, target: Target): AttributeRef => {
  const standard = legibleByLabel(label, target)
  if (standard !== undefined) return { name: standard }
  const custom = customName(label)
  return custom === undefined ? { name: 'Unknown', label } : { name: 'VendorAttribute', ...custom }
}

type StandardRef = Extract<AttributeRef, { readonly name: AttributeName }>

const refInRange = (ref: AttributeRef, target: Target): boolean =>
  ref.name === 'Unknown' ? false : ref.name === 'VendorAttribute' || inRange(target, attributeRow(ref.name))

/** Attribute Name of 1.x. */
const attributeName1: Kind<AttributeRef> = memoised({
  name: 'Attribute Name',
  itemTypes: [ITEM_TYPE.TextString],
  compile: (target): Codec<AttributeRef> => ({
    read: (buffer, at) => {
      if (typeAt(buffer, at) !== ITEM_TYPE.TextString) throw new SchemaError('wrong-type', 'Attribute Name', at)
      return readLabel(readText(buffer, at), target)
    },
    write: (writer, tag, ref) => {
      if (ref.name === 'Unknown') writer.text(tag, ref.label)
      else if (ref.name === 'VendorAttribute') writer.text(tag, `${ref.vendor}-${ref.attributeName}`)
      else writer.text(tag, attributeRow(ref.name).label)
    },
    fits: (ref) => refInRange(ref, target) && (ref.name !== 'VendorAttribute' || isCustom(ref.vendor)),
  }),
})

const vendorReference = struct('Attribute Reference', {
  vendor: required(TAG.VendorIdentification, text),
  attributeName: required(TAG.AttributeName, text),
})

const readReference = (target: Target, buffer: Buffer, at: number): AttributeRef => {
  const type = typeAt(buffer, at)
  if (type === ITEM_TYPE.Structure)
    return { name: 'VendorAttribute', ...vendorReference.compile(target).read(buffer, at) }
  if (type !== ITEM_TYPE.Enumeration) throw new SchemaError('wrong-type', 'Attribute Reference', at)
  const code = readUnsigned(buffer, at)
  const linkType = linkIn(code, target)
  if (linkType !== undefined) return { name: 'Link', linkType }
  const standard = legibleByTag(code, target)
  return standard === undefined ? { name: 'Unknown', label: `tag ${code.toString(16)}` } : { name: standard }
}

const referredTag = ({ name: referred, linkType }: StandardRef, target: Target): number =>
  linkType !== undefined && hasLinksByKind(target) ? LINK_TAGS[linkType] : tagIn(referred, target)

/** Attribute Reference of 2.x (2.1 section 5.5): the tag, or vendor and name. */
const attributeReference2: Kind<AttributeRef> = memoised({
  name: 'Attribute Reference',
  itemTypes: [ITEM_TYPE.Enumeration, ITEM_TYPE.Structure],
  compile: (target): Codec<AttributeRef> => ({
    read: (buffer, at) => readReference(target, buffer, at),
    write: (writer, tag, ref) => {
      if (ref.name === 'VendorAttribute') vendorReference.compile(target).write(writer, tag, ref)
      else if (ref.name !== 'Unknown') writer.enumeration(tag, referredTag(ref, target))
    },
    fits: (ref) => refInRange(ref, target),
  }),
})

// Fields of payloads --------------------------------------------------------------------------------------------------

/** Template-Attribute of 1.x: names of templates, and attributes (1.4 section 2.1.8). */
const templateAttribute = struct('Template-Attribute', {
  templates: repeated(TAG.Name, name),
  attributes: repeated(TAG.Attribute, attribute1),
})

/** The attributes that a request gives, with the templates it names (1.x only). */
export type AttributeList = Infer<typeof templateAttribute.fields>

const attributeListOf2: Kind<AttributeList> = memoised({
  name: 'Attributes',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<AttributeList> => {
    const codec = attributes2.compile(target)
    return {
      read: (buffer, at) => ({ templates: [], attributes: codec.read(buffer, at) }),
      write: (writer, tag, { attributes }) => codec.write(writer, tag, attributes),
    }
  },
})

const LIST_TAGS = {
  plain: [TAG.TemplateAttribute, TAG.Attributes],
  common: [TAG.CommonTemplateAttribute, TAG.CommonAttributes],
  private: [TAG.PrivateKeyTemplateAttribute, TAG.PrivateKeyAttributes],
  public: [TAG.PublicKeyTemplateAttribute, TAG.PublicKeyAttributes],
} as const

export type ListRole = keyof typeof LIST_TAGS

/** Attributes given in a request: Template-Attribute in 1.x, Attributes in 2.x, with their Common, Private and Public kin. */
export const attributeList = <P extends 'required' | 'optional'>(
  presence: P,
  role: ListRole = 'plain',
): Field<AttributeList, P> =>
  inForms<AttributeList, P>(
    presence,
    { tag: LIST_TAGS[role][0], kind: templateAttribute, until: '1.4' },
    { tag: LIST_TAGS[role][1], kind: attributeListOf2, since: '2.0' },
  )

const templateAttributes: Kind<readonly Attribute[]> = memoised({
  name: 'Template-Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<readonly Attribute[]> => {
    const codec = templateAttribute.compile(target)
    return {
      read: (buffer, at) => codec.read(buffer, at).attributes,
      write: (writer, tag, attributes) => codec.write(writer, tag, { templates: [], attributes }),
    }
  },
})

/**
 * Attributes without a wrapper: Attribute, repeated, in 1.x; one Attributes structure in 2.x, `always` there or only
 * when filled. Some devices wrap them in a Template-Attribute where 1.x has them bare: that is read, too.
 */
export const attributesBare = (when: 'always' | 'when-filled' = 'when-filled'): Field<Attribute, 'repeated'> =>
  inForms<Attribute, 'repeated'>(
    'repeated',
    { tag: TAG.Attribute, kind: attribute1, until: '1.4' },
    spread<Attribute>(TAG.TemplateAttribute, templateAttributes, 'when-filled', { until: '1.4', readOnly: true }),
    spread<Attribute>(TAG.Attributes, attributes2, when, { since: '2.0' }),
  )

/**
 * A list of references, one item each. Kinds of Link are one attribute or several, as the version has it: where they are
 * one, it is written once.
 */
const listOf = (kind: Kind<AttributeRef>): Kind<readonly AttributeRef[]> =>
  memoised({
    name: kind.name,
    itemTypes: kind.itemTypes,
    compile: (target): Codec<readonly AttributeRef[]> => {
      const codec = kind.compile(target)
      const byKind = hasLinksByKind(target)
      return {
        read: (buffer, at) => [codec.read(buffer, at)],
        write: (writer, tag, refs) => {
          const firstLink = refs.findIndex(isKindOfLink)
          for (const [index, ref] of refs.entries()) {
            const repeats = !byKind && isKindOfLink(ref) && index > firstLink
            if (!repeats && codec.fits?.(ref) !== false) codec.write(writer, tag, ref)
          }
        },
      }
    },
  })

const isKindOfLink = (ref: AttributeRef): boolean => ref.name === 'Link' && ref.linkType !== undefined

/** Attribute names: Attribute Name in 1.x, Attribute Reference in 2.x. */
export const attributeRefs = (): Field<AttributeRef, 'repeated'> =>
  inForms<AttributeRef, 'repeated'>(
    'repeated',
    spread<AttributeRef>(TAG.AttributeName, listOf(attributeName1), 'when-filled', { until: '1.4' }),
    spread<AttributeRef>(TAG.AttributeReference, listOf(attributeReference2), 'when-filled', { since: '2.0' }),
  )

/** The attribute that Add, Set and Modify bring. */
export const newAttribute = (): Field<Attribute, 'required'> =>
  inForms<Attribute, 'required'>(
    'required',
    { tag: TAG.Attribute, kind: attribute1, until: '1.4' },
    { tag: TAG.NewAttribute, kind: singleAttribute2, since: '2.0' },
  )

/** 1.x names the instance to modify by its index, and means the first one where it names none (1.4 section 4.15). */
const indexed1: Kind<Attribute> = memoised({
  ...attribute1,
  compile: (target): Codec<Attribute> => {
    const codec = attribute1.compile(target)
    return {
      ...codec,
      read: (buffer, at) => {
        const attribute = codec.read(buffer, at)
        return { ...attribute, index: attribute.index ?? 0 }
      },
    }
  },
})

/** The attribute that Modify brings: with its index in 1.x, without one in 2.x. */
export const modifiedAttribute = (): Field<Attribute, 'required'> =>
  inForms<Attribute, 'required'>(
    'required',
    { tag: TAG.Attribute, kind: indexed1, until: '1.4' },
    { tag: TAG.NewAttribute, kind: singleAttribute2, since: '2.0' },
  )

/** The instance that Modify and Delete mean, by its value (2.0 and later). */
export const currentAttribute = (): Field<Attribute, 'optional'> =>
  optional(TAG.CurrentAttribute, singleAttribute2, { since: '2.0' })

/** The attribute that Adjust means, by its name in either form. */
export const attributeRef = <P extends 'required' | 'optional'>(presence: P): Field<AttributeRef, P> =>
  inForms<AttributeRef, P>(
    presence,
    { tag: TAG.AttributeName, kind: attributeName1, until: '1.4' },
    { tag: TAG.AttributeReference, kind: attributeReference2, since: '2.0' },
  )

/** The attribute of which Delete means one instance, by its name (1.x). */
export const attributeName = (): Field<AttributeRef, 'optional'> =>
  optional(TAG.AttributeName, attributeName1, { until: '1.4' })

/** The attribute of which Delete means all instances, by its reference (2.0 and later). */
export const attributeReference = (): Field<AttributeRef, 'optional'> =>
  optional(TAG.AttributeReference, attributeReference2, { since: '2.0' })

/** The instance that Delete means, by its index (1.x). */
export const attributeIndex = (): Field<number, 'optional'> => optional(TAG.AttributeIndex, integer, { until: '1.4' })

/** The attribute as it is after the change, which 1.x answers with and 2.x does not. */
export const echoAttribute = (): Field<Attribute, 'optional'> => optional(TAG.Attribute, attribute1, { until: '1.4' })

/** Template-Attribute in the answers of Create and its relatives: what the server set on its own (1.x). */
export const answeredAttributes = (role: ListRole = 'plain'): Field<AttributeList, 'optional'> =>
  optional(LIST_TAGS[role][0], templateAttribute, { until: '1.4' })

// Changes that Notify tells of -----------------------------------------------------------------------------------------

/** What has become of an attribute: the value it has now, or that the instance is gone. */
export type NotifiedChange =
  { readonly attribute: Attribute } | { readonly gone: AttributeRef; readonly index: number | undefined }

/** The name and index of an Attribute without a value: it was deleted. Undefined where there is a value. */
const readGone = (target: Target, buffer: Buffer, from: number): NotifiedChange | undefined => {
  if (typeAt(buffer, from) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', 'Attribute', from)
  const { gone, index, value } = goneAttribute.compile(target).read(buffer, from)
  return value === undefined ? { gone, index } : undefined
}

const goneAttribute = struct('Attribute', {
  gone: required(TAG.AttributeName, attributeName1),
  index: optional(TAG.AttributeIndex, integer),
  value: optional(TAG.AttributeValue, anyValue),
})

/** Attribute of 1.x in a Notify: without a value where the instance was deleted (1.4 section 5.1). */
const notified1: Kind<NotifiedChange> = memoised({
  name: 'Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<NotifiedChange> => {
    const whole = attribute1.compile(target)
    return {
      read: (buffer, at) => readGone(target, buffer, at) ?? { attribute: whole.read(buffer, at) },
      write: (writer, tag, change) => {
        if ('gone' in change) goneAttribute.compile(target).write(writer, tag, change)
        else whole.write(writer, tag, change.attribute)
      },
      fits: (change) =>
        'gone' in change
          ? (attributeName1.compile(target).fits?.(change.gone) ?? true)
          : (whole.fits?.(change.attribute) ?? true),
    }
  },
})

/** Attributes of 2.x in a Notify: those with a value; what was deleted stands beside them (2.1 section 6.2.2). */
const notified2: Kind<readonly NotifiedChange[]> = memoised({
  name: 'Attributes',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<readonly NotifiedChange[]> => {
    const codec = attributes2.compile(target)
    return {
      read: (buffer, at) => codec.read(buffer, at).map((attribute) => ({ attribute })),
      write: (writer, tag, changes) =>
        codec.write(
          writer,
          tag,
          changes.flatMap((change) => ('gone' in change ? [] : [change.attribute])),
        ),
    }
  },
})

/** The attributes that have changed; in 1.x with those that were deleted. */
export const notifiedChanges = (): Field<NotifiedChange, 'repeated'> =>
  inForms<NotifiedChange, 'repeated'>(
    'repeated',
    { tag: TAG.Attribute, kind: notified1, until: '1.4' },
    spread<NotifiedChange>(TAG.Attributes, notified2, 'when-filled', { since: '2.0' }),
  )

/** The attributes of which no instance is left (2.0 and later). */
export const deletedAttributes = (): Field<AttributeRef, 'repeated'> =>
  inForms<AttributeRef, 'repeated'>(
    'repeated',
    spread<AttributeRef>(TAG.AttributeReference, listOf(attributeReference2), 'when-filled', { since: '2.0' }),
  )

// Filters of Locate ---------------------------------------------------------------------------------------------------

/**
 * One filter of Locate: an attribute and a value of any form, since a structure may be given with some of its fields
 * (1.4 section 4.9, 2.1 section 6.1.28). An Attribute Index is ignored there.
 */
export type AttributeFilter = { readonly ref: AttributeRef; readonly value: AnyValue }

const filter1: Kind<AttributeFilter> = memoised({
  name: 'Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target): Codec<AttributeFilter> => ({
    read: (buffer, at) => {
      if (typeAt(buffer, at) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', 'Attribute', at)
      const { label, value } = readNamed(buffer, at)
      return { ref: readLabel(label, target), value: anyValue.compile(target).read(buffer, value) }
    },
    write: (writer, tag, { ref, value }) => {
      const start = writer.begin(tag)
      attributeName1.compile(target).write(writer, TAG.AttributeName, ref)
      anyValue.compile(target).write(writer, TAG.AttributeValue, value)
      writer.end(start)
    },
  }),
})

const readFilter2 = (target: Target, buffer: Buffer, at: number): AttributeFilter => {
  const tag = tagAt(buffer, at)
  if (tag === TAG.Attribute) {
    const { vendor, attributeName, value } = vendorAttribute.compile(target).read(buffer, at)
    return { ref: { name: 'VendorAttribute', vendor, attributeName }, value }
  }
  const linkType = linkIn(tag, target)
  if (linkType !== undefined) return { ref: { name: 'Link' }, value: linkFilter(linkType, readText(buffer, at)) }
  const standard = legibleByTag(tag, target)
  if (standard === undefined) throw new SchemaError('unknown-tag', 'Attributes', at)
  const value = anyValue.compile(target).read(buffer, at)
  const field = isLegible(target, { since: DRAFT_VERSION }) ? PLAIN_TEXTS.get(standard) : undefined
  if (field === undefined || value.type !== 'TextString') return { ref: { name: standard }, value }
  return { ref: { name: standard }, value: structureOf((to) => to.text(field, value.value)) }
}

/** Attributes that are a plain text in 3.0, and the field of their structure that it is elsewhere. */
const PLAIN_TEXTS: ReadonlyMap<AttributeName, number> = new Map([
  ['Name', TAG.NameValue],
  ['RotateName', TAG.RotateNameValue],
])

const structureOf = (write: (writer: Writer) => void): AnyValue => {
  const writer = new Writer()
  write(writer)
  return { type: 'Structure', value: Buffer.from(writer.bytes()) }
}

const linkFilter = (linkType: LinkType, id: string): AnyValue =>
  structureOf((to) => {
    to.enumeration(TAG.LinkType, LINK_TYPE.codesIn('storage')[linkType])
    to.text(TAG.LinkedObjectIdentifier, id)
  })

const writeFilter2 = (writer: Writer, { ref, value }: AttributeFilter, target: Target): void => {
  if (ref.name === 'VendorAttribute') vendorAttribute.compile(target).write(writer, TAG.Attribute, { ...ref, value })
  else if (ref.name !== 'Unknown') anyValue.compile(target).write(writer, attributeRow(ref.name).tag, value)
}

const filterList = (
  title: string,
  read: (target: Target, buffer: Buffer, at: number) => AttributeFilter,
): Kind<readonly AttributeFilter[]> =>
  memoised({
    name: title,
    itemTypes: [ITEM_TYPE.Structure],
    compile: (target): Codec<readonly AttributeFilter[]> => ({
      read: (buffer, from) => {
        if (typeAt(buffer, from) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', title, from)
        const end = from + HEADER_LENGTH + lengthAt(buffer, from)
        const filters: AttributeFilter[] = []
        for (let at = from + HEADER_LENGTH; at < end; at = nextItem(buffer, at)) filters.push(read(target, buffer, at))
        return filters
      },
      write: (writer, tag, filters) => {
        const start = writer.begin(tag)
        for (const filter of filters) writeFilter2(writer, filter, target)
        writer.end(start)
      },
    }),
  })

const filters2 = filterList('Attributes', readFilter2)
const templateFilters = filterList('Template-Attribute', (target, buffer, at) => {
  if (tagAt(buffer, at) !== TAG.Attribute) throw new SchemaError('unknown-tag', 'Template-Attribute', at)
  return filter1.compile(target).read(buffer, at)
})

/** The filters of Locate, bare or wrapped in a Template-Attribute in 1.x, in one Attributes structure in 2.x. */
export const attributeFilters = (): Field<AttributeFilter, 'repeated'> =>
  inForms<AttributeFilter, 'repeated'>(
    'repeated',
    { tag: TAG.Attribute, kind: filter1, until: '1.4' },
    spread<AttributeFilter>(TAG.TemplateAttribute, templateFilters, 'when-filled', { until: '1.4', readOnly: true }),
    spread<AttributeFilter>(TAG.Attributes, filters2, 'always', { since: '2.0' }),
  )

// Storage -------------------------------------------------------------------------------------------------------------

const storedVendorName = struct('Stored Attribute Name', {
  vendor: required(TAG.VendorIdentification, text),
  attributeName: required(TAG.AttributeName, text),
})

/**
 * An attribute as the database keeps it: Attribute { name or { vendor, name }, index, value }, in the newest form of
 * every value. Only we read it.
 */
export const storedAttribute: Kind<Attribute> = memoised({
  name: 'Stored Attribute',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (): Codec<Attribute> => ({
    read: (buffer, from) => {
      const nameAt = from + HEADER_LENGTH
      const indexAt = nextItem(buffer, nameAt)
      const index = integer.compile('storage').read(buffer, indexAt)
      const valueAt = nextItem(buffer, indexAt)
      if (typeAt(buffer, nameAt) === ITEM_TYPE.Structure) {
        const names = storedVendorName.compile('storage').read(buffer, nameAt)
        return { name: 'VendorAttribute', ...names, index, value: anyValue.compile('storage').read(buffer, valueAt) }
      }
      const standard = attributeByTag(readUnsigned(buffer, nameAt))
      if (standard === undefined) throw new SchemaError('unknown-attribute', 'stored attribute', nameAt)
      return attributeCodec(standard, 'storage').read(buffer, valueAt, index)
    },
    write: (writer, tag, attribute) => {
      const start = writer.begin(tag)
      if (attribute.name === 'VendorAttribute')
        storedVendorName.compile('storage').write(writer, TAG.AttributeReference, attribute)
      else writer.enumeration(TAG.AttributeReference, attributeRow(attribute.name).tag)
      writer.integer(TAG.AttributeIndex, attribute.index ?? 0)
      writeValue(writer, TAG.AttributeValue, attribute, 'storage')
      writer.end(start)
    },
  }),
})

/** The names of attributes for a message to people. */
export const attributeLabel = (name: AttributeName): string => attributeRow(name).label
