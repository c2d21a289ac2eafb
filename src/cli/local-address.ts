import type { Config } from '../config/schema.ts'

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['::', '0.0.0.0'])

/** Where a client on this machine finds the server. */
export const localAddress = ({ host }: Config): string =>
  host === undefined || EVERY_ADDRESS.has(host) ? '127.0.0.1' : host
