import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.ts'
import { OPERATIONS } from '../operations/registry.generated.ts'

const programVersion = async (): Promise<string> => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const isPackage = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return isPackage && typeof parsed.version === 'string' ? parsed.version : 'unknown'
}

/** Interop is for tests: a server in production has it switched off (2.1 section 6.1.26). */
const operationsOf = ({ interop }: Config) =>
  interop ? OPERATIONS : OPERATIONS.filter(({ name }) => name !== 'Interop')

/** What the server tells its clients that it has. */
export const offerOf = async (config: Config) => ({
  operations: operationsOf(config),
  serverVersion: await programVersion(),
  speaksText: config.https.port !== undefined,
  draft: config.protocol.draft,
})
