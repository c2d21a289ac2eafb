import type { Product } from './product.ts'

/** Hypervisors, clouds, networks and libraries. */
export const INFRASTRUCTURE = {
  'vmware-vsphere': {
    title: 'VMware vSphere (vCenter, vSAN, vTPM)',
    place: 'in the vSphere Client: vCenter, Configure, Key Providers',
    versions: '1.1',
    form: 'pair',
    steps: [
      'Add, Standard Key Provider: {host}, port {port}',
      'Trust: make vCenter trust KMS',
      'Establish Trust, Make KMS trust vCenter, KMS certificate and private key',
      'upload {certificate} and {key}',
    ],
    csr: [
      'Add, Standard Key Provider: {host}, port {port}; make vCenter trust KMS',
      'Establish Trust, Upload Signed CSR Certificate: {certificate}',
    ],
    pin: [
      'Add, Standard Key Provider: {host}, port {port}; make vCenter trust KMS',
      'the certificate that vCenter made (vCenter Certificate or vCenter Root CA Certificate, Download) is trusted now',
    ],
    notes: ['Each vCenter is a client; the hosts of a Trust Authority are clients of their own.'],
  },
  'openstack-barbican': {
    title: 'OpenStack Barbican',
    place: 'in barbican.conf',
    versions: '1.2',
    form: 'pair',
    profiles: ['pykmip'],
    steps: [
      '[secretstore] enabled_secretstore_plugins = kmip_plugin',
      '[kmip_plugin] host = {host}, port = {port}',
      '  certfile = {certificate}',
      '  keyfile = {key}',
      '  ca_certs = {ca}',
      '  username and password are only needed where access.credentials = required',
      'chmod 400 the key for the account of Barbican, which refuses any other mode; restart it',
    ],
  },
  'openstack-swift': {
    title: 'OpenStack Swift (kmip_keymaster)',
    place: 'in keymaster.conf of the proxies',
    versions: '1.2',
    form: 'pair',
    profiles: ['pykmip'],
    steps: [
      'make an AES-256 key as this client and note its identifier',
      '[kmip_keymaster] key_id = ID, host = {host}, port = {port}',
      '  certfile = {certificate}, keyfile = {key}, ca_certs = {ca}',
      'pipeline of proxy-server.conf: kmip_keymaster encryption; restart the proxies',
    ],
  },
  fortigate: {
    title: 'FortiGate (FortiOS, IPsec)',
    place: 'in the FortiOS CLI',
    versions: '1.0',
    form: 'pkcs12',
    profiles: ['fortigate'],
    steps: [
      'System, Certificates: import {file} as a local certificate, with the password that is in {password}',
      'import {ca} as CA certificate',
      'config vpn kmip-server, edit kmipd, config server-list, edit 1, set server {host}, set port {port}, set cert {name}',
      'config vpn ipsec phase1-interface, edit TUNNEL, set kms kmipd',
      'the FortiGate at the other end: client add OTHER --for fortigate --principal {name}',
    ],
    notes: ['Both ends of a tunnel must be one principal: they share its keys.'],
  },
  openbao: {
    title: 'OpenBao, Vault (KMIP seal)',
    place: 'in the configuration of the server',
    versions: '1.2 to 1.4',
    form: 'pair',
    steps: [
      'make an AES-256 key as this client, activate it, and note its identifier',
      'seal "kmip" { endpoint = "{host}:{port}", kms_key_id = "ID"',
      '  ca_cert = "{ca}"',
      '  client_cert = "{certificate}", client_key = "{key}" }',
    ],
  },
  pykmip: {
    title: 'PyKMIP (any program that uses it)',
    place: 'in pykmip.conf',
    versions: '1.0 to 2.0',
    form: 'pair',
    profiles: ['pykmip'],
    steps: [
      '[client] host={host}, port={port}',
      '  keyfile={key}',
      '  certfile={certificate}',
      '  ca_certs={ca}',
      '  cert_reqs=CERT_REQUIRED, ssl_version=PROTOCOL_TLSv1_2, do_handshake_on_connect=True, suppress_ragged_eofs=True',
    ],
  },
} as const satisfies Readonly<Record<string, Product>>
