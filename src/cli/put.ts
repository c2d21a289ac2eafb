import { Command } from 'commander'
import { outboxRecord } from '../domain/outbox.ts'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { OpenBeside } from './program.ts'
import { clientNamed, withRecords, writeRecord } from './with-records.ts'

type Options = Readonly<Record<string, unknown>> & { readonly to: string; readonly replaces?: string }

const checkObject = async ({ objects }: OpenBeside, id: string): Promise<void> => {
  const row = await objects.read(DEFAULT_TENANT, id)
  if (row === undefined) throw new Error(`there is no object ${id}`)
  if (row.material === undefined) throw new Error(`object ${id} has no material`)
}

const put = async (id: string, options: Options, context: CliContext): Promise<void> => {
  const config = configFrom(options, context)
  const program = await context.loadProgram()
  await withRecords(program, config, async (open) => {
    const client = await clientNamed(open, options.to)
    await checkObject(open, id)
    const now = program.clock.now()
    const { replaces: replaced } = options
    const putFunction = replaced === undefined ? 'New' : 'Replace'
    const message = { operation: 'Put', object: id, putFunction, replaced } as const
    await writeRecord(open, outboxRecord(client.id, program.ids.next(), message, now), undefined, now)
  })
  context.io.out(`${id} will be put to ${options.to}`)
}

/** `kmipd put`: pushes an object to a client, once the client can be reached (1.4 section 5.2, 2.1 section 6.2.3). */
export const putCommand = (context: CliContext): Command =>
  withConfig(new Command('put'))
    .description('push an object to a client, now or as soon as it can be reached')
    .argument('<object>', 'Unique Identifier')
    .requiredOption('--to <client>', 'name of the client')
    .option('--replaces <object>', 'Unique Identifier of the object that it takes the place of')
    .action((id: string, options: Options) => put(id, options, context))
