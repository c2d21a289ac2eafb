import { join } from 'node:path'
import { PACKAGE, python } from './python.ts'
import type { Result } from './results.ts'

/*
 * The demonstration programs that come with PyKMIP, in an order that makes sense, as a user would run them. They log
 * their failures and exit with 0, so what they say is what counts.
 */

/** Identifiers and cipher texts that earlier programs have printed, by the name given to them here. */
type Known = Map<string, string>

type Demo = {
  readonly script: string
  /** Tells several runs of one program apart. */
  readonly title?: string
  readonly words?: readonly string[]
  /** Identifiers the program gets, by the name under which an earlier one kept it. */
  readonly uuid?: string
  /** The message it gets, by the name under which an earlier one kept it: hex behind a `b`. */
  readonly message?: string
  /** Under which name the identifier or cipher text that it prints is kept. */
  readonly keeps?: readonly (readonly [name: string, pattern: RegExp])[]
  /** What it says when all went well. */
  readonly says: RegExp
}

const UNIT_SUCCESS = /result status: ResultStatus\.SUCCESS/

const PIE_ID = /with ID: ([0-9a-f-]{36})/

const AES: readonly string[] = ['-a', 'AES', '-l', '256']

const RSA: readonly string[] = ['-a', 'RSA', '-l', '2048']

/** pie/create_key_pair.py and its unit twin make RSA keys; keys of 1024 bits are in the programs that register. */
const DEMOS: readonly Demo[] = [
  { script: 'units/query.py', says: UNIT_SUCCESS },
  { script: 'units/discover_versions.py', says: UNIT_SUCCESS },
  { script: 'units/discover_versions.py', title: 'of a list', words: ['-v', '1.0,1.2'], says: UNIT_SUCCESS },
  { script: 'pie/create.py', words: AES, keeps: [['key', PIE_ID]], says: /Successfully created/ },
  { script: 'pie/get.py', uuid: 'key', says: /Successfully retrieved secret/ },
  { script: 'pie/get_attribute_list.py', uuid: 'key', says: /Successfully retrieved \d+ attribute names/ },
  {
    script: 'pie/get_attributes.py',
    uuid: 'key',
    words: ['-a', 'State', '-a', 'Cryptographic Length'],
    says: /Successfully retrieved 2 attributes/,
  },
  { script: 'pie/get_attributes.py', title: 'all', uuid: 'key', says: /Successfully retrieved \d+ attributes/ },
  {
    script: 'pie/locate.py',
    words: ['--cryptographic-algorithm', 'AES', '--state', 'PRE_ACTIVE'],
    says: /Located uuids: \['/,
  },
  {
    script: 'pie/locate.py',
    title: 'in pages',
    words: ['--offset-items', '0', '--maximum-items', '1'],
    says: /Located uuids: \['/,
  },
  { script: 'pie/create_key_pair.py', words: RSA, says: /Successfully created private key/ },
  { script: 'pie/register_symmetric_key.py', says: /Successfully registered/ },
  { script: 'pie/register_public_key.py', says: /Successfully registered/ },
  { script: 'pie/register_private_key.py', says: /Successfully registered/ },
  { script: 'pie/register_certificate.py', says: /Successfully registered/ },
  { script: 'pie/register_secret_data.py', says: /Successfully registered/ },
  { script: 'pie/register_opaque_object.py', says: /Successfully registered/ },
  { script: 'pie/register_split_key.py', says: /Successfully registered/ },
  {
    script: 'pie/encrypt.py',
    keeps: [
      ['cipher', /Secret ID: ([0-9a-f-]{36})/],
      ['cipher text', /Cipher text: b'([0-9a-f]+)'/],
    ],
    says: /Successfully encrypted/,
  },
  {
    script: 'pie/decrypt.py',
    uuid: 'cipher',
    message: 'cipher text',
    says: /Plain text: 'This is a secret message\.'/,
  },
  { script: 'pie/revoke.py', uuid: 'cipher', says: /Successfully revoked/ },
  { script: 'pie/destroy.py', uuid: 'cipher', says: /Successfully destroyed/ },
  { script: 'units/create.py', words: AES, keeps: [['unit', /created UUID: ([0-9a-f-]{36})/]], says: UNIT_SUCCESS },
  { script: 'units/create_key_pair.py', words: [...RSA, '-n', 'demo-pair'], says: UNIT_SUCCESS },
  { script: 'pie/modify_attribute.py', uuid: 'unit', says: /Successfully modified/ },
  { script: 'pie/delete_attribute.py', uuid: 'unit', says: /Successfully deleted/ },
  { script: 'pie/set_attribute.py', uuid: 'key', says: /Successfully set/ },
  { script: 'pie/destroy.py', title: 'before it was active', uuid: 'key', says: /Successfully destroyed/ },
  { script: 'units/get.py', uuid: 'unit', words: ['-f', 'RAW'], says: UNIT_SUCCESS },
  { script: 'units/locate.py', words: ['--object-type', 'SYMMETRIC_KEY'], says: UNIT_SUCCESS },
  { script: 'units/activate.py', uuid: 'unit', says: UNIT_SUCCESS },
  { script: 'units/revoke.py', uuid: 'unit', says: UNIT_SUCCESS },
  { script: 'units/destroy.py', uuid: 'unit', says: UNIT_SUCCESS },
  ...(
    [
      ['SYMMETRIC_KEY', 'RAW'],
      ['PUBLIC_KEY', 'X_509'],
      ['PRIVATE_KEY', 'PKCS_8'],
      ['CERTIFICATE', 'RAW'],
      ['SECRET_DATA', 'RAW'],
    ] as const
  ).map(([type, format]): Demo => ({
    script: 'units/register.py',
    title: type.toLowerCase(),
    words: ['-t', type, '-f', format],
    says: UNIT_SUCCESS,
  })),
]

/** A program may say that all went well and log a failure all the same. */
const FAILURE = / - ERROR - |Traceback/

const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.slice(0, 300) ?? ''

const runDemo = async (demo: Demo, config: string, known: Known): Promise<Result> => {
  const name = `demo ${demo.script}${demo.title === undefined ? '' : ` ${demo.title}`}`
  const needed = [demo.uuid, demo.message].filter((kept) => kept !== undefined)
  const absent = needed.find((kept) => !known.has(kept))
  if (absent !== undefined) return { name, ok: false, detail: `no earlier program has printed the ${absent}` }
  const words = [
    '-s',
    config,
    ...(demo.uuid === undefined ? [] : ['-i', known.get(demo.uuid) ?? '']),
    ...(demo.message === undefined ? [] : ['-m', `b${known.get(demo.message) ?? ''}`]),
    ...(demo.words ?? []),
  ]
  const { code, output } = await python(join(PACKAGE, 'demos', demo.script), words)
  for (const [kept, pattern] of demo.keeps ?? []) {
    const found = pattern.exec(output)?.[1]
    if (found !== undefined) known.set(kept, found)
  }
  const ok = code === 0 && demo.says.test(output) && !FAILURE.test(output)
  // What a program prints on success can be a key; the last line of a failure is its reason.
  return { name, ok, detail: ok ? '' : lastLine(output) }
}

/** Runs them one after the other. */
export const runDemos = async (config: string): Promise<readonly Result[]> => {
  const known: Known = new Map()
  const results: Result[] = []
  for (const demo of DEMOS) results.push(await runDemo(demo, config, known))
  return results
}
