import { test } from 'tap'
import { identifier } from '../../src/protocol/structures/unique-identifier.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { required, struct } from '../../src/schema/struct.ts'
import { ALL_VERSIONS, DRAFT_VERSION } from '../../src/schema/version.ts'
import { ITEM_TYPE, type ItemTypeName } from '../../src/ttlv/item-type.ts'
import { item, ITEM_TYPE_NAMES, structure } from '../helpers/ttlv.ts'

const named = struct('Named', { id: required(TAG.UniqueIdentifier, identifier) })

/** The types that carry an identifier; no other type is read as if it were one of them. */
const TYPES: readonly ItemTypeName[] = ['TextString']
const DRAFT_TYPES: readonly ItemTypeName[] = ['TextString', 'Identifier', 'Reference']

for (const version of ALL_VERSIONS) {
  void test(`1.4 §3.1 / 2.1 §4.68: ${version}: a Unique Identifier in a structure is of its own types only`, (t) => {
    const codec = named.compile(version)
    const types = version === DRAFT_VERSION ? DRAFT_TYPES : TYPES
    for (const type of ITEM_TYPE_NAMES) {
      const bytes = structure(TAG.RequestPayload, item(TAG.UniqueIdentifier, ITEM_TYPE[type], Buffer.from('12345678')))
      if (types.includes(type)) t.same(codec.read(bytes, 0), { id: '12345678' }, type)
      else t.throws(() => codec.read(bytes, 0), { name: 'SchemaError', problem: 'wrong-type' }, type)
    }
    t.end()
  })
}
