import { pairPaths } from '../pki/pki-paths.ts'
import type { Config } from '../config/schema.ts'
import { ADMIN } from './admin-client.ts'
import { localAddress } from './local-address.ts'
import { pkiOf } from './pki-of.ts'

/** A value as a string of Python; JSON strings are strings there, too. */
const python = (value: string): string => JSON.stringify(value)

/** An argument of a shell, whatever is in it. */
const quoted = (argument: string): string => `'${argument.replaceAll("'", `'\\''`)}'`

/** A command to paste into a shell: PyKMIP makes an AES key as the administrator. */
export const pykmipCommand = (config: Config, port: number): string => {
  const paths = pkiOf(config)
  const admin = pairPaths(paths.clients, ADMIN)
  const authority = config.tls.certificate ?? paths.authority.certificate
  const settings = [
    `hostname=${python(localAddress(config))}`,
    `port=${port}`,
    `cert=${python(admin.certificate)}`,
    `key=${python(admin.key)}`,
    `ca=${python(authority)}`,
  ].join(', ')
  const script = [
    'from kmip.pie.client import ProxyKmipClient',
    'from kmip.core.enums import CryptographicAlgorithm',
    `client = ProxyKmipClient(${settings})`,
    'client.open()',
    'print(client.create(CryptographicAlgorithm.AES, 256))',
    'client.close()',
  ].join('; ')
  return `python3 -W ignore -c ${quoted(script)}`
}
