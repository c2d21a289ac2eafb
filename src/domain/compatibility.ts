import type { Principal } from './principal.ts'

/*
 * What one client is granted beyond the standard because its program needs it and cannot be changed. Nobody has any of it
 * unless the administrator says so for that client: each switch would be a surprise for somebody else.
 */

/** Every switch, with what it does. */
export const SWITCHES = {
  'any-padding':
    'The bytes that pad a value to eight are not looked at; the standard wants zeros (1.4 section 9.1.1.4).',
  'iv-before-data':
    'Decrypt with CBC and no IV/Counter/Nonce takes the first block of the Data for it, as some other servers do (1.4 section 4.30).',
  'reuse-names':
    'Create with a Name that a living key of the same client, type, algorithm and length has answers with that key: devices that make their common key at the same time share it (1.4 section 3.2 wants the Name refused).',
  'common-attributes':
    'Get Attributes without names leaves out the attributes that PyKMIP and libkmip cannot read (1.4 section 4.12 wants all).',
} as const

export type Switch = keyof typeof SWITCHES

export type Compatibility = ReadonlySet<Switch>

/** Every profile: the switches that one product needs, and why. */
export const COMPATIBILITY_PROFILES = {
  'db2-padding': { switches: ['any-padding'], why: 'clients that leave in the padding what was in their memory' },
  'edb-thales': { switches: ['iv-before-data'], why: 'edb_tde_kmip_client.py with --variant=thales' },
  fortigate: { switches: ['reuse-names'], why: 'two FortiGates that make the keys of one tunnel at the same time' },
  pykmip: { switches: ['common-attributes'], why: 'PyKMIP and libkmip when they ask for all attributes of an object' },
} as const satisfies Readonly<Record<string, { readonly switches: readonly Switch[]; readonly why: string }>>

export type ProfileName = keyof typeof COMPATIBILITY_PROFILES

export const isProfileName = (name: string): name is ProfileName => Object.hasOwn(COMPATIBILITY_PROFILES, name)

/** The switches of all the profiles together; undefined where there is none, as nearly always. */
export const compatibilityOf = (profiles: readonly ProfileName[]): Compatibility | undefined =>
  profiles.length === 0 ? undefined : new Set(profiles.flatMap((name) => COMPATIBILITY_PROFILES[name].switches))

/** Whether that one is granted it. */
export const isGranted = ({ compatibility }: Pick<Principal, 'compatibility'>, wanted: Switch): boolean =>
  compatibility?.has(wanted) === true
