import type { Socket } from 'node:net'
import type { Limits } from './limits.ts'

/** An IPv4 address is the same to us whether the listening socket is one of IPv4 or of both. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '')

/** `address:port` of the other end; undefined where it is gone already. */
export const peerName = ({ remoteAddress, remotePort }: Socket): string | undefined => {
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  const address = plainAddress(remoteAddress)
  return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`
}

/** A TCP connection that has been let in. */
export type Admitted = {
  readonly socket: Socket
  readonly peer: string
  /** Whether the handshake is done. */
  isSecure: boolean
  /** Why the handshake has failed, where TLS has said so before the connection was gone. */
  failure: string | undefined
}

/** Counts TCP connections, before any byte of TLS costs anything. */
export type Admission = {
  /** The connections that are open, by name of the peer. */
  readonly admitted: ReadonlyMap<string, Admitted>
  /** Connections turned away since the last call. */
  takeRefused(): number
  /** Takes a connection into the count until it closes, or destroys it; false then. */
  admit(socket: Socket): boolean
}

/** @param onClose called for each connection that had been let in. */
export const createAdmission = (limits: Limits, onClose: (connection: Admitted) => void): Admission => {
  const admitted = new Map<string, Admitted>()
  const perAddress = new Map<string, number>()
  let refused = 0

  const leave = (connection: Admitted, address: string): void => {
    admitted.delete(connection.peer)
    const left = (perAddress.get(address) ?? 0) - 1
    if (left > 0) perAddress.set(address, left)
    else perAddress.delete(address)
    onClose(connection)
  }

  const admit = (socket: Socket): boolean => {
    const peer = peerName(socket)
    const address = plainAddress(socket.remoteAddress ?? '')
    const open = perAddress.get(address) ?? 0
    if (peer === undefined || admitted.size >= limits.maxConnections || open >= limits.maxPerAddress) {
      refused += 1
      socket.destroy()
      return false
    }
    const connection: Admitted = { socket, peer, isSecure: false, failure: undefined }
    admitted.set(peer, connection)
    perAddress.set(address, open + 1)
    socket.once('close', () => leave(connection, address))
    return true
  }

  const takeRefused = (): number => {
    const count = refused
    refused = 0
    return count
  }

  return { admitted, takeRefused, admit }
}
