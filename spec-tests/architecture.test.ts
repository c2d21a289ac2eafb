import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { test } from 'tap'

/*
 * The rooms of src/ and the doors between them. A room that is not listed may import nothing of ours: a new one has to
 * be put on the plan first. A door may lead to a single file.
 */

const SRC = resolve(import.meta.dirname, '../src')

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  ttlv: [],
  schema: ['ttlv'],
  protocol: ['schema', 'ttlv'],
  // The same messages in text: names come from the tables of the protocol.
  encodings: ['protocol', 'schema', 'ttlv'],
  domain: ['protocol', 'schema', 'ttlv'],
  operations: ['protocol', 'schema', 'ttlv', 'domain'],
  access: ['domain', 'protocol', 'observe/log.ts'],
  store: ['domain', 'protocol'],
  // What is sealed is TTLV, so that one form serves every Object Type.
  keystore: ['domain', 'protocol', 'schema', 'ttlv', 'observe/log.ts'],
  // The log is handed in; what is imported is its interface.
  engine: ['operations', 'protocol', 'schema', 'ttlv', 'domain', 'access', 'observe/log.ts'],
  net: ['ttlv', 'encodings', 'domain/maybe-promise.ts', 'engine', 'observe/log.ts'],
  pki: [],
  observe: [],
  config: [],
  cli: ['config', 'pki', 'domain', 'protocol', 'ttlv', 'schema', 'encodings'],
  'system.ts': ['domain'],
  'compose.ts': ['*'],
  // Chooses, too: as much of it as had no room there.
  compose: ['*'],
  'main.ts': ['cli', 'compose.ts'],
}

/** Modules from outside, and the places that may use them. */
const OUTSIDE: readonly (readonly [module: RegExp, places: RegExp])[] = [
  [
    /^node:crypto$/,
    /^(keystore\/(software|pkcs11)|access|pki)\/|^cli\/|^engine\/objects\/search-values\.ts$|^(system|compose)\.ts$/,
  ],
  [/^(kysely|better-sqlite3|pg)(\/|$)/, /^store\//],
  [/^saxes$/, /^encodings\//],
  [/^pkcs11js$/, /^keystore\/pkcs11\//],
  [/^node:(net|tls|http|https)$/, /^(net|pki|cli)\/|^compose\.ts$/],
]

/** Where node:crypto is used for anything but keys, and what of it. */
const NO_KEYS: readonly (readonly [places: RegExp, names: readonly string[], why: string])[] = [
  [/^cli\//, ['X509Certificate'], 'reads certificates'],
  [
    /^keystore\/pkcs11\//,
    ['createHmac', 'hash', 'hkdfSync', 'randomBytes', 'randomInt', 'scrypt', 'timingSafeEqual'],
    'keys are in the module: nonces, MACs of what it cannot authenticate, and digests of PINs',
  ],
  [/^engine\/objects\/search-values\.ts$/, ['hash'], 'a search key that is too long is a SHA-256 of itself'],
  [/^system\.ts$/, ['hash', 'randomFillSync'], 'the random part of identifiers, and their short form'],
  [/^compose\.ts$/, ['randomBytes'], 'the keys of TLS session tickets, which the listener is given'],
]

/** Words that no file may hold, except in the places named. */
const WORDS: readonly (readonly [name: string, word: RegExp, places?: RegExp])[] = [
  ['the time of day', /\bDate\.now\(|\bnew Date\(\)/, /^system\.ts$/],
  ['a random identifier', /\brandomUUID\(|\bMath\.random\(/, /^system\.ts$/],
  ['a default export', /^export default\b/m],
  ['a TypeScript enum', /^\s*(export )?(const |declare )*enum \w/m],
  ['any', /[:<|&]\s*any\s*[;,)>\]|&=]|\bany\[\]|\bas any\b/],
  ['a note to do something later', /\b(TODO|FIXME|XXX|HACK)\b/],
  // Versions live in the ranges of fields, forms and values: nobody else asks which one it is.
  [
    'a test for a version',
    /\b[vV]ersion\w*\s*([<>]=?|[!=]==?)\s*['"]\d|\binRange\([^()]*\{\s*(since|until):\s*['"]\d|\bDRAFT_VERSION\b/,
    /^(schema|protocol)\//,
  ],
  ['a disabled rule', /eslint-disable|@ts-(ignore|nocheck|expect-error)|(c8|istanbul|v8) ignore/],
]

const MAX_LINES = 300
/** Tables are data: they may be as long as the specification is. */
const TABLES = /^protocol\/|\.generated\.ts$/

type Source = { readonly path: string; readonly text: string }

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(resolve(SRC, path), 'utf8') }))

const importsOf = (text: string): readonly string[] =>
  [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"\n]*(?:\n[^'"]*?)?from\s+'([^']+)'|\bimport\(?\s*'([^']+)'/g),
  ].map(([, from, bare]) => from ?? bare ?? '')

