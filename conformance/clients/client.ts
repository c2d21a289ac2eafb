import type { Result } from '../pykmip/results.ts'

/** A real program that is driven against the server. */
export type Client = {
  readonly name: string
  /** Why it cannot be driven here; undefined where it can. */
  missing(): string | undefined
  play(): Promise<readonly Result[]>
  /** What it could do elsewhere, and why not here. */
  skipped?(): Promise<readonly string[]>
}
