import { z } from 'zod'
import { Secret } from './secret.ts'

/*
 * Every setting of the server, with its default and its description. The keys of kmipd.toml, the environment variables,
 * the flags and docs/config.md all follow from this one schema (see `settings.ts`).
 */

const text = (): z.ZodString => z.string().min(1)

/** A file or directory: relative to kmipd.toml where it stands there, otherwise to the working directory. */
const path = (description: string) => text().optional().meta({ description, path: true })

/** Comes from the environment or from a file of its own, never from kmipd.toml or a flag. */
const secret = (description: string) => z.instanceof(Secret).optional().meta({ description, secret: true })

/** As `secret`; a file that holds it is for its owner alone. */
const privateSecret = (description: string) =>
  z.instanceof(Secret).optional().meta({ description, secret: true, private: true })

const count = (description: string, standard: number, least = 1) =>
  z.int().min(least).default(standard).meta({ description })

/** Longest time in seconds that a timer of Node can run. */
const LONGEST_TIMER = 2_147_483

const seconds = (description: string, standard: number) =>
  z.int().min(1).max(LONGEST_TIMER).default(standard).meta({ description, unit: 'seconds' })

const limits = z.strictObject({
  handshakeTimeout: seconds('How long a TLS handshake may take.', 5),
  requestTimeout: seconds('How long a request message may take to arrive, from its first byte to its last.', 30),
  idleTimeout: seconds('How long a connection may stay without a request before it is closed.', 600),
  messageSize: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024)
    .meta({ description: 'Largest request message.', unit: 'bytes' }),
  connections: count('Connections open at the same time. Each one that is idle takes about 70 KiB.', 10_000),
  connectionsPerAddress: count('Connections open at the same time from one address.', 1000),
})

const https = z.strictObject({
  port: z.int().min(0).max(65_535).optional().meta({
    description:
      'Port for KMIP over HTTPS (POST /kmip with TTLV, JSON or XML); 0 takes a free one. Without it there is no HTTPS.',
  }),
})

const protocol = z.strictObject({
  draft: z.boolean().default(false).meta({
    description:
      'Whether the committee draft of KMIP 3.0 is spoken besides the published versions (docs/kmip-3.0.md). serve --draft says the same.',
  }),
})

const tls = z.strictObject({
  certificate: path('Server certificate, with its chain, in PEM. Without it the server makes and renews its own.'),
  key: path('Private key of that certificate, in PEM.'),
  furtherCertificates: z.array(text()).default([]).meta({
    description:
      'More server certificates, in PEM, with keys of other kinds (RSA, EC): each client is shown one that it can use.',
    path: true,
  }),
  furtherKeys: z
    .array(text())
    .default([])
    .meta({ description: 'Their private keys, in PEM, in the same order.', path: true }),
  clientCas: z
    .array(text())
    .default([])
    .meta({ description: 'More certificate authorities whose client certificates are trusted, in PEM.', path: true }),
  legacySuites: z.boolean().default(false).meta({
    description:
      'Whether old clients may use the TLS 1.2 suites of the KMIP 1.x profiles, without forward secrecy (CBC, static RSA). The server shows an RSA certificate besides its own then.',
  }),
})

const database = z.strictObject({
  url: secret('Address of a PostgreSQL database. Without it objects are in SQLite, in the data directory.'),
})

const rootKey = z.strictObject({
  file: path('File of the software root key. Without it, root.key in the data directory.'),
  passphrase: secret('Passphrase that protects the file of the root key.'),
})

const MOST_SESSIONS = 128

const hsm = z.strictObject({
  module: path(
    'PKCS#11 module of the HSM that holds the root key; kmipd hsm init sets one up. Without it, the root key is in a file.',
  ),
  moduleParameters: text().optional().meta({
    description: 'What the module takes at its start; NSS does, most do not.',
  }),
  token: text().optional().meta({ description: 'Label of the token. Without it, the only one that the module has.' }),
  serial: text().optional().meta({ description: 'Serial number of the token, where several have the same label.' }),
  pin: privateSecret('PIN of the token. Without it, a terminal is asked.'),
  keyLabel: text().default('kmipd root').meta({ description: 'Label of the root key (CKA_LABEL).' }),
  keyId: z
    .string()
    .regex(/^([0-9a-f]{2}){1,64}$/, 'is not an even number of hex digits')
    .optional()
    .meta({ description: 'Identifier of the root key (CKA_ID) in hex digits. Without it, the only key of the label.' }),
  sessions: z.int().min(1).max(MOST_SESSIONS).default(4).meta({
    description: 'Calls that the token does at the same time, each in a session of its own.',
  }),
  timeout: seconds('How long a call to the token may take before its module is taken to hang, and started anew.', 10),
  leaving: z.boolean().default(false).meta({
    description:
      'Whether the token is being left: it opens what is under its root key, and nothing new is put under it. After kmipd hsm rotate it is not needed.',
  }),
})

