import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { configReference } from '../src/config/reference.ts'
import type { Operation } from '../src/operations/define-operation.ts'
import { RESULT_REASON } from '../src/protocol/enumerations.ts'
import { reasonFor } from '../src/protocol/reasons.ts'
import { VERSIONS } from '../src/schema/version.ts'
import { algorithmSection } from './algorithms.ts'
import { proofOf } from './proofs.ts'
import { productDocuments } from './products.ts'
import { table } from './table.ts'

/*
 * Writes what follows from the sources: the list of operations, and the documents that would drift if people kept them.
 * With --check it writes nothing and fails where a file is not what it would write.
 */

const root = join(import.meta.dirname, '..')
const operationsFolder = join(root, 'src/operations')

/** Files of the folder that are no operation. */
const HELPERS: ReadonlySet<string> = new Set(['define-operation.ts', 'fields.ts', 'registry.generated.ts'])

const NOTICE = 'Made by `npm run gen`: do not edit.'

const camelCase = (file: string): string =>
  file.replace(/\.ts$/, '').replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const definesOperation = (file: string): boolean =>
  readFileSync(join(operationsFolder, file), 'utf8').includes('defineOperation({')

const operationFiles = readdirSync(operationsFolder)
  .filter((file) => file.endsWith('.ts') && !HELPERS.has(file) && definesOperation(file))
  .sort()

const registry = (): string => {
  const imports = operationFiles.map((file) => `import { ${camelCase(file)} } from './${file}'`)
  const names = operationFiles.map((file) => `  ${camelCase(file)},`)
  return `// ${NOTICE}
import type { Operation } from './define-operation.ts'
${imports.join('\n')}

/** Every operation of this server. */
export const OPERATIONS: readonly Operation[] = [
${names.join('\n')}
]
`
}

const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && 'perform' in value

const loadOperations = async (): Promise<readonly Operation[]> => {
  const modules = await Promise.all(
    operationFiles.map((file) => import(join(operationsFolder, file)) as Promise<Record<string, unknown>>),
  )
  return modules.flatMap((module) => Object.values(module).filter(isOperation)).sort((a, b) => a.code - b.code)
}

const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0').toUpperCase()}`

const operationsDocument = (operations: readonly Operation[]): string => `<!-- ${NOTICE} -->

# Operations

What this server answers. A request may use an operation under any version in its header; the answer has the fields that
the version defines. The sections are those of the texts; the test is the file under \`spec-tests\` with
most titles about it.

${table(
  ['Operation', 'Code', 'Since', 'KMIP 1.4', 'KMIP 2.1', 'Test'],
  operations.map(({ name, code, since, spec }) => [
    name,
    hex(code),
    since,
    spec['1.4'] ?? '',
    spec['2.1'] ?? `draft of 3.0, ${spec['3.0']}`,
    proofOf(name, spec['2.1'] ?? spec['3.0']),
  ]),
)}

${algorithmSection()}`

const errorsDocument = (): string => `<!-- ${NOTICE} -->

# Result reasons

What a client is told when an operation fails, and what clients of older versions are told instead. Some operations have
another word in 1.x; the messages are fixed texts.

${table(
  ['Reason', 'Code', ...VERSIONS],
  RESULT_REASON.names.map((name) => [
    name,
    hex(RESULT_REASON.code[name]),
    ...VERSIONS.map((version) => (reasonFor(name, version) === name ? 'yes' : reasonFor(name, version))),
  ]),
)}
`

const files = async (): Promise<ReadonlyMap<string, string>> => {
  const operations = await loadOperations()
  const texts = [
    ['src/operations/registry.generated.ts', registry()],
    ['docs/operations.md', operationsDocument(operations)],
    ['docs/errors.md', errorsDocument()],
    ['docs/config.md', configReference()],
    ...productDocuments(NOTICE),
  ] as const
  return new Map(await Promise.all(texts.map(async ([path, text]) => [path, await formatted(path, text)] as const)))
}

const formatted = async (path: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(join(root, path))), filepath: path })

const differs = (path: string, text: string): boolean => {
  const file = join(root, path)
  return !existsSync(file) || readFileSync(file, 'utf8') !== text
}

const stale = [...(await files())].filter(([path, text]) => differs(path, text))
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not up to date: run npm run gen`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [path, text] of stale) {
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}
