import type { GroupOutcome } from '../work.ts'

/*
 * What passes between the store and its writing thread. To the writer: a group as one piece of memory, or
 * CLOSE. Back: `ready` once, then one outcome for each group.
 */

export const CLOSE = 'close'

export type WriterAnswer = 'ready' | GroupOutcome

export const isPacked = (message: unknown): message is Uint8Array<ArrayBuffer> =>
  message instanceof Uint8Array && message.buffer instanceof ArrayBuffer

export const isGroupOutcome = (message: unknown): message is GroupOutcome =>
  typeof message === 'object' && message !== null && 'outcomes' in message
