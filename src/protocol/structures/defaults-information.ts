import { enumOf } from '../../schema/primitives.ts'
import { type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import { attributeList } from '../attribute-wire.ts'
import { OBJECT_TYPE } from '../enumerations.ts'
import { TAG } from '../tags.ts'
import { objectGroups, objectTypes } from './object-scope.ts'

/** Object Defaults (2.1 section 7.22): one Object Type, or a list of them since 2.1. */
export const objectDefaults = struct('Object Defaults', {
  objectType: optional(TAG.ObjectType, enumOf(OBJECT_TYPE)),
  objectTypes: optional(TAG.ObjectTypes, objectTypes, { since: '2.1' }),
  attributes: attributeList('required'),
  objectGroups: optional(TAG.ObjectGroups, objectGroups, { since: '2.1' }),
})

/** Defaults Information (2.1 section 7.11). */
export const defaultsInformation = struct('Defaults Information', {
  objectDefaults: repeated(TAG.ObjectDefaults, objectDefaults),
})

export type ObjectDefaults = Infer<typeof objectDefaults.fields>
export type DefaultsInformation = Infer<typeof defaultsInformation.fields>
