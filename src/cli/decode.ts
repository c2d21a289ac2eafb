import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { EncodingError } from '../encodings/encoding-error.ts'
import { json } from '../encodings/json.ts'
import { plainText } from '../encodings/plain.ts'
import { blanked, secretsIn } from '../encodings/secrets.ts'
import { xml } from '../encodings/xml.ts'
import type { CliContext } from './context.ts'
import { type Found, INPUT_FORMS, type InputForm, MAX_INPUT, readMessages } from './decode-input.ts'
import type { Io } from './io.ts'
import { UsageError } from './usage-error.ts'

const OUTPUT_FORMS = ['text', 'xml', 'json', 'hex', 'base64', 'binary'] as const

type OutputForm = (typeof OUTPUT_FORMS)[number]

type Options = { readonly from?: InputForm; readonly to: OutputForm; readonly secrets?: true }

const INDENT = 2

/** Reads to the end, or to the limit. */
const collect = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > MAX_INPUT) throw new UsageError(`more than ${MAX_INPUT} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}

const readFileOrInput = async (file: string, { io, directory }: CliContext): Promise<Buffer> => {
  if (file === '-') return collect(io.input())
  try {
    const handle = await open(resolve(directory, file))
    return await collect(handle.createReadStream())
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${file} cannot be read`)
  }
}

const WRITE: { readonly [F in OutputForm]: (io: Io, message: Buffer, hidden: ReadonlySet<number>) => void } = {
  text: (io, message, hidden) => io.out(plainText(message, hidden)),
  xml: (io, message, hidden) => io.out(xml.fromTtlv(blanked(message, hidden), INDENT)),
  json: (io, message, hidden) => io.out(json.fromTtlv(blanked(message, hidden), INDENT)),
  hex: (io, message, hidden) => io.out(blanked(message, hidden).toString('hex')),
  base64: (io, message, hidden) => io.out(blanked(message, hidden).toString('base64')),
  binary: (io, message, hidden) => io.write(blanked(message, hidden)),
}

const NOTHING: ReadonlySet<number> = new Set()

/** Prints one message; returns how many values it has hidden, and what it could not print. */
const print = (io: Io, { message }: Found, { to, secrets }: Options): { hidden: number; problem?: string } => {
  if (message.length === 0) return { hidden: 0 }
  const hidden = secrets === true ? NOTHING : secretsIn(message)
  try {
    WRITE[to](io, message, hidden)
    return { hidden: hidden.size }
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error
    return { hidden: 0, problem: `${error.problem} at offset ${error.offset}, in ${error.path.join(' / ')}` }
  }
}

const decode = async (file: string, options: Options, context: CliContext): Promise<void> => {
  const { io } = context
  const found = readMessages(await readFileOrInput(file, context), options.from)
  let damaged = 0
  let hidden = 0
  for (const [index, item] of found.entries()) {
    if (index > 0 && options.to === 'text') io.out('')
    const printed = print(io, item, options)
    const problems = [...item.problems, ...(printed.problem === undefined ? [] : [printed.problem])]
    hidden += printed.hidden
    if (problems.length > 0) damaged += 1
    for (const problem of problems) io.err(`kmipd: message ${index + 1}: ${problem}`)
  }
  if (hidden > 0)
    io.err(`kmipd: ${hidden} secret ${hidden === 1 ? 'value is' : 'values are'} hidden; --secrets shows them`)
  if (damaged > 0)
    throw new Error(`${damaged} of ${found.length} ${found.length === 1 ? 'message' : 'messages'} damaged`)
}

/** `kmipd decode`: what a message says, in any form; needs no server. */
export const decodeCommand = (context: CliContext): Command =>
  new Command('decode')
    .description('turn KMIP messages from hex, base64, binary TTLV, JSON or XML into any of them, or into plain text')
    .addArgument(new Argument('[file]', 'where the messages are; - is what is piped in').default('-'))
    .addOption(new Option('--from <form>', 'what the input is; detected where it is not given').choices(INPUT_FORMS))
    .addOption(new Option('--to <form>', 'what to print').choices(OUTPUT_FORMS).default('text'))
    .option('--secrets', 'show key material, passwords and plain texts, too')
    .action((file: string, options: Options) => decode(file, options, context))
