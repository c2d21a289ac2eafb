import type { Operation } from '../../src/operations/define-operation.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type {
  BatchErrorContinuationOption,
  Operation as OperationName,
  ResultReason,
  ResultStatus,
} from '../../src/protocol/enumerations.ts'
import { requestMessage, responseMessage } from '../../src/protocol/message.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { struct } from '../../src/schema/struct.ts'
import { extendedTypesIn, type Version, versionNumbers } from '../../src/schema/version.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { Writer } from '../../src/ttlv/writer.ts'

/* Messages as a client writes and reads them, by the schemas of the operations. */

/** The value of a payload, as the schemas have it. */
export type Payload = Readonly<Record<string, unknown>>

export type Item = { readonly operation: OperationName; readonly request: Payload; readonly id?: Buffer }

export type ItemResult = {
  readonly operation: OperationName | undefined
  readonly id: Buffer | undefined
  readonly status: ResultStatus
  readonly reason: ResultReason | undefined
  readonly message: string | undefined
  /** Of an item that is pending. */
  readonly correlationValue: Buffer | undefined
  /** Empty where the item failed. */
  readonly payload: Payload
}

export type BatchOptions = {
  readonly option?: BatchErrorContinuationOption
  readonly maximumResponseSize?: number
  readonly header?: Payload
}

const operationNamed = (name: OperationName): Operation => {
  const operation = OPERATIONS.find((candidate) => candidate.name === name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  return operation
}

/** Encodes a request message of any version. */
export const encodeRequest = (version: Version, items: readonly Item[], options: BatchOptions = {}): Buffer => {
  const writer = new Writer()
  const encoded = items.map(({ operation, request, id }, index) => {
    writer.reset()
    const { code, request: fields } = operationNamed(operation)
    struct(operation, fields).compile(version).write(writer, TAG.RequestPayload, request)
    const uniqueBatchItemID = id ?? (items.length > 1 ? Buffer.from([index + 1]) : undefined)
    return { operation: code, uniqueBatchItemID, payload: Buffer.from(writer.bytes()), messageExtension: [] }
  })
  writer.reset()
  const header = {
    protocolVersion: versionNumbers(version),
    batchCount: items.length,
    attestationType: [],
    batchErrorContinuationOption: options.option,
    maximumResponseSize: options.maximumResponseSize,
    ...options.header,
  }
  requestMessage.compile(version).write(writer, TAG.RequestMessage, { header, items: encoded })
  return Buffer.from(writer.bytes())
}

/** Decodes a response message; it must be well formed in the version it names. */
export const decodeResponse = (bytes: Buffer, version: Version): readonly ItemResult[] => {
  scan(bytes, extendedTypesIn(version))
  const { items } = responseMessage.compile(version).read(bytes, 0)
  return items.map((item) => {
    const operation = OPERATIONS.find(({ code }) => code === item.operation)
    const payload =
      operation === undefined || item.payload === undefined
        ? {}
        : (struct(operation.name, operation.response).compile(version).read(item.payload, 0) as Payload)
    return {
      operation: operation?.name,
      id: item.uniqueBatchItemID,
      status: item.resultStatus,
      reason: item.resultReason,
      message: item.resultMessage,
      correlationValue: item.asynchronousCorrelationValue,
      payload,
    }
  })
}
