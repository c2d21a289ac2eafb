import fc from 'fast-check'
import { test } from 'tap'
import { access } from '../../src/access/authorize.ts'
import { DEFAULT_TENANT, type Principal, type Role } from '../../src/domain/principal.ts'
import { permitFor, type TicketRight } from '../../src/domain/tickets.ts'
import { OPERATION, type Operation } from '../../src/protocol/enumerations.ts'
import { objectWith, reasonOf } from '../helpers/objects.ts'

const principal = (id: string, role: Role, tenant = DEFAULT_TENANT): Principal => ({
  id,
  name: id,
  tenant,
  role,
  groups: [],
})

void test('access: who may use an object, for every operation of the standard', (t) => {
  const object = { tenant: DEFAULT_TENANT, owner: 'alice' }
  const cases: readonly (readonly [string, Principal, boolean])[] = [
    ['the owner', principal('alice', 'client'), true],
    ['a stranger', principal('bob', 'client'), false],
    ['an administrator', principal('root', 'admin'), true],
    ['a namesake of the owner in another tenant', principal('alice', 'client', 'other'), false],
    ['an administrator of another tenant', principal('root', 'admin', 'other'), false],
  ]
  for (const [title, who, allowed] of cases) {
    const answers = OPERATION.names.map((operation) => access.mayUse(who, operation, object))
    t.ok(
      answers.every((answer) => answer === allowed),
      `${title}: ${allowed ? 'all' : 'none'} of ${answers.length} operations`,
    )
  }
  t.end()
})

void test('2.1 §6.1.52, §6.1.53: an administrator sets the rules for everybody, and makes users; all else every role may ask for', (t) => {
  const refused = (role: Role): readonly Operation[] =>
    OPERATION.names.filter((operation) => !access.mayPerform(principal('alice', role), operation))
  t.same(refused('admin'), [])
  t.same(refused('client'), ['SetDefaults', 'SetConstraints', 'CreateGroup', 'CreateUser', 'CreateCredential'])
  t.end()
})

void test('1.4 §4.9 / 2.1 §6.1.28: Locate sees exactly what may be used', (t) => {
  const name = fc.constantFrom('alice', 'bob', 'root')
  const role = fc.constantFrom<Role>('admin', 'client')
  fc.assert(
    fc.property(name, role, name, (id, itsRole, owner) => {
      const who = principal(id, itsRole)
      const searched = access.searchedOwner(who)
      const seen = searched === undefined || searched === owner
      return seen === access.mayUse(who, 'Get', { tenant: who.tenant, owner })
    }),
    { interruptAfterTimeLimit: 1000 },
  )
  t.end()
})

void test('1.4 §3.18, §11.1: a stranger is told of an object only where its owner has named the policy', (t) => {
  const opaque = objectWith()
  const named = objectWith([{ name: 'OperationPolicyName', value: 'default' }])
  t.equal(access.refusalOf(opaque).reason, 'ObjectNotFound')
  t.equal(access.refusalOf(named).reason, 'PermissionDenied')
  t.end()
})

void test('2.1 §6.1.12: a ticket allows an operation that one of its rights names, and no other', (t) => {
  const alice = principal('alice', 'client')
  const withRights = (...rights: readonly TicketRight[]): Principal => ({
    ...alice,
    ticket: { id: 't', rights, isMetered: false },
  })
  for (const operation of OPERATION.names) {
    t.equal(permitFor(alice, operation), undefined, `${operation}: no ticket`)
    t.ok(permitFor(withRights({ operations: [operation] }), operation), operation)
    const others = OPERATION.names.filter((other) => other !== operation)
    t.equal(
      reasonOf(() => permitFor(withRights({ operations: others }), operation)),
      'NotAuthorised',
      operation,
    )
    const permit = permitFor(withRights({ operations: [operation], objects: ['x'] }), operation)
    t.equal(
      reasonOf(() => permit?.admit(objectWith())),
      'NotAuthorised',
      `${operation}: another object`,
    )
  }
  t.end()
})
