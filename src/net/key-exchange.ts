import type { TLSSocket } from 'node:tls'

/** Groups by their numbers in TLS (IANA, TLS Supported Groups). */
const GROUPS: ReadonlyMap<number, string> = new Map([
  [0x17, 'P-256'],
  [0x18, 'P-384'],
  [0x1d, 'X25519'],
  [0x11ec, 'X25519MLKEM768'],
])

const HYBRID = 'X25519MLKEM768'

/** [19] INTEGER, with which OpenSSL ends an encoded session: the group of the key exchange. */
const GROUP_TAG = 0xb3
const INTEGER = 0x02

const groupNumber = (session: Buffer): number | undefined => {
  for (const bytes of [1, 2]) {
    const field = session.subarray(session.length - bytes - 4)
    if (field[0] === GROUP_TAG && field[1] === bytes + 2 && field[2] === INTEGER && field[3] === bytes)
      return field.readUIntBE(4, bytes)
  }
  return undefined
}

/** The group of the key exchange; undefined where it is none that is known, or cannot be told. */
export const keyExchangeOf = (socket: Pick<TLSSocket, 'getSession'>): string | undefined => {
  // The library tells it to clients only; to a server it is in the session alone.
  const number = groupNumber(socket.getSession() ?? Buffer.alloc(0))
  return number === undefined ? undefined : GROUPS.get(number)
}

/** Clients that are told of again when there have been so many others. */
const MOST_CLIENTS = 10_000

/**
 * Which clients exchange keys in a way that a quantum computer may open one day: each is told of once. What cannot be told
 * is not.
 */
export const createClassicClients = () => {
  const known = new Set<string>()
  return {
    isNews: (client: string, group: string | undefined): boolean => {
      if (group === undefined || group === HYBRID || known.has(client)) return false
      if (known.size >= MOST_CLIENTS) known.clear()
      known.add(client)
      return true
    },
  }
}

export type ClassicClients = ReturnType<typeof createClassicClients>
