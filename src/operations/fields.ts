import { bytes } from '../schema/primitives.ts'
import { type Field, optional, required } from '../schema/struct.ts'
import { identifier, objectReference, type ObjectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'

/** Unique Identifier of a request: without it the ID Placeholder is meant (1.4 section 4, 2.1 section 6). */
export const uniqueIdentifierOrPlaceholder: Field<ObjectReference, 'optional'> = optional(
  TAG.UniqueIdentifier,
  objectReference,
)

/** Unique Identifier of a response. */
export const uniqueIdentifier: Field<string, 'required'> = required(TAG.UniqueIdentifier, identifier)

/** Asynchronous Correlation Value (1.4 section 6.8, 2.1 section 9.1). */
export const asynchronousCorrelationValue: Field<Buffer, 'required'> = required(TAG.AsynchronousCorrelationValue, bytes)
