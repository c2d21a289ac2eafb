import type { Product } from './product.ts'

/** Storage arrays, tape libraries, file and object stores. */
export const STORAGE = {
  netapp: {
    title: 'NetApp ONTAP, and arrays with self-encrypting disks',
    place: 'in the ONTAP shell',
    versions: '1.0 to 1.4',
    form: 'pair',
    steps: [
      'security certificate install -vserver CLUSTER -type client -subtype kmip-cert, and paste {certificate} and {key}',
      'security certificate install -vserver CLUSTER -type server-ca -subtype kmip-cert, and paste {ca}',
      'security key-manager external enable -vserver CLUSTER -key-servers {host}:{port}',
      '  -client-cert NAME-OF-CLIENT-CERT -server-ca-certs NAME-OF-CA',
      'security key-manager external show-status',
    ],
    csr: [
      'security certificate generate-csr made the request; paste {certificate} with its key as -type client -subtype kmip-cert',
      'paste {ca} as -type server-ca -subtype kmip-cert',
      'security key-manager external enable -vserver CLUSTER -key-servers {host}:{port}',
      'security key-manager external show-status',
    ],
  },
  'dell-sc': {
    title: 'Dell SC arrays (Compellent)',
    place: 'in Storage Manager: Edit Settings, Secure Data',
    versions: '1.0',
    form: 'pkcs12',
    legacySuites: true,
    steps: [
      'start kmipd with tls.legacy-suites = true: the array speaks TLS 1.2 with AES-CBC and static RSA',
      'Key Management Server: {host}, port {port}',
      'Root CA certificate: {ca}',
      'Controller certificates: {file}, with the password that is in {password}, for each controller',
    ],
  },
  'tape-library': {
    title: 'Tape libraries (KMIP tape profile)',
    place: 'on the library’s encryption page',
    versions: '1.0 to 1.4',
    form: 'pair',
    steps: [
      'choose KMIP for the key manager, with {host} and port {port}',
      'CA certificate: {ca}',
      'Client certificate: {certificate}, private key: {key}',
      'run the library’s KMIP test, then set the partition to library-managed encryption',
    ],
    csr: [
      'choose KMIP for the key manager, with {host} and port {port}',
      'CA certificate: {ca}; signed certificate: {certificate}',
      'run the library’s KMIP test, then set the partition to library-managed encryption',
    ],
    notes: ['Libraries that want one file take PKCS#12: add `--form pkcs12`.'],
  },
  'synology-dsm': {
    title: 'Synology DSM (volume encryption)',
    place: 'in DSM: Control Panel, Security, KMIP',
    versions: '1.2',
    form: 'pair',
    steps: [
      'Remote key client: host {host}, port {port}',
      'Import certificate: private key {key}, certificate {certificate}, certificate authority {ca}',
      'Storage Manager, Global Settings: Encryption Key Vault on KMIP server',
    ],
    notes: ['DSM checks the host name: use a name that is in the server’s certificate.'],
  },
  truenas: {
    title: 'TrueNAS (CORE, SCALE)',
    place: 'in TrueNAS',
    versions: '1.2',
    form: 'pair',
    steps: [
      'Credentials, Certificates: import {ca} as certificate authority (without a key)',
      'Credentials, Certificates: import {certificate} with {key}',
      'KMIP: server {host}, port {port}, that certificate and that authority',
      'Validate Connection, then Manage ZFS Keys or Manage SED Passwords, Enabled',
    ],
  },
  'vast-data': {
    title: 'VAST Data',
    place: 'in the VAST web UI: Settings, Encryption (EKM)',
    versions: '1.4',
    form: 'pair',
    steps: [
      'EKM type KMIP, server {host}, port {port}',
      'Client certificate: {certificate}, private key: {key}',
      'CA certificate: {ca}',
    ],
    notes: ['VAST can speak KMIP over HTTPS, too: start kmipd with `--https-port 5697` and use that port.'],
  },
  'ceph-rgw': {
    title: 'Ceph RADOS Gateway',
    place: 'in ceph.conf, section of the gateway',
    versions: '1.0; 1.4 with SSE-S3',
    form: 'pair',
    steps: [
      'rgw crypt s3 kms backend = kmip',
      'rgw crypt kmip addr = {host}:{port}',
      'rgw crypt kmip ca path = {ca}',
      'rgw crypt kmip client cert = {certificate}',
      'rgw crypt kmip client key = {key}',
      'rgw crypt kmip kms key template = $keyid',
      'make AES-256 keys whose Name is what clients say as SSE-KMS key id, with a client of the same principal',
    ],
  },
  veeam: {
    title: 'Veeam Backup & Replication',
    place: 'in the Veeam console: Credentials & Passwords, Key Management Servers',
    versions: '1.4',
    form: 'pkcs12',
    steps: [
      'import {file} into the computer’s Personal store, with the password that is in {password}',
      'import {ca} into its Trusted Root Certification Authorities',
      'Add: server {host}, port {port}; server certificate: the authority; client certificate: {name}',
    ],
    notes: ['Veeam resumes TLS sessions and wants the server’s full name in its certificate.'],
  },
} as const satisfies Readonly<Record<string, Product>>
