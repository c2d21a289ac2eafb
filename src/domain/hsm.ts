/* What an operator is shown of a hardware security module. */

export type HsmModule = { readonly description: string; readonly version: string; readonly cryptoki: string }

export type HsmToken = {
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  readonly hardware: string
  /** Sessions that are open, and how many there can be; undefined where the token does not say. */
  readonly sessions?: number | undefined
  readonly mostSessions?: number | undefined
}

export type HsmRoot = {
  readonly label: string
  readonly id: string
  /** What it is a key for. */
  readonly kind: string
  /** How it wraps store keys. */
  readonly method: string
}

export type HsmFault = { readonly at: number; readonly message: string }

export type HsmStatus = {
  readonly module: HsmModule
  readonly token: HsmToken
  /** Undefined where there is none yet. */
  readonly root: HsmRoot | undefined
  /** Names of those that the server has a use for, and how many others there are. */
  readonly mechanisms: { readonly used: readonly string[]; readonly others: number }
  /** Milliseconds that a call takes: the median, and the longest. */
  readonly latency: { readonly median: number; readonly longest: number }
  /** What last went wrong, with whatever process of this data directory. */
  readonly lastFault: HsmFault | undefined
}

/** Something that the server wants of a token. */
export type HsmVerdict = {
  readonly what: string
  /** Why the token cannot do it; undefined where it can. */
  readonly problem: string | undefined
}

export type HsmObject = {
  readonly kind: string
  readonly type: string
  readonly label: string
  readonly id: string
  readonly isRoot: boolean
}
