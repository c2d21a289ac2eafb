import { enumOf, nameReferenceText, text } from '../../schema/primitives.ts'
import { inForms, repeated, struct } from '../../schema/struct.ts'
import { OBJECT_TYPE } from '../enumerations.ts'
import { TAG } from '../tags.ts'

/*
 * Which objects a rule is about (2.1 sections 7.6, 7.22 and 7.34).
 */

/** Object Groups (2.1 section 7.23). */
export const objectGroups = struct('Object Groups', {
  groups: inForms<string, 'repeated'>(
    'repeated',
    { tag: TAG.ObjectGroup, kind: text, until: '2.1' },
    { tag: TAG.GroupLink, kind: nameReferenceText, since: '3.0' },
  ),
})

/** Object Types (2.1 section 7.24). */
export const objectTypes = struct('Object Types', { types: repeated(TAG.ObjectType, enumOf(OBJECT_TYPE)) })
