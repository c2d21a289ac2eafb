/** The TTLV item types with their one-byte codes (KMIP 1.4 section 9.1.1.2, 2.1 section 10.1.2; the last three: 3.0). */
export const ITEM_TYPE = {
  Structure: 0x01,
  Integer: 0x02,
  LongInteger: 0x03,
  BigInteger: 0x04,
  Enumeration: 0x05,
  Boolean: 0x06,
  TextString: 0x07,
  ByteString: 0x08,
  DateTime: 0x09,
  Interval: 0x0a,
  DateTimeExtended: 0x0b,
  Identifier: 0x0c,
  Reference: 0x0d,
  NameReference: 0x0e,
} as const

export type ItemTypeName = keyof typeof ITEM_TYPE
export type ItemType = (typeof ITEM_TYPE)[ItemTypeName]

const NAMES: readonly (ItemTypeName | undefined)[] = (() => {
  const names: (ItemTypeName | undefined)[] = []
  for (const name of Object.keys(ITEM_TYPE) as ItemTypeName[]) names[ITEM_TYPE[name]] = name
  return names
})()

/** Name of a type code, or undefined where the code is none. */
export const itemTypeName = (code: number): ItemTypeName | undefined => NAMES[code]

/** Whether a type is a text on the wire: Identifier, Reference and Name Reference are (3.0). */
export const isTextType = (type: number): boolean => type === ITEM_TYPE.TextString || type >= ITEM_TYPE.Identifier
