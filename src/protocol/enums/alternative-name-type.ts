import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Alternative Name Type (1.4 section 9.1.3.2.34, 2.1 section 11.2). */
export const ALTERNATIVE_NAME_TYPE = enumeration('Alternative Name Type', {
  UninterpretedTextString: [0x01, '1.2'],
  URI: [0x02, '1.2'],
  ObjectSerialNumber: [0x03, '1.2'],
  EmailAddress: [0x04, '1.2'],
  DNSName: [0x05, '1.2'],
  X_500DistinguishedName: [0x06, '1.2'],
  IPAddress: [0x07, '1.2'],
})

export type AlternativeNameType = EnumName<typeof ALTERNATIVE_NAME_TYPE>
