import type { GroupOutcome } from '../work.ts'

/*
 * What passes between the store and its writing thread. To the writer: a group as bytes of `node:v8`, which keep
 * buffers compact, or CLOSE. Back: `ready` once, then one outcome for each group.
 */

export const CLOSE = 'close'

export type WriterAnswer = 'ready' | GroupOutcome

export const isGroupOutcome = (message: unknown): message is GroupOutcome =>
  typeof message === 'object' && message !== null && 'outcomes' in message
