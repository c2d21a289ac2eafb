import type { ClientChannel } from '../engine/message-handler.ts'
import type { Pulse } from './limits.ts'

/** What a connection does for whoever asks on it. */
export type AskingParts = {
  readonly pulse: Pulse
  write(message: Buffer): void
  /** Ends the connection; what is in work is rejected. */
  close(reason: string): void
  /** Leaves the connection to the peer's requests. */
  turnBack(): void
  /** Nothing has happened for too long, and nobody has said what to do then. */
  onIdle(): void
}

/** One end of a connection that sends the requests: one at a time, which the peer answers. Times are on the pulse. */
export type Asking = {
  readonly channel: ClientChannel
  /** When the request went out that is not answered yet; 0 where there is none. */
  readonly since: number
  /** Takes what the peer says; false where nobody has asked. */
  answer(message: Buffer): boolean
  /** There will be no answer any more. */
  end(reason: string): void
}

type Question = { readonly since: number; resolve(answer: Buffer): void; reject(error: Error): void }

export const createAsking = (parts: AskingParts): Asking => {
  const { promise: ended, resolve: setEnded } = Promise.withResolvers<undefined>()
  let question: Question | undefined
  let isOpen = true

  const take = (): Question | undefined => {
    const taken = question
    question = undefined
    return taken
  }

  const end = (reason: string): void => {
    isOpen = false
    take()?.reject(new Error(reason))
    setEnded(undefined)
  }

  const ask = (message: Buffer): Promise<Buffer> => {
    if (!isOpen) return Promise.reject(new Error('the connection is gone'))
    if (question !== undefined) return Promise.reject(new Error('the client has not answered the request before'))
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    question = { since: parts.pulse.now, resolve, reject }
    parts.write(message)
    return promise
  }

  return {
    channel: {
      ask,
      turnBack: () => {
        end('the connection was turned back')
        parts.turnBack()
      },
      close: (reason) => {
        end(reason)
        parts.close(reason)
      },
      get isOpen() {
        return isOpen
      },
      ended: ended.then(() => undefined),
      onIdle: () => parts.onIdle(),
    },
    get since() {
      return question?.since ?? 0
    },
    answer: (message) => {
      const asked = take()
      asked?.resolve(message)
      return asked !== undefined
    },
    end,
  }
}
