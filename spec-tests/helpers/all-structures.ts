import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import * as message from '../../src/protocol/message.ts'
import * as attributeValues from '../../src/protocol/structures/attribute-values.ts'
import * as credentials from '../../src/protocol/structures/credential.ts'
import * as parameters from '../../src/protocol/structures/cryptographic-parameters.ts'
import * as keyBlocks from '../../src/protocol/structures/key-block.ts'
import * as keyWrapping from '../../src/protocol/structures/key-wrapping.ts'
import * as managedObjects from '../../src/protocol/structures/managed-objects.ts'
import { structureOf } from './arbitrary.ts'
import { structuresIn, type Structure } from './structures.ts'
import { struct } from '../../src/schema/struct.ts'

structureOf('Key Material', keyBlocks.transparentKeyMaterial)
structureOf('Key Value', keyBlocks.plainKeyValue)

/** The structures of src/protocol. Payloads are views of messages there, not values of their own. */
export const STRUCTURES: readonly Structure[] = structuresIn(
  attributeValues,
  keyBlocks,
  keyWrapping,
  managedObjects,
  credentials,
  parameters,
  message,
).filter(({ kind }) => !/Batch Item|Message$/.test(kind.name))

/** The payloads of all operations. */
export const PAYLOADS: readonly Structure[] = OPERATIONS.flatMap(({ name, request, response }) => [
  { exported: name, kind: struct(`${name} Request Payload`, request), fields: request },
  { exported: name, kind: struct(`${name} Response Payload`, response), fields: response },
])
