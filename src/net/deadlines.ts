import type { Connection } from './connection-state.ts'
import { isOver } from './limits.ts'

/** Time for a peer that owes us more than `maxUnsent` to take something, in milliseconds. */
const STALL = 1_000

const heldBytes = ({ answers }: Connection): number =>
  answers.reduce((sum, { reply }) => sum + (reply?.bytes.length ?? 0), 0)

/** What has taken too long; undefined where nothing has. */
export const overdue = (connection: Connection): string | undefined => {
  const { context, answers, asking, blockedSince, receivingSince, isReading } = connection
  const { limits, pulse } = context
  const oldest = answers[0]
  if (blockedSince > 0 && isOver(pulse, blockedSince, limits.work)) return 'replies not read'
  if (blockedSince > 0 && heldBytes(connection) > limits.maxUnsent && isOver(pulse, blockedSince, STALL)) {
    return 'too many replies not read'
  }
  if (oldest !== undefined && isOver(pulse, oldest.since, limits.work)) return 'request not answered in time'
  if (asking !== undefined && asking.since > 0 && isOver(pulse, asking.since, limits.work))
    return 'client does not answer'
  if (receivingSince > 0 && isReading && isOver(pulse, receivingSince, limits.receive)) return 'request incomplete'
  return undefined
}

/** Whether nothing has happened for longer than a connection may be kept for. */
export const isIdle = ({ phase, answers, asking, splitter, blockedSince, context, idleSince }: Connection): boolean =>
  phase === 'open' &&
  answers.length === 0 &&
  (asking?.since ?? 0) === 0 &&
  splitter.pending === 0 &&
  blockedSince === 0 &&
  isOver(context.pulse, idleSince, context.limits.idle)
