import { valueOf } from '../domain/attribute-set.ts'
import { withDefaults } from '../domain/defaults.ts'
import { derivedFrom, derivedSpec, keptAttributes, withDerived } from '../domain/derived-key.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { Derivation, HeldKey } from '../domain/key-store.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import { UNSPECIFIED } from '../domain/random-generator.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { type AttributeList, attributeList } from '../protocol/attribute-wire.ts'
import { DERIVATION_METHOD, type DerivationMethod, OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type DerivationParameters, derivationParameters } from '../protocol/structures/derivation-parameters.ts'
import { objectReference, type ObjectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { repeated, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

/** Objects of one derivation: two are enough for every method. */
const MOST_SOURCES = 8

/** Every source is named; the ID Placeholder stands for none (1.4 section 4.6, 2.1 section 6.1.14). */
const idsOf = ({ batch }: OperationContext, references: readonly ObjectReference[]): readonly string[] => {
  if (references.length === 0) throw new KmipError('InvalidMessage', 'The Unique Identifier is missing')
  const ids = references.map((reference) => batch.resolve(reference))
  if (ids.length <= MOST_SOURCES && new Set(ids).size === ids.length) return ids
  throw new KmipError('InvalidField', 'An object is named twice, or there are too many of them')
}

const sourcesOf = (
  { objects }: Pick<OperationContext, 'objects'>,
  [id, ...more]: readonly string[],
  found: readonly ManagedObject[] = [],
): MaybePromise<readonly ManagedObject[]> =>
  id === undefined ? found : then(objects.get(id), (object) => sourcesOf({ objects }, more, [...found, object]))

type Wanted = {
  readonly objectType: ObjectType
  readonly method: DerivationMethod
  readonly parameters: DerivationParameters
  readonly given: readonly Attribute[]
}

/**
 * Cryptographic Parameters of the request, or else those of the first source with the lowest Attribute Index. 1.4 section
 * 4.6 has the mode looked for among those of the key, but its own published case derives from a key that has none
 * (TC-DERIVEKEY-1-10), and 2.1 section 7.12 has dropped it.
 */
const derivationOf = ({ method, parameters }: Wanted, [source]: readonly ManagedObject[]): Derivation => ({
  method,
  parameters: parameters.cryptographicParameters ?? valueOf(source?.attributes ?? [], 'CryptographicParameters') ?? {},
  iv: parameters.initializationVector,
  data: parameters.derivationData,
  salt: parameters.salt,
  iterationCount: parameters.iterationCount,
})

/** The keys of all sources; of one that came wrapped, together with what unwraps it. */
const heldKeys = (
  context: OperationContext,
  [source, ...more]: readonly ManagedObject[],
  held: readonly HeldKey[] = [],
): MaybePromise<readonly HeldKey[]> =>
  source === undefined
    ? held
    : then(keyToUse(context, source, 'DeriveKey'), (key) => heldKeys(context, more, [...held, key]))

const derive = (
  context: OperationContext,
  sources: readonly ManagedObject[],
  held: readonly HeldKey[],
  wanted: Wanted,
) => {
  const { objects, keys, ids, batch, now } = context
  const spec = derivedSpec(wanted.objectType, wanted.given)
  const wish = { objectType: spec.objectType, given: keptAttributes(spec, wanted.given), generator: UNSPECIFIED }
  acceptedWish(wish)
  const id = ids.next()
  const used = sources.map((source) => withDerived(source, id, spec.length, now))
  return then(keys.derive(id, held, derivationOf(wanted, sources), spec), (deposit) => {
    for (const source of used) objects.update(source)
    objects.insert(newObject({ ...wish, context, id, deposit, own: derivedFrom(sources) }))
    batch.produced(id)
    return { uniqueIdentifier: id }
  })
}

const wantedAttributes = (context: OperationContext, objectType: ObjectType, list: AttributeList) =>
  then(givenAttributes(context, list), (spelled) => withDefaults(context, objectType, spelled, 'made'))

/** Derive Key: a new symmetric key or Secret Data out of keys that are there (1.4 section 4.6, 2.1 section 6.1.14). */
export const deriveKey = defineOperation({
  name: 'DeriveKey',
  spec: { '1.4': '4.6', '2.1': '6.1.14' },
  request: {
    objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    uniqueIdentifiers: repeated(TAG.UniqueIdentifier, objectReference),
    derivationMethod: required(TAG.DerivationMethod, enumOf(DERIVATION_METHOD)),
    derivationParameters: required(TAG.DerivationParameters, derivationParameters),
    attributes: attributeList('required'),
  },
  response: { uniqueIdentifier },
  handle: (context, request) =>
    then(sourcesOf(context, idsOf(context, request.uniqueIdentifiers)), (sources) =>
      then(wantedAttributes(context, request.objectType, request.attributes), (given) => {
        const { objectType, derivationMethod: method, derivationParameters: parameters } = request
        return then(heldKeys(context, sources), (held) =>
          derive(context, sources, held, { objectType, method, parameters, given }),
        )
      }),
    ),
})
