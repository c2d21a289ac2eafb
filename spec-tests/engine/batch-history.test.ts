import { test } from 'tap'
import type { Item } from '../helpers/harness.ts'
import { attributesOf, idIn, named, openServer, refusal } from '../helpers/calls.ts'

const { client } = await openServer()

const create = (name: string): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: 128 },
      named(name),
    ),
  },
})

const lookAt = (uniqueIdentifier: object): Item => ({ operation: 'GetAttributeList', request: { uniqueIdentifier } })

void test('2.1 §3.1 and §11.58: what a failed item would have made counts for no later item', async (t) => {
  const items = [
    create('taken'),
    create('taken'),
    lookAt({ by: 'result', of: 'Create' }),
    lookAt({ by: 'position', position: 0 }),
    // One of Create and two of the looks before.
    lookAt({ by: 'position', position: 3 }),
  ]
  const [made, failed, ...looks] = await client.batch('2.1', items, { option: 'Continue' })
  t.ok(made !== undefined && failed !== undefined)
  if (made === undefined || failed === undefined) return
  t.equal(refusal(failed), 'NonUniqueNameAttribute')
  t.same(looks.map(refusal), ['Success', 'Success', 'ObjectNotFound'])
  const id = idIn(made.payload)
  t.same(
    looks.slice(0, 2).map(({ payload }) => idIn(payload)),
    [id, id],
  )
})
