import { anyOf } from '../protocol/attribute-any.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import type { AttributeList } from '../protocol/attribute-wire.ts'
import { STORAGE_STATUS_MASK } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline, rulesOf } from './attribute-rules.ts'
import { checkRoom } from './attribute-values.ts'
import { attributeKey } from './attribute-views.ts'
import { equalValues } from './equal-values.ts'
import type { ManagedObject } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { BatchIdentifiers, OperationContext } from './operation-context.ts'

type Context = Pick<OperationContext, 'objects' | 'keys' | 'batch'>

/** `same` are the instances of the attribute that take precedence. */
const isCovered = (same: readonly Attribute[] | undefined, attribute: Attribute): boolean => {
  if (same === undefined) return false
  return !rulesOf(attribute).multiple || same.some(({ value }) => equalValues(value, attribute.value))
}

/**
 * Puts lists of attributes together, the one that takes precedence first: of attributes with one value the first list
 * wins, of those with several all values count, each once (1.4 sections 4 and 4.2).
 */
export const mergeLayers = (...layers: readonly (readonly Attribute[])[]): readonly Attribute[] => {
  const known = new Map<string, Attribute[]>()
  return layers.flatMap((layer) => {
    const added = layer.filter((attribute) => !isCovered(known.get(attributeKey(attribute)), attribute))
    for (const attribute of added) {
      const key = attributeKey(attribute)
      const same = known.get(key)
      if (same === undefined) known.set(key, [attribute])
      else same.push(attribute)
    }
    return added
  })
}

/**
 * Links point to Unique Identifiers: what a client says by reference to the batch is looked up at once.
 * @throws KmipError ObjectNotFound for a reference to nothing
 */
export const withLinkResolved = (attribute: Attribute, batch: BatchIdentifiers): Attribute => {
  if (attribute.name !== 'Link' || attribute.value.linkedObjectIdentifier.by === 'id') return attribute
  const id = batch.resolve(attribute.value.linkedObjectIdentifier)
  return { ...attribute, value: { ...attribute.value, linkedObjectIdentifier: { by: 'id', id } } }
}

type TemplateName = AttributeList['templates'][number]

const notFound = (): KmipError => new KmipError('ObjectNotFound', 'No Template of that Name')

const find = ({ objects }: Context, name: TemplateName): MaybePromise<ManagedObject> => {
  const query = {
    filters: [
      { ref: { name: 'Name' }, value: anyOf({ name: 'Name', value: name }) },
      { ref: { name: 'ObjectType' }, value: anyOf({ name: 'ObjectType', value: 'Template' }) },
    ],
    maximumItems: 1,
    offsetItems: undefined,
    storageStatusMask: STORAGE_STATUS_MASK.of('OnLineStorage', 'ArchivalStorage'),
    objectGroupMember: undefined,
  } as const
  return then(objects.locate(query), ({ ids: [id] }) => {
    if (id === undefined) throw notFound()
    return objects.get(id)
  })
}

/** What a Template holds for others; its own attributes, and a Name inside it, are its own affair (1.4 section 2.2.6). */
const contents = (context: Context, name: TemplateName): MaybePromise<readonly Attribute[]> =>
  then(find(context, name), (template) => {
    checkOnline(template)
    if (template.key === undefined) throw notFound()
    return then(context.keys.retrieve(template.key), (object) =>
      object.objectType === 'Template' ? object.value.attributes.filter(({ name: held }) => held !== 'Name') : [],
    )
  })

/** The last Template named comes first, as it takes precedence. */
const allContents = (
  context: Context,
  [name, ...rest]: readonly TemplateName[],
): MaybePromise<readonly (readonly Attribute[])[]> =>
  name === undefined
    ? []
    : then(contents(context, name), (layer) => then(allContents(context, rest), (layers) => [...layers, layer]))

/** The attributes that a request gives: those it spells out, then those of the Templates it names (1.4 section 4). */
export const givenAttributes = (
  context: Context,
  list: AttributeList = { templates: [], attributes: [] },
): MaybePromise<readonly Attribute[]> => {
  checkRoom(list.attributes)
  const spelled = list.attributes.map((attribute) => withLinkResolved(attribute, context.batch))
  if (list.templates.length === 0) return spelled
  checkRoom([...list.attributes, ...list.templates.map((value) => ({ name: 'Name', value }) as const)])
  return then(allContents(context, list.templates), (layers) => mergeLayers(spelled, ...layers))
}
