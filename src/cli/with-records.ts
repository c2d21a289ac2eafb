import type { Config } from '../config/schema.ts'
import type { Client } from '../domain/principal.ts'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import type { NewRecord, ServerRecord } from '../domain/records.ts'
import type { OpenBeside, Program } from './program.ts'
import { checkSetUp } from './with-clients.ts'

/** Opens the database beside a server that may be running, uses it, and closes it whatever happens. */
export const withRecords = async <T>(
  program: Program,
  config: Config,
  use: (open: OpenBeside) => Promise<T>,
): Promise<T> => {
  await checkSetUp(config)
  const open = await program.openBeside(config)
  try {
    return await use(open)
  } finally {
    await open.close()
  }
}

/** @throws Error where there is no such client, or it is revoked */
export const clientNamed = async ({ directory }: OpenBeside, name: string): Promise<Client> => {
  const client = (await directory.list()).find((candidate) => candidate.name === name)
  if (client === undefined) throw new Error(`there is no client ${name}`)
  if (client.revokedAt !== undefined) throw new Error(`client ${name} is revoked`)
  return client
}

/** Writes a record in the place of the one before, if any. */
export const writeRecord = async (
  { objects }: OpenBeside,
  record: NewRecord,
  before: ServerRecord | undefined,
  now: number,
): Promise<void> =>
  objects.commit({
    changes: [],
    audit: [],
    records: [
      {
        kind: 'put',
        record: {
          ...record,
          tenant: DEFAULT_TENANT,
          version: (before?.version ?? 0) + 1,
          createdAt: before?.createdAt ?? now,
        },
      },
    ],
  })
