import { z } from 'zod'

const Line = z.looseObject({ time: z.string(), level: z.string(), event: z.string() })

/** Fields that are the same on every line of a process, or have a place of their own. */
const OMITTED: ReadonlySet<string> = new Set(['time', 'level', 'event', 'pid'])

const COLOURS: ReadonlyMap<string, string> = new Map([
  ['warn', '\u001b[33m'],
  ['error', '\u001b[31m'],
])

const quoted = (value: unknown): string => {
  const text = String(value)
  return /^[\w.:/@[\]-]+$/.test(text) ? text : JSON.stringify(text)
}

/** `12:00:01 WARN  connection refused peer=10.0.0.7:40122 reason="unknown CA"`, made from a line of JSON. */
export const readableLine = (json: string): string => {
  const line = Line.parse(JSON.parse(json))
  const fields = Object.entries(line)
    .filter(([name]) => !OMITTED.has(name))
    .map(([name, value]) => ` ${name}=${quoted(value)}`)
  const colour = COLOURS.get(line.level)
  const level = line.level.toUpperCase().padEnd(5)
  const marked = colour === undefined ? level : `${colour}${level}\u001b[0m`
  return `${line.time.slice(11, 19)} ${marked} ${line.event}${fields.join('')}\n`
}
