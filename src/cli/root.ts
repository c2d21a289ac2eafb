import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import {
  isUnderWay,
  type ReadKeyRotation,
  readKeyRotation,
  type RootPlace,
  type KeyRotation,
  wishedKeyRotation,
  writeKeyRotation,
} from '../domain/key-rotation.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { OpenKeyRotation, Program } from './program.ts'
import { table } from './table.ts'
import { checkSetUp } from './with-clients.ts'
import { withPin } from './with-pin.ts'

export type RotateOptions = Readonly<Record<string, unknown>> & { readonly keepRoot?: boolean; readonly wait?: boolean }

const withRotation = async <T>(
  options: RotateOptions,
  context: CliContext,
  use: (open: OpenKeyRotation, program: Program) => Promise<T>,
): Promise<T> => {
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const open = await program.openKeyRotation(await withPin(config, context.io))
  try {
    return await use(open, program)
  } finally {
    await open.close()
  }
}

/** Of the objects that were there at the beginning. */
const percent = ({ stage, position, of }: KeyRotation): string =>
  stage > 0 || of === 0 ? '' : `, ${Math.min(100, Math.floor((100 * position) / of))} %`

const STAGES = ['objects', 'records', 'users'] as const

const ended = ({ resealed, left, storeKey }: KeyRotation): string => {
  const sealed = `${resealed} sealed again under store key ${storeKey}`
  if (left === 0) return `done: ${sealed}; older store keys are destroyed`
  return `done, but ${left} could not be opened: ${sealed}; older store keys are kept for what is left`
}

/** How far a rotation is, in one line. */
export const progressOf = (rotation: KeyRotation): string => {
  switch (rotation.phase) {
    case 'wished':
      return 'asked for: a server that runs, or the next one that starts, does it'
    case 'published':
      return `store key ${rotation.storeKey} is made, and every server gets to know it`
    case 'sealing':
      return `under way: ${rotation.resealed} sealed again, now ${STAGES[rotation.stage] ?? 'the last look'}${percent(rotation)}`
    case 'done':
      return ended(rotation)
    case 'failed':
      return `failed, nothing was changed: ${rotation.reason}`
  }
}

/** Milliseconds between two looks while waiting. */
const LOOK = 250

const untilDone = async (open: OpenKeyRotation, { io }: CliContext): Promise<void> => {
  let shown = ''
  for (;;) {
    const latest = await readKeyRotation(open.settings)
    const line = latest === undefined ? '' : progressOf(latest.rotation)
    if (line !== shown) io.out(line)
    shown = line
    if (latest?.rotation.phase === 'failed') throw new Error('the keys were not changed')
    if (latest === undefined || !isUnderWay(latest.rotation)) return
    await setTimeout(LOOK)
  }
}

const checkFree = (latest: ReadKeyRotation | undefined): void => {
  if (latest !== undefined && isUnderWay(latest.rotation))
    throw new Error('keys are being changed already; kmipd root status tells how far it is')
}

/** Asks for another root key, where the configuration says that it is to be, and another store key. */
export const rotate = (options: RotateOptions, context: CliContext): Promise<void> =>
  withRotation(options, context, async (open, { clock, ids }) => {
    const latest = await readKeyRotation(open.settings)
    checkFree(latest)
    const roots = options.keepRoot === true ? [] : await open.roots.prepare()
    if (roots.length > 0) context.io.out(`everything goes under the root key ${roots.join(', ')}`)
    const written = await writeKeyRotation(open.settings, latest, wishedKeyRotation(ids.next(), clock.now(), roots))
    if (written === undefined) throw new Error('somebody else is changing the keys')
    if (options.wait === true) await untilDone(open, context)
    else context.io.out(`${progressOf(written.rotation)}; kmipd root status tells how far it is`)
  })

type Facts = Awaited<ReturnType<OpenKeyRotation['storeKeys']>>

const numbersUnder = (keys: Facts, id: string): string => {
  const numbers = keys.filter(({ roots }) => roots.includes(id)).map(({ number }) => number)
  return numbers.length === 0 ? 'nothing is under it' : `store keys ${numbers.join(', ')}`
}

const rootRows = (keys: Facts, files: readonly RootPlace[]) => {
  const elsewhere = [...new Set(keys.flatMap(({ roots }) => roots))].filter((id) =>
    files.every((file) => file.id !== id),
  )
  const places = [...files, ...elsewhere.map((id) => ({ id, path: 'not in a file here' }))]
  return places.map(({ id, path }) => [id, path, numbersUnder(keys, id)])
}

const STATES: ReadonlyMap<string, string> = new Map([
  ['seals', 'seals everything new'],
  ['opens', 'opens what it has sealed'],
  ['published', 'seals next'],
])

const status = (options: RotateOptions, context: CliContext): Promise<void> =>
  withRotation(options, context, async (open) => {
    const { io } = context
    const keys = (await open.storeKeys()).filter(({ state }) => state !== 'destroyed')
    for (const line of table([['ROOT KEY', 'WHERE', 'OPENS'], ...rootRows(keys, await open.roots.list())])) io.out(line)
    io.out('')
    const rows = keys.map(({ number, state, roots }) => [String(number), STATES.get(state) ?? state, roots.join(', ')])
    for (const line of table([['STORE KEY', 'WHAT IT DOES', 'ROOT KEYS'], ...rows])) io.out(line)
    const latest = await readKeyRotation(open.settings)
    if (latest !== undefined) io.out(`\nlatest change: ${progressOf(latest.rotation)}`)
  })

/** `kmipd root`: the keys that everything is sealed under. */
export const rootCommand = (context: CliContext): Command =>
  new Command('root')
    .description('change the keys that everything is sealed under')
    .addCommand(
      withConfig(new Command('rotate'))
        .description('make a new root key and a new store key, and seal everything again, while clients are served')
        .option('--keep-root', 'make a new store key only')
        .option('--wait', 'come back when it is done')
        .action((options: RotateOptions) => rotate(options, context)),
    )
    .addCommand(
      withConfig(new Command('status'))
        .description('show root keys, store keys, and how far their latest change is')
        .action((options: RotateOptions) => status(options, context)),
    )
