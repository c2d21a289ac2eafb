import { createHttpSpeaker } from './http-connection.ts'
import type { Certificates } from './secure-context.ts'
import { listen, type ListenerOptions } from './tls-listener.ts'

/** The listeners of a server, as one. */
export type Listeners = {
  readonly port: number
  readonly httpsPort: number | undefined
  reload(certificates: Certificates): void
  drain(): Promise<void>
}

/**
 * Listens for TTLV, and for HTTPS where there is a port for it; both or neither.
 * @throws as {@link listen}
 */
export const listenForAll = async (
  port: number,
  httpsPort: number | undefined,
  options: Omit<ListenerOptions, 'port' | 'speak'>,
): Promise<Listeners> => {
  const listeners = [await listen({ ...options, port })]
  const drain = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain()))
  }
  try {
    if (httpsPort !== undefined)
      listeners.push(await listen({ ...options, port: httpsPort, speak: createHttpSpeaker() }))
  } catch (error) {
    await drain()
    throw error
  }
  return {
    port: listeners[0]?.port ?? port,
    httpsPort: listeners[1]?.port,
    reload: (certificates) => {
      for (const listener of listeners) listener.reload(certificates)
    },
    drain,
  }
}
