import { alternative, oneOf, readingAs, writtenAs } from '../../schema/combinators.ts'
import { enumOf, identifierText, integer, referenceText, text } from '../../schema/primitives.ts'
import type { Kind } from '../../schema/kind.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { typeAt } from '../../ttlv/reader.ts'
import { UNIQUE_IDENTIFIER, type UniqueIdentifier } from '../enumerations.ts'

/**
 * How a request names an object: by its identifier, since 2.0 also by what an earlier item of the batch produced (an
 * enumeration) or by the n-th identifier of its response (an integer) (2.1 section 3.1 and 11.58).
 */
export type ObjectReference =
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'result'; readonly of: UniqueIdentifier }
  | { readonly by: 'position'; readonly position: number }

/** Either type of the draft that names an object by its identifier. */
const identifierOrReference: Kind<string> = {
  name: identifierText.name,
  itemTypes: [...identifierText.itemTypes, ...referenceText.itemTypes],
  compile: (target) => {
    const own = identifierText.compile(target)
    const other = referenceText.compile(target)
    return readingAs(own, (buffer, at) => (typeAt(buffer, at) === ITEM_TYPE.Reference ? other : own).read(buffer, at))
  },
}

/** The Unique Identifier of an object: a text, and an Identifier since 3.0 (section 4.68). */
export const identifier: Kind<string> = writtenAs(text, identifierOrReference, { since: '3.0' })

/** A kind whose values stand for others. */
export const mapped = <A, B>(kind: Kind<A>, to: (value: A) => B, from: (value: B) => A): Kind<B> => ({
  name: kind.name,
  itemTypes: kind.itemTypes,
  compile: (target) => {
    const codec = kind.compile(target)
    return {
      read: (buffer, at) => to(codec.read(buffer, at)),
      write: (writer, tag, value) => codec.write(writer, tag, from(value)),
    }
  },
})

type ById = Extract<ObjectReference, { by: 'id' }>
type ByResult = Extract<ObjectReference, { by: 'result' }>
type ByPosition = Extract<ObjectReference, { by: 'position' }>

const refers =
  <T extends ObjectReference>(by: T['by']) =>
  (value: unknown): value is T =>
    typeof value === 'object' && value !== null && 'by' in value && value.by === by

/** See {@link ObjectReference}. */
export const objectReference: Kind<ObjectReference> = oneOf<ObjectReference>('Unique Identifier', [
  alternative<ObjectReference, ById>(
    mapped(
      identifier,
      (id): ById => ({ by: 'id', id }),
      ({ id }) => id,
    ),
    refers<ById>('id'),
  ),
  alternative<ObjectReference, ByResult>(
    mapped(
      enumOf(UNIQUE_IDENTIFIER),
      (of): ByResult => ({ by: 'result', of }),
      ({ of }) => of,
    ),
    refers<ByResult>('result'),
    '2.0',
  ),
  alternative<ObjectReference, ByPosition>(
    mapped(
      integer,
      (position): ByPosition => ({ by: 'position', position }),
      ({ position }) => position,
    ),
    refers<ByPosition>('position'),
    '2.0',
  ),
])
