import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KmipServer } from '../../spec-tests/helpers/server.ts'

/** Files for the scripts: a PyKMIP configuration for each client, and what they register. */

const configOf = (server: KmipServer, client: string): string => {
  const clients = join(server.data, 'pki/clients')
  return [
    '[client]',
    'host=127.0.0.1',
    `port=${server.port}`,
    `keyfile=${join(clients, `${client}.key`)}`,
    `certfile=${join(clients, `${client}.crt`)}`,
    'cert_reqs=CERT_REQUIRED',
    'ssl_version=PROTOCOL_TLSv1_2',
    `ca_certs=${join(server.data, 'pki/ca.crt')}`,
    'do_handshake_on_connect=True',
    'suppress_ragged_eofs=True',
    '',
  ].join('\n')
}

/** Keys for the scripts, in hex; made anew for each run. */
export const makeMaterial = async (server: KmipServer): Promise<Readonly<Record<string, string>>> => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = new X509Certificate(await readFile(join(server.data, 'pki/clients/admin.crt')))
  const encodings: Readonly<Record<string, Buffer>> = {
    aes128: randomBytes(16),
    aes256: randomBytes(32),
    des3: randomBytes(24),
    seed: randomBytes(96),
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    public_pkcs1: publicKey.export({ format: 'der', type: 'pkcs1' }),
    private_pkcs1: privateKey.export({ format: 'der', type: 'pkcs1' }),
    pkcs8: privateKey.export({ format: 'der', type: 'pkcs8' }),
    certificate: certificate.raw,
  }
  return Object.fromEntries(Object.entries(encodings).map(([name, bytes]) => [name, bytes.toString('hex')]))
}

export type Setup = {
  /** The file that every script gets. */
  readonly file: string
  /** Path of the PyKMIP configuration of a client. */
  config(client: string): string
}

/** Writes them for a running server; again after it has got another port. */
export const writeSetup = async (
  server: KmipServer,
  clients: readonly string[],
  material: Readonly<Record<string, string>>,
): Promise<Setup> => {
  const folder = join(server.data, '../pykmip')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const config = (client: string): string => join(folder, `${client}.conf`)
  for (const client of clients) await writeFile(config(client), configOf(server, client))
  const file = join(folder, 'setup.json')
  const configs = Object.fromEntries(clients.map((client) => [client, config(client)]))
  await writeFile(file, JSON.stringify({ port: server.port, configs, material }), { mode: 0o600 })
  return { file, config }
}
