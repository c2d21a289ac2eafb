import fc from 'fast-check'
import { test } from 'tap'
import { access } from '../../src/access/authorize.ts'
import { DEFAULT_TENANT, type Principal, type Role } from '../../src/domain/principal.ts'
import { OPERATION, type Operation } from '../../src/protocol/enumerations.ts'

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

void test('2.1 §6.1.52, §6.1.53: an administrator sets the rules for everybody; all else every role may ask for', (t) => {
  const refused = (role: Role): readonly Operation[] =>
    OPERATION.names.filter((operation) => !access.mayPerform(principal('alice', role), operation))
  t.same(refused('admin'), [])
  t.same(refused('client'), ['SetDefaults', 'SetConstraints'])
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
