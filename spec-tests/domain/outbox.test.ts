import { test } from 'tap'
import { withInstance, withoutAll, withValue } from '../../src/domain/attribute-set.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import { type Message, messageOf, messagesFor, type ObjectChange, outboxRecord } from '../../src/domain/outbox.ts'
import { parseAddress, type Subscription, subscriptionOf, subscriptionRecord } from '../../src/domain/subscription.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { NOW, objectWith } from '../helpers/objects.ts'

const stored = { tenant: 'default', version: 1, createdAt: NOW }

const SUBSCRIPTION: Subscription = {
  client: 'alice',
  address: { host: '::1', port: 5696 },
  fingerprint: 'ab'.repeat(32),
  version: '1.4',
  changes: true,
  ownChanges: false,
  replacements: true,
  groups: ['disks', 'tapes'],
  wrapping: {
    wrappingMethod: 'Encrypt',
    encryptionKeyInformation: { uniqueIdentifier: 'kek', cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' } },
    attributeName: [],
  },
}

const bare: Subscription = {
  ...SUBSCRIPTION,
  address: undefined,
  fingerprint: undefined,
  version: undefined,
  wrapping: undefined,
  groups: [],
}

const VENDOR = { name: 'VendorAttribute', vendor: 'x', attributeName: 'a' } as const

const MESSAGES: readonly Message[] = [
  { operation: 'Put', object: 'id', putFunction: 'Replace', replaced: 'old' },
  { operation: 'Put', object: 'id', putFunction: 'New', replaced: undefined },
  {
    operation: 'Notify',
    object: 'id',
    changed: [{ name: 'State' }, VENDOR],
    gone: [{ ref: { name: 'Name' }, index: 2 }],
  },
  { operation: 'Notify', object: 'id', changed: [], gone: [{ ref: VENDOR, index: 0 }] },
]

void test('1.4 §5 / 2.1 §6.2: subscriptions and messages come back from the database as they were', (t) => {
  for (const subscription of [SUBSCRIPTION, bare]) {
    t.match(subscriptionOf({ ...subscriptionRecord(subscription), ...stored }), subscription)
  }
  for (const message of MESSAGES) {
    t.match(messageOf({ ...outboxRecord('alice', 'm', message, NOW), ...stored }), message)
  }
  t.end()
})

void test('2.1 §6.2: addresses are a host and a port, and nothing else', (t) => {
  t.same(parseAddress('array.example:5696'), { host: 'array.example', port: 5696 })
  t.same(parseAddress('[::1]:1'), { host: '::1', port: 1 })
  for (const wrong of ['', 'host', ':1', 'host:0', 'host:65536', '::1:5', 'a b:1', 'http://host:1', 'host:1/x']) {
    t.equal(parseAddress(wrong), undefined, wrong)
  }
  t.end()
})

const object = objectWith([{ name: 'CryptographicUsageMask', value: 12 }])

const changed = (change: (before: ManagedObject) => ManagedObject, more: Partial<ObjectChange> = {}): ObjectChange => ({
  before: object,
  after: change(object),
  by: 'admin',
  now: NOW,
  ...more,
})

const adding =
  (...attributes: readonly Attribute[]) =>
  (before: ManagedObject): ManagedObject => ({
    ...before,
    attributes: attributes.reduce(withInstance, before.attributes),
  })

const comment: Attribute = { name: 'Comment', value: 'a comment' }

void test('1.4 §5.1 / 2.1 §6.2.2: a client is told what others change of its objects', (t) => {
  t.match(messagesFor(SUBSCRIPTION, changed(adding(comment))), [
    { operation: 'Notify', changed: [{ name: 'Comment' }] },
  ])
  const activated = changed(adding({ name: 'ActivationDate', value: NOW - 1 }))
  t.match(messagesFor(SUBSCRIPTION, activated), [{ changed: [{ name: 'ActivationDate' }, { name: 'State' }] }])
  const less = changed((before) => ({
    ...before,
    attributes: withoutAll(before.attributes, { name: 'CryptographicUsageMask' }),
  }))
  t.match(messagesFor(SUBSCRIPTION, less), [
    { changed: [], gone: [{ ref: { name: 'CryptographicUsageMask' }, index: 0 }] },
  ])
  const touched = changed((before) => ({
    ...before,
    attributes: withValue(before.attributes, { name: 'LastChangeDate', value: NOW + 5 }),
  }))
  t.same(messagesFor(SUBSCRIPTION, touched), [], 'a Last Change Date says nothing by itself')
  t.same(messagesFor(SUBSCRIPTION, changed(adding(comment), { by: 'alice' })), [], 'it knows what it did')
  t.equal(messagesFor({ ...SUBSCRIPTION, ownChanges: true }, changed(adding(comment), { by: 'alice' })).length, 1)
  t.same(messagesFor({ ...SUBSCRIPTION, client: 'bob' }, changed(adding(comment))), [], 'of nobody else')
  t.end()
})

void test('1.4 §5.2 / 2.1 §6.2.3: objects of a group are pushed, and replacements', (t) => {
  const grouped = adding({ name: 'ObjectGroup', value: 'disks' })
  const made = changed(grouped, { before: undefined })
  const bob = { ...SUBSCRIPTION, client: 'bob' }
  t.match(messagesFor(bob, made), [{ operation: 'Put', putFunction: 'New' }], 'whoever owns it')
  t.match(messagesFor(bob, changed(grouped)), [{ operation: 'Put' }], 'when it comes into the group')
  t.same(
    messagesFor(bob, { ...changed(adding(comment)), before: grouped(object), after: adding(comment)(grouped(object)) }),
    [],
  )
  t.same(messagesFor(bob, { ...made, after: { ...made.after, key: undefined } }), [], 'not without material')
  const link: Attribute = {
    name: 'Link',
    value: { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: { by: 'id', id: 'old' } },
  }
  const replacement = changed(adding(link), { before: undefined })
  const replacing = { operation: 'Put', putFunction: 'Replace', replaced: undefined }
  t.match(messagesFor(SUBSCRIPTION, replacement), [replacing], 'what it replaces is found out when it is sent')
  t.same(messagesFor(SUBSCRIPTION, { ...replacement, by: 'alice' }), [], 'it has asked for it itself')
  t.end()
})
