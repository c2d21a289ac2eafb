import type { Log } from '../../observe/log.ts'
import type { Supervisor } from './supervisor.ts'

/*
 * A process that was given clear keys has copies of them: in the channel, in pkcs11js, in the module. Nobody can clear them
 * all, so the process is replaced, and its memory goes with it.
 */

/** Milliseconds without clear keys after which that is done. */
const AFTER = 500

export type Forgetting = {
  /** Clear keys went in or out just now. */
  begin(): void
  end(): void
}

export const createForgetting = (isBusy: () => boolean, supervisor: Supervisor, log: Log): Forgetting => {
  let timer: NodeJS.Timeout | undefined
  const forget = (): void => {
    if (isBusy()) begin()
    else void supervisor.renew().then(() => log.debug('HSM process was replaced: it had seen keys'))
  }
  const begin = (): void => {
    clearTimeout(timer)
    timer = setTimeout(forget, AFTER)
    timer.unref()
  }
  return { begin, end: () => clearTimeout(timer) }
}