const roomOf = (path: string): string => path.split('/')[0] ?? ''

const targetOf = ({ path }: Source, specifier: string): string =>
  relative(SRC, resolve(SRC, path, '..', specifier)).replaceAll('\\', '/')

const mayEnter = (from: string, target: string): boolean =>
  from === roomOf(target) ||
  (ROOMS[from] ?? []).some((door) => door === '*' || door === target || door === roomOf(target))

void test('the imports of src are read', (t) => {
  const text =
    "import a from 'a'\nimport {\n  b,\n  c,\n} from './b.ts'\nexport * from 'c'\nimport 'd'\nconst e = await import('e')\n"
  t.same(importsOf(text), ['a', './b.ts', 'c', 'd', 'e'])
  t.ok(sources.length > 50)
  const own = sources.flatMap(({ text }) => importsOf(text)).filter((specifier) => specifier.startsWith('.'))
  const mentioned = sources.flatMap(({ text }) => [
    ...text.matchAll(/^(?:import|export|\}) .*from '\.[^']*'|\bimport\(?'\./gm),
  ])
  t.equal(own.length, mentioned.length, 'every one of them')
  t.end()
})

void test('every import goes through a door of the plan', (t) => {
  for (const source of sources) {
    for (const specifier of importsOf(source.text).filter((name) => name.startsWith('.'))) {
      if (source.path.startsWith('cli/') && specifier.endsWith('/package.json')) continue
      const target = targetOf(source, specifier)
      t.ok(mayEnter(roomOf(source.path), target), `${source.path} imports ${target}`)
      t.match(specifier, /\.ts$/, 'with its extension')
    }
  }
  t.end()
})

void test('modules from outside stay where they belong', (t) => {
  for (const { path, text } of sources) {
    for (const specifier of importsOf(text).filter((name) => !name.startsWith('.'))) {
      const rule = OUTSIDE.find(([module]) => module.test(specifier))
      if (rule !== undefined) t.match(path, rule[1], `${path} imports ${specifier}`)
    }
  }
  t.end()
})

void test('node:crypto handles keys in keystore/software, access and pki only', (t) => {
  for (const { path, text } of sources) {
    const names = NO_KEYS.find(([places]) => places.test(path))?.[1]
    if (names === undefined) continue
    for (const [, imported = ''] of text.matchAll(/import (?:type )?\{([^}]*)\} from 'node:crypto'/g)) {
      const used = imported.split(',').map((name) => name.replace(/^\s*type\s/, '').trim())
      t.same(
        used.filter((name) => !names.includes(name)),
        [],
        path,
      )
    }
    t.notMatch(text, /import \* as \w+ from 'node:crypto'/, path)
  }
  t.end()
})

for (const [name, word, places] of WORDS) {
  void test(`no file of src holds ${name}`, (t) => {
    const found = sources.filter(({ path, text }) => word.test(text) && places?.test(path) !== true)
    t.same(
      found.map(({ path }) => path),
      [],
    )
    t.end()
  })
}

void test('files are short enough to be read', (t) => {
  for (const { path, text } of sources.filter((source) => !TABLES.test(source.path))) {
    t.ok(text.split('\n').length <= MAX_LINES, `${path}: ${text.split('\n').length} lines`)
  }
  t.end()
})
