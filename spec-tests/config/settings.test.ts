import { check } from 'prettier'
import { test } from 'tap'
import { configReference } from '../../src/config/reference.ts'
import { CONFIG_FILE, SETTINGS } from '../../src/config/settings.ts'

void test('configuration: no two settings share a key, a variable or a flag', (t) => {
  for (const name of ['key', 'variable', 'flag'] as const) {
    const names = SETTINGS.map((setting) => setting[name])
    t.equal(new Set(names).size, names.length, name)
  }
  t.notOk(SETTINGS.some(({ variable }) => variable === CONFIG_FILE.variable))
  t.end()
})

void test('configuration: names follow from the place in the schema', (t) => {
  t.match(
    SETTINGS.find(({ key }) => key === 'limits.connections-per-address'),
    {
      path: ['limits', 'connectionsPerAddress'],
      variable: 'KMIPD_LIMITS_CONNECTIONS_PER_ADDRESS',
      flag: '--limits-connections-per-address',
      kind: 'number',
    },
  )
  t.end()
})

void test('docs/config.md: names every setting with its variable, and offers no flag for a secret', async (t) => {
  const reference = configReference()
  for (const { key, variable, flag, secret, description } of SETTINGS) {
    t.ok(description.length > 0, `${key} is described`)
    t.ok(reference.includes(`### \`${key}\``), key)
    t.ok(reference.includes(`\`${variable}\``), variable)
    t.equal(reference.includes(`\`${flag}\``), secret !== 'value', flag)
  }
  t.ok(await check(reference, { parser: 'markdown', printWidth: 120 }), 'formatted as prettier does')
})
