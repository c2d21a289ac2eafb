import type { ManagedObject } from '../../domain/managed-object.ts'
import { type Principal, SERVER_ID } from '../../domain/principal.ts'
import { rotatedBy, rotationDue } from '../../domain/rotation.ts'
import { linkedIds } from '../../domain/wrapping-keys.ts'
import { valueOf } from '../../domain/attribute-set.ts'
import { OPERATION, type Operation } from '../../protocol/enumerations.ts'
import { TAG } from '../../protocol/tags.ts'
import { LATEST_VERSION } from '../../schema/version.ts'
import { Writer } from '../../ttlv/writer.ts'
import { emptyBatchState } from '../batch-identifiers.ts'
import type { UnitOfWork } from '../objects/unit-of-work.ts'
import { type EngineParts, performItem } from '../run-item.ts'
import { createMessageStreams } from '../streams/message-streams.ts'
import type { WriterPool } from '../writer-pool.ts'

export type RotationTools = { readonly parts: EngineParts; readonly pool: WriterPool }

/** Bytes that the answer of a rotation, which nobody reads, may have. */
const ANSWER_SIZE = 64 * 1024

/** With the rights of the owner, and none besides: what the object names must be the owner's, too. */
const ownerOf = (object: Pick<ManagedObject, 'owner' | 'tenant'>): Principal => ({
  id: object.owner,
  name: object.owner,
  tenant: object.tenant,
  role: 'client',
  groups: [],
  actor: SERVER_ID,
})

/** The object that the operation names: of a pair, the private key. */
const subjectOf = (object: ManagedObject): string =>
  object.objectType === 'PublicKey' ? (linkedIds(object, 'PrivateKeyLink')[0] ?? object.id) : object.id

const requestFor = (object: ManagedObject, operation: Operation): Buffer => {
  const writer = new Writer()
  const start = writer.begin(TAG.RequestPayload)
  writer.text(operation === 'ReKeyKeyPair' ? TAG.PrivateKeyUniqueIdentifier : TAG.UniqueIdentifier, subjectOf(object))
  const offset = valueOf(object.attributes, 'RotateOffset')
  if (offset !== undefined) writer.interval(TAG.Offset, offset)
  writer.end(start)
  return Buffer.from(writer.bytes())
}

const perform = async (
  { parts, pool }: RotationTools,
  unit: UnitOfWork,
  object: ManagedObject,
  operation: Operation,
): Promise<void> => {
  const principal = ownerOf(object)
  const writer = pool.acquire()
  try {
    await performItem(
      {
        parts,
        version: LATEST_VERSION,
        principal,
        writer,
        maximumSize: ANSWER_SIZE,
        batch: emptyBatchState(1),
        streams: createMessageStreams(parts.streams, principal),
        item: {
          operation: OPERATION.code[operation],
          payload: requestFor(object, operation),
          messageExtension: [],
        },
      },
      unit,
    )
  } finally {
    pool.release(writer)
  }
}

/**
 * Rotates an object, if it is due: it may have been rotated meanwhile, by itself, with the other half of its pair, or by
 * another process. One commit holds all of it, and names the version of what is replaced.
 * @throws KmipError, ConflictError
 */
export const rotateObject = async (tools: RotationTools, tenant: string, id: string): Promise<boolean> => {
  const unit = tools.parts.createUnit()
  const now = tools.parts.clock.now()
  const object = await unit.load(tenant, id)
  const operation = object && rotatedBy(object)
  if (object === undefined || operation === undefined || (rotationDue(object) ?? Infinity) > now) return false
  await perform(tools, unit, object, operation)
  await unit.commit()
  return true
}
