import { test } from 'tap'
import { createObjectCache } from '../../src/engine/objects/object-cache.ts'
import { objectWith } from '../helpers/objects.ts'

/* Objects that were read are kept in memory: not too many, and none for another tenant. */

void test('object cache: tenants may choose the same identifier, and never get the object of another', (t) => {
  const cache = createObjectCache(10)
  const ours = { ...objectWith(), id: 'same', tenant: 'ours' }
  const theirs = { ...objectWith(), id: 'same', tenant: 'theirs' }
  cache.set(ours)
  t.equal(cache.get('ours', 'same'), ours)
  t.equal(cache.get('theirs', 'same'), undefined)
  cache.delete('theirs', 'same')
  t.equal(cache.get('ours', 'same'), ours)
  cache.set(theirs)
  t.equal(cache.get('ours', 'same'), undefined)
  t.equal(cache.get('theirs', 'same'), theirs)
  cache.delete('theirs', 'same')
  t.equal(cache.get('theirs', 'same'), undefined)
  t.end()
})

void test('object cache: what is used stays, however many others come by', (t) => {
  const cache = createObjectCache(10)
  const used = { ...objectWith(), id: 'used' }
  const others = Array.from({ length: 100 }, (_, index) => ({ ...objectWith(), id: `other ${index}` }))
  cache.set(used)
  for (const other of others) {
    cache.set(other)
    t.equal(cache.get(used.tenant, 'used'), used)
  }
  t.ok(others.filter(({ tenant, id }) => cache.get(tenant, id) !== undefined).length <= 10)
  t.end()
})
