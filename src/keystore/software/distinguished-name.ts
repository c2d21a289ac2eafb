import 'reflect-metadata'
import { AsnConvert } from '@peculiar/asn1-schema'
import { type AttributeTypeAndValue, Name } from '@peculiar/asn1-x509'
import { Name as NameReader } from '@peculiar/x509'

/** The text attributes of 2.x that tell a name's parts (2.1 section 4.6), by object identifier. */
const PARTS = {
  '2.5.4.3': 'CN',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'Email',
  '2.5.4.6': 'C',
  '2.5.4.8': 'ST',
  '2.5.4.7': 'L',
  '0.9.2342.19200300.100.1.1': 'UID',
  '2.5.4.5': 'SerialNumber',
  '2.5.4.12': 'Title',
  '0.9.2342.19200300.100.1.25': 'DC',
  '2.5.4.46': 'DNQualifier',
} as const

export type NamePart = (typeof PARTS)[keyof typeof PARTS]

const parts: ReadonlyMap<string, NamePart> = new Map(Object.entries(PARTS))

/** Object identifiers of the parts. */
export const partTypes: ReadonlyMap<string, string> = new Map(Object.entries(PARTS).map(([type, part]) => [part, type]))

/** Keywords of RFC 4514 section 3; other types are written as their object identifier. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.6', 'C'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
])

/** RFC 4514 section 2.4. */
const escape = (value: string): string =>
  value
    .replace(/[\\",+;<>]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `)

const pairText = ({ type, value }: AttributeTypeAndValue): string => {
  const keyword = KEYWORDS.get(type)
  if (keyword !== undefined) return `${keyword}=${escape(value.toString())}`
  return `${type}=#${Buffer.from(AsnConvert.serialize(value)).toString('hex')}`
}

/** A name as text, last part first (RFC 4514): the form of the 1.x certificate attributes. */
export const nameText = (name: Name): string =>
  [...name]
    .reverse()
    .map((relative) => [...relative].map(pairText).join('+'))
    .join(',')

/** The name that a text of this kind stands for. @throws Error where it stands for none */
export const parseName = (text: string): Name =>
  new Name([...AsnConvert.parse(new NameReader(text).toArrayBuffer(), Name)].reverse())

export const nameDer = (name: Name): Buffer => Buffer.from(AsnConvert.serialize(name))

/** The parts of a name that attributes tell, in their order. */
export const nameParts = (name: Name): readonly { readonly part: NamePart; readonly text: string }[] =>
  [...name].flatMap((relative) =>
    [...relative].flatMap(({ type, value }) => {
      const part = parts.get(type)
      return part === undefined ? [] : [{ part, text: value.toString() }]
    }),
  )
