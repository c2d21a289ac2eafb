import { pino } from 'pino'
import type { DestinationStream } from 'pino'
import type { Log, LogFields, LogLevel } from './log.ts'
import { readableLine } from './readable-line.ts'
import { plainFields } from './serialize.ts'

export type LoggerOptions = {
  readonly level: LogLevel | 'silent'
  /** One readable line per event instead of one JSON object; by default where standard output is a terminal. */
  readonly readable?: boolean
  /** Takes finished lines, line feed included; standard output by default. */
  readonly write?: (line: string) => void
}

/** Lines waiting for a standard output that does not take them; past it they are dropped: a full pipe stops no key. */
const MAX_WAITING = 4 * 1_048_576

/** Written in the background, and to the end when the process exits. */
const standardOutput = (): DestinationStream => pino.destination({ fd: 1, sync: false, maxLength: MAX_WAITING })

const destination = ({ readable, write }: LoggerOptions): DestinationStream => {
  const output = write === undefined ? standardOutput() : { write }
  const isReadable = readable ?? (write === undefined && process.stdout.isTTY)
  return isReadable ? { write: (line) => output.write(readableLine(line)) } : output
}

/**
 * The log of the process. Only the fields of `LOG_FIELDS` go out, only as text, numbers and truth values, and with
 * control characters escaped: no object that holds key material can be printed, by no mistake.
 */
export const createLogger = (options: LoggerOptions): Log => {
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'event',
      formatters: { level: (level) => ({ level }) },
    },
    destination(options),
  )
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (logger.isLevelEnabled(level)) logger[level](plainFields(fields), event)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
