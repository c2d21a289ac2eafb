import { RESULT_REASON } from '../../protocol/enumerations.ts'
import type { RequestBatchItem } from '../../protocol/message.ts'
import { TAG } from '../../protocol/tags.ts'
import { reasonIn } from '../failures.ts'
import { beginItem, writePendingItem } from '../response.ts'
import type { EngineParts } from '../run-item.ts'
import type { Version } from '../../schema/version.ts'
import type { Writer } from '../../ttlv/writer.ts'
import type { JobAnswer } from './job-desk.ts'

export type Asked = { readonly parts: EngineParts; readonly version: Version; readonly item: RequestBatchItem }

/**
 * Writes what Poll is answered. Of a job that has run, that is what the operation would have been answered at once (1.4
 * section 4.28, 2.1 section 6.1.38): the operation is that of the job. The payload is in the version of the Poll.
 */
export const writeJobAnswer = (writer: Writer, answer: JobAnswer, { parts, version, item }: Asked): void => {
  if (answer.kind === 'pending') return writePendingItem(writer, item, answer.correlationValue)
  const { operation, outcome } = answer
  const start = beginItem(writer, { ...item, operation }, outcome.status)
  if (outcome.status === 'OperationFailed') {
    writer.enumeration(TAG.ResultReason, RESULT_REASON.code[reasonIn(outcome.failure, version)])
    writer.text(TAG.ResultMessage, outcome.failure.message)
  } else if (outcome.payload !== undefined) {
    if (version === answer.version) writer.raw(outcome.payload)
    else parts.operations.get(operation)?.translate(outcome.payload, answer.version, version, writer)
  }
  writer.end(start)
}
