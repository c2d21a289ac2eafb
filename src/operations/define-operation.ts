import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import type { Operation as OperationName } from '../protocol/enums/operation.ts'
import { OPERATION, type ResultReason } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { type Fields, type Infer, struct } from '../schema/struct.ts'
import { inRange, type Version } from '../schema/version.ts'
import type { Writer } from '../ttlv/writer.ts'

export type OlderReasons = Readonly<Partial<Record<ResultReason, ResultReason>>>

export type AsynchronousUse = 'preferred' | 'never'

/** A field of a request payload with one of its values. */
export type FieldValue = { readonly tag: number; readonly code: number }

/** Section of the newest 1.x and of the newest 2.x text that define an operation, or of the draft of 3.0. */
export type Sections =
  | { readonly '1.4'?: string; readonly '2.1': string; readonly '3.0'?: undefined }
  | { readonly '3.0': string; readonly '1.4'?: undefined; readonly '2.1'?: undefined }

/** What an operation is: its place in the standard, its payloads, and what it does. One file each. */
export type OperationDefinition<Request extends Fields, Response extends Fields> = {
  readonly name: OperationName
  readonly spec: Sections
  readonly request: Request
  readonly response: Response
  /**
   * Whether it is answered later where the client leaves that to the server; `never` for what is about jobs itself, and
   * is answered at once whatever the client asks for.
   */
  readonly asynchronous?: AsynchronousUse
  /** Whether it occupies a processor for a second or more: always, or where an enumeration of its request says so. */
  readonly isHeavy?: boolean | FieldValue
  /** Reasons that 1.x has another word for in this operation than in general (1.4 section 11). */
  readonly olderReasons?: OlderReasons
  /**
   * Answers one request, at once where all it needs is at hand.
   * @throws KmipError
   */
  handle(context: OperationContext, request: Infer<Request>): MaybePromise<Infer<Response>>
}

/** An operation as the engine calls it, whatever its payloads are. */
export type Operation = {
  readonly name: OperationName
  readonly code: number
  readonly since: Version
  readonly until: Version | undefined
  readonly spec: Sections
  readonly request: Fields
  readonly response: Fields
  readonly olderReasons: OlderReasons
  readonly asynchronous: AsynchronousUse | undefined
  readonly isHeavy: boolean | FieldValue
  knownIn(version: Version): boolean
  /**
   * Decodes the payload item, handles it, and writes the response payload: all of it before anything is committed, so
   * that an answer that does not fit leaves nothing behind.
   * @throws SchemaError, TtlvError, KmipError
   */
  perform(context: OperationContext, payload: Buffer, writer: Writer): MaybePromise<void>
  /**
   * Writes a response payload of this server's in another version.
   * @throws SchemaError
   */
  translate(payload: Buffer, from: Version, to: Version, writer: Writer): void
}

export const defineOperation = <const Request extends Fields, const Response extends Fields>(
  definition: OperationDefinition<Request, Response>,
): Operation => {
  const { name, spec, request, response, asynchronous, isHeavy = false, olderReasons = {} } = definition
  const [code, since, until] = OPERATION.rows[name]
  const requestStruct = struct(`${name} Request Payload`, request)
  const responseStruct = struct(`${name} Response Payload`, response)
  return {
    name,
    code,
    since,
    until,
    spec,
    request,
    response,
    olderReasons,
    asynchronous,
    isHeavy,
    knownIn: (version) => inRange(version, { since, until }),
    perform: (context, payload, writer) => {
      const decoded = requestStruct.compile(context.version).read(payload, 0)
      return then(definition.handle(context, decoded), (answer) =>
        responseStruct.compile(context.version).write(writer, TAG.ResponsePayload, answer),
      )
    },
    translate: (payload, from, to, writer) => {
      const answer = responseStruct.compile(from).read(payload, 0)
      responseStruct.compile(to).write(writer, TAG.ResponsePayload, answer)
    },
  }
}
