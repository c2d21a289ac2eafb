import type { SecureContextOptions } from 'node:tls'

/** What the server shows and whom it trusts; all PEM. */
export type Certificates = {
  readonly key: string
  /** The server's certificate, followed by those between it and its root. */
  readonly cert: string
  /** Issuers of client certificates. Empty: only certificates that are registered one by one get in. */
  readonly ca: readonly string[]
  /** The same with keys of other kinds: a client is shown one that it can use. */
  readonly further?: readonly { readonly key: string; readonly cert: string }[]
}

/** Of the suites of [KMIP-Prof] (KMIP 1.4 section 10, 2.1 section 10.4): forward secrecy and authenticated encryption only. */
const SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
] as const

/**
 * Mandatory in KMIP Profiles 1.0 to 1.4, and those with SHA-1 that arrays of the time of 1.0 have alone; without forward
 * secrecy, so only on request of the administrator.
 */
const LEGACY_SUITES = ['AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'] as const

/**
 * The hybrid first: what is recorded today stays closed to the quantum computer of tomorrow. A slash ends those that are
 * worth another round trip: a client that offers the hybrid without having begun with it is asked for it.
 */
const GROUPS = 'X25519MLKEM768/X25519:P-256:P-384'

/** SSL_OP_NO_RENEGOTIATION of OpenSSL 3: a client could change its certificate in mid-connection, and load the CPU. */
const NO_RENEGOTIATION = 0x40000000

/** The part of the TLS settings that a reload replaces. */
export const secureContextOptions = (certificates: Certificates, legacySuites: boolean): SecureContextOptions => ({
  key: [certificates.key, ...(certificates.further ?? []).map(({ key }) => key)],
  cert: [certificates.cert, ...(certificates.further ?? []).map(({ cert }) => cert)],
  // An absent list would mean the public roots of the Web.
  ca: [...certificates.ca],
  minVersion: 'TLSv1.2',
  ciphers: [...SUITES, ...(legacySuites ? LEGACY_SUITES : [])].join(':'),
  ecdhCurve: GROUPS,
  honorCipherOrder: true,
  secureOptions: NO_RENEGOTIATION,
  // Tickets are bound to it; the default depends on the command line, and workers share their tickets.
  sessionIdContext: 'kmipd',
})
