import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { codeOf, fieldOfLabel, tagOf } from './names.ts'
import type { Element } from './parse.ts'

/** Gives the value of a variable, of the kind that its element has. */
export type Resolve = (element: Element, variable: string) => string

/** Seconds since 1970 of a date, however it is written. */
export const secondsOf = (value: string): number =>
  /^-?(0x)?[0-9a-f]+$/i.test(value) && !value.includes('T') ? Number(value) : Math.floor(Date.parse(value) / 1000)

/** The name by which an Attribute Value is to be understood: its own tag, or the attribute it belongs to. */
export const fieldIn = (element: Element, siblings: readonly Element[]): string => {
  if (element.name !== 'AttributeValue') return element.name
  const label = siblings.find(({ name }) => name === 'AttributeName')?.value
  return label === undefined ? element.name : fieldOfLabel(label)
}

const writeValue = (writer: Writer, element: Element, field: string, value: string): void => {
  const tag = tagOf(element.name, element.tag)
  switch (element.type) {
    case 'Integer':
      return writer.integer(tag, codeOf(field, value))
    case 'LongInteger':
      return writer.longInteger(tag, BigInt(value))
    case 'BigInteger':
      return writer.bigInteger(tag, Buffer.from(value.replace(/^0x/, ''), 'hex'))
    case 'Enumeration':
      return writer.enumeration(tag, codeOf(field, value))
    case 'Boolean':
      return writer.boolean(tag, value === 'true' || value === '1')
    case 'TextString':
      return writer.text(tag, element.name === 'AttributeName' ? value.replace(/\s+/g, ' ') : value)
    case 'ByteString':
      return writer.byteString(tag, Buffer.from(value, 'hex'))
    case 'DateTime':
      return writer.dateTime(tag, secondsOf(value))
    case 'DateTimeExtended':
      return writer.dateTimeExtended(tag, BigInt(value))
    case 'Identifier':
    case 'Reference':
    case 'NameReference':
      return writer.textAs(ITEM_TYPE[element.type], tag, value)
    case 'Interval':
      return writer.interval(tag, Number(value))
    default:
      throw new Error(`no type ${element.type}`)
  }
}

const write = (writer: Writer, element: Element, siblings: readonly Element[], resolve: Resolve): void => {
  if (element.type === 'Structure') {
    const start = writer.begin(tagOf(element.name, element.tag))
    for (const child of element.children) write(writer, child, element.children, resolve)
    writer.end(start)
    return
  }
  const given = element.value ?? ''
  writeValue(writer, element, fieldIn(element, siblings), given.startsWith('$') ? resolve(element, given) : given)
}

/** A message as it goes over the wire. */
export const encodeMessage = (message: Element, resolve: Resolve): Buffer => {
  const writer = new Writer()
  write(writer, message, [], resolve)
  return Buffer.from(writer.bytes())
}