const cache = z.strictObject({
  objects: count('Objects whose rows are kept in memory.', 10_000, 0),
  keys: count('Keys that are kept in memory ready for use.', 10_000, 0),
})

const random = z.strictObject({
  generator: z.enum(['ansi-x9.31', 'system']).default('ansi-x9.31').meta({
    description:
      'What makes key material: ANSI X9.31 with AES-256 under keys of the system, or the generator of the system itself, which the attribute Random Number Generator then calls Unspecified.',
  }),
  hsm: z.boolean().default(false).meta({
    description: 'Whether random numbers of an HSM are mixed in, fresh ones every minute.',
  }),
})

const jobs = z.strictObject({
  perClient: count('Asynchronous requests of one client that have not run, or whose answer it has not fetched.', 500),
  keep: seconds('How long the answer of an asynchronous request is kept for a client that does not fetch it.', 86_400),
  answerSize: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024)
    .meta({ description: 'Largest answer of an asynchronous request.', unit: 'bytes' }),
})

const access = z.strictObject({
  unregistered: z.enum(['accept', 'refuse']).default('refuse').meta({
    description:
      'Whether a client certificate that a trusted authority issued, but that no registered client has, is accepted.',
  }),
  ticketLifetime: seconds(
    'How long a ticket holds that a client logs in for, if it does not ask for less (KMIP 2.x, Login).',
    86_400,
  ),
  credentials: z.enum(['ignored', 'known', 'required']).default('known').meta({
    description:
      'What credentials in a message do. known: one that names a user of this server must be right, and the request is that user’s; others change nothing. required: every request but Query and Discover Versions needs one that is right. ignored: nothing; tickets are looked at all the same.',
  }),
})

export const configSchema = z
  .strictObject({
    data: text().default('./data').meta({ description: 'Data directory; made at first start.', path: true }),
    host: text().optional().meta({
      description: 'Address or host name to listen on. Without it, every address of the machine, IPv6 and IPv4.',
    }),
    port: z.int().min(0).max(65_535).default(5696).meta({ description: 'Port to listen on; 0 takes a free one.' }),
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .meta({ description: 'Least serious messages that are logged.' }),
    interop: z.boolean().default(true).meta({
      description:
        'Whether the operation Interop is answered, with which test suites say where a case begins and ends. It changes nothing; the standard wants it switched off in production.',
    }),
    limits: limits.prefault({}),
    https: https.prefault({}),
    protocol: protocol.prefault({}),
    tls: tls.prefault({}),
    database: database.prefault({}),
    rootKey: rootKey.prefault({}),
    hsm: hsm.prefault({}),
    hsm2: hsm.prefault({}),
    hsm3: hsm.prefault({}),
    cache: cache.prefault({}),
    random: random.prefault({}),
    jobs: jobs.prefault({}),
    access: access.prefault({}),
  })
  .superRefine((config, context) => {
    const contradiction = (where: readonly string[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...where], message })
    if (config.tls.certificate !== undefined && config.tls.key === undefined)
      contradiction(['tls', 'key'], 'is needed with tls.certificate')
    if (config.tls.key !== undefined && config.tls.certificate === undefined)
      contradiction(['tls', 'certificate'], 'is needed with tls.key')
    if (config.tls.furtherCertificates.length !== config.tls.furtherKeys.length)
      contradiction(['tls', 'furtherKeys'], 'is not as many as tls.further-certificates')
    if (config.tls.certificate === undefined && config.tls.furtherCertificates.length > 0)
      contradiction(['tls', 'certificate'], 'is needed with tls.further-certificates')
    if (config.limits.connectionsPerAddress > config.limits.connections)
      contradiction(['limits', 'connectionsPerAddress'], 'is larger than limits.connections')
    if (config.https.port === config.port && config.port !== 0) contradiction(['https', 'port'], 'is the same as port')
    if (config.random.hsm && [config.hsm, config.hsm2, config.hsm3].every(({ module }) => module === undefined))
      contradiction(['random', 'hsm'], 'needs hsm.module')
    const url = config.database.url?.reveal()
    if (url !== undefined && !/^postgres(ql)?:\/\//.test(url))
      contradiction(['database', 'url'], 'does not start with postgres:// or postgresql://')
  })

type DeepReadonly<T> = T extends Secret
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T

/** The whole configuration, frozen. Paths are absolute, times in seconds, sizes in bytes. */
export type Config = DeepReadonly<z.output<typeof configSchema>>
