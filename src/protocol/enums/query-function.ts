import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Query Function (1.4 section 9.1.3.2.24, 2.1 section 11.44). */
export const QUERY_FUNCTION = enumeration('Query Function', {
  QueryOperations: [0x01, '1.0'],
  QueryObjects: [0x02, '1.0'],
  QueryServerInformation: [0x03, '1.0'],
  QueryApplicationNamespaces: [0x04, '1.0'],
  QueryExtensionList: [0x05, '1.1'],
  QueryExtensionMap: [0x06, '1.1'],
  QueryAttestationTypes: [0x07, '1.2'],
  QueryRNGs: [0x08, '1.3'],
  QueryValidations: [0x09, '1.3'],
  QueryProfiles: [0x0a, '1.3'],
  QueryCapabilities: [0x0b, '1.3'],
  QueryClientRegistrationMethods: [0x0c, '1.3'],
  QueryDefaultsInformation: [0x0d, '2.0'],
  QueryStorageProtectionMasks: [0x0e, '2.0'],
  QueryCredentialInformation: [0x0f, '3.0'],
})

export type QueryFunction = EnumName<typeof QUERY_FUNCTION>
