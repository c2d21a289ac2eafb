import { setImmediate } from 'node:timers/promises'

/**
 * Milliseconds that the items of one batch may run at a stretch. There is one thread for all clients: without a pause,
 * the thousands of items that a message may hold would keep everybody else waiting for seconds.
 */
const SLICE = 10

/** When a slice that begins now is over, on the monotonic clock. */
export const sliceEnd = (): number => performance.now() + SLICE

/** Lets everybody else go first: resolves after what has arrived meanwhile has been seen to. */
export const giveWay = (): Promise<void> => setImmediate()
