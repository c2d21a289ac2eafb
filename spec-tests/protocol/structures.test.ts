import { test } from 'tap'
import * as attributeValues from '../../src/protocol/structures/attribute-values.ts'
import * as credentials from '../../src/protocol/structures/credential.ts'
import * as parameters from '../../src/protocol/structures/cryptographic-parameters.ts'
import * as keyBlocks from '../../src/protocol/structures/key-block.ts'
import * as keyWrapping from '../../src/protocol/structures/key-wrapping.ts'
import * as managedObjects from '../../src/protocol/structures/managed-objects.ts'
import * as message from '../../src/protocol/message.ts'
import { TAGS } from '../../src/protocol/tags.ts'
import type { Field, Fields } from '../../src/schema/struct.ts'
import { ALL_VERSIONS, inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import { structureFacts, type StructureField } from '../helpers/facts.ts'
import { camelCase } from '../helpers/names.ts'
import { structuresIn } from '../helpers/structures.ts'

const STRUCTURES = structuresIn(
  attributeValues,
  credentials,
  parameters,
  keyBlocks,
  keyWrapping,
  managedObjects,
  message,
)

/** One structure here for several of the standard, told apart by another field: they share its order. */
const COMBINED = new Set(['Key Material', 'Credential Value'])

type Deviation = { readonly as?: StructureField | null; readonly why: string }

/** Fields whose tag is spelt in another way. */
const SPELLING: Readonly<Record<string, string>> = { Timestamp: 'TimeStamp' }

/** By title and field; `as` is what holds instead, `null` that the field is left out on purpose. */
const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'Application Specific Information > Application Data': {
    as: ['Application Data', 'no'],
    why: 'required up to 1.2 and optional later; a client of any version may leave it to the server',
  },
  'Key Block > Key Value': {
    as: ['Key Value', 'no'],
    why: 'required in 1.0 and 1.1; since 1.2 the value may be kept elsewhere (1.4 §2.1.3)',
  },
  'Usage Limits > Usage Limits Count': {
    as: ['Usage Limits Count', 'sometimes'],
    why: 'set by the server only (1.4 §3.21)',
  },
  'X.509 Certificate Subject > Subject Alternative Name': {
    as: ['Subject Alternative Name', 'no', 'repeated'],
    why: 'required only where the Distinguished Name is empty',
  },
  'Authentication > Credential': {
    as: ['Credential', 'no', 'repeated'],
    why: 'may be repeated since 1.1 (1.4 §6.6); a list that is empty is refused by whoever authenticates',
  },
  'Request Message > Batch Item': { as: ['Batch Item', 'no', 'repeated'], why: 'Batch Count says how many' },
  'Response Message > Batch Item': { as: ['Batch Item', 'no', 'repeated'], why: 'Batch Count says how many' },
  'Template > Attribute': { as: ['Attribute', 'no', 'repeated'], why: 'a list is never absent, only empty' },
  'Request Batch Item > Message Extension': {
    as: ['Message Extension', 'no', 'repeated'],
    why: '2.x says that it may be repeated, 1.x does not say that it may not',
  },
  'Response Batch Item > Message Extension': { as: null, why: 'this server never sends one' },
}

const writable = (field: Field<unknown>, version: Version) =>
  field.forms.filter((form) => form.readOnly !== true && inRange(version, form))

type Shape = readonly [tag: string, presence: string]

const shapeOf = (fields: Fields, version: Version): readonly Shape[] =>
  Object.values(fields).flatMap((field): readonly Shape[] => {
    const [form] = writable(field, version)
    if (form === undefined) return []
    const presence = form.spread === undefined ? field.presence : 'optional'
    return [[TAGS.nameOf(form.tag) ?? '', presence]]
  })

const expectedShape = (title: string, listed: readonly StructureField[]): readonly Shape[] =>
  listed.flatMap((field): readonly Shape[] => {
    const deviation = DEVIATIONS[`${title} > ${field[0]}`]
    if (deviation?.as === null) return []
    const [name, required, repeated] = deviation?.as ?? field
    return [[camelCase(name), repeated ?? (required === 'yes' ? 'required' : 'optional')]]
  })

/** Whether the names of `part` stand in `whole` in the same order. */
const inOrder = (part: readonly string[], whole: readonly string[]): boolean => {
  let from = 0
  return part.every((name) => {
    const at = whole.indexOf(name, from)
    from = at + 1
    return at >= 0
  })
}

for (const { exported, kind, fields } of STRUCTURES.filter((structure) => !COMBINED.has(structure.kind.name))) {
  const versions = VERSIONS.filter((version) => structureFacts.structures[version][kind.name] !== undefined)
  void test(`1.4 §2, §3, §6, §7 / 2.1 §2 to §9: fields of ${kind.name} (${exported})`, (t) => {
    t.not(versions.length, 0, 'some version has it')
    for (const version of versions) {
      const listed = structureFacts.structures[version][kind.name] ?? []
      t.same(shapeOf(fields, version), expectedShape(kind.name, listed), version)
    }
    t.end()
  })
}

for (const { kind, fields } of STRUCTURES.filter((structure) => COMBINED.has(structure.kind.name))) {
  void test(`1.4 §2.1 / 2.1 §3 and §9.11: ${kind.name} keeps the order of every structure it stands for`, (t) => {
    for (const version of VERSIONS) {
      const own = shapeOf(fields, version).map(([name]) => name)
      const seen = new Set<string>()
      for (const [title, listed] of Object.entries(structureFacts.structures[version])) {
        if (!title.startsWith(`${kind.name}: `)) continue
        const names = listed.map(([name]) => SPELLING[name] ?? camelCase(name))
        for (const name of names) seen.add(name)
        t.ok(inOrder(names, own), `${version} ${title}: ${names.join(', ')} in ${own.join(', ')}`)
      }
      t.same([...seen].sort(), [...own].sort(), `${version} has nothing else`)
    }
    t.end()
  })
}

void test('every deviation is still one', (t) => {
  for (const [place, { as }] of Object.entries(DEVIATIONS)) {
    const [title = '', name = ''] = place.split(' > ')
    const listed = VERSIONS.flatMap((version) =>
      (structureFacts.structures[version][title] ?? []).filter(([field]) => field === name),
    )
    t.ok(
      listed.some((field) => JSON.stringify(field) !== JSON.stringify(as)),
      place,
    )
  }
  t.end()
})

void test('no field has two writable forms for one version, and every field has one somewhere', (t) => {
  for (const { exported, fields } of STRUCTURES) {
    for (const [name, field] of Object.entries(fields)) {
      const counts = ALL_VERSIONS.map((version) => writable(field, version).length)
      t.ok(
        counts.every((count) => count <= 1),
        `${exported}.${name}: ${counts.join(' ')}`,
      )
      t.ok(counts.includes(1), `${exported}.${name} can be written`)
    }
  }
  t.end()
})

void test('no structure has two fields that would read the same tag', (t) => {
  for (const { exported, fields } of STRUCTURES) {
    const tags = Object.values(fields).flatMap((field) => [...new Set(field.forms.map(({ tag }) => tag))])
    t.equal(new Set(tags).size, tags.length, exported)
  }
  t.end()
})
