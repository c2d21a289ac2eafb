import { hostname, networkInterfaces } from 'node:os'
import type { HostNames } from './issue.ts'

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/

/** What clients may call this machine: localhost, its host name, and the addresses of all its interfaces. */
export const localHosts = (): HostNames => {
  const own = hostname()
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  return {
    names: [...new Set([...(HOST_NAME.test(own) ? [own] : []), 'localhost'])],
    // The zone of a link-local address (fe80::1%eth0) means something on this machine only.
    addresses: [...new Set(['127.0.0.1', '::1', ...addresses.map((address) => address.replace(/%.*$/, ''))])],
  }
}
