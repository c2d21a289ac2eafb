import { equalValues } from '../domain/equal-values.ts'
import type { HeldKey, StreamedOperation, StreamStart } from '../domain/key-store.ts'
import type { Purpose } from '../domain/key-use.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import type { OpenStream, PartResult, StreamTerms } from '../domain/streams.ts'
import { protecting } from '../domain/usage-limits.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { ObjectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { boolean, bytes } from '../schema/primitives.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { parametersFor } from './parameters-for.ts'

/*
 * Data that comes in parts (1.4 section 4, 2.1 section 6.1): Init Indicator with the first, the Correlation Value with
 * the others, Final Indicator with the last.
 */

/** The indicators in a request (1.4 sections 2.1.15 to 2.1.17, 2.1 sections 7.8, 7.11 and 7.13). */
export const streamFields = {
  correlationValue: optional(TAG.CorrelationValue, bytes, { since: '1.3' }),
  initIndicator: optional(TAG.InitIndicator, boolean, { since: '1.3' }),
  finalIndicator: optional(TAG.FinalIndicator, boolean, { since: '1.3' }),
}

/** In a response. */
export const correlationValue = optional(TAG.CorrelationValue, bytes, { since: '1.3' })

type Indicators = Infer<typeof streamFields>

type PartRequest = Indicators & {
  readonly uniqueIdentifier?: ObjectReference | undefined
  readonly cryptographicParameters?: CryptographicParameters | undefined
  readonly data?: Buffer | undefined
  readonly digestedData?: Buffer | undefined
  readonly ivCounterNonce?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
  readonly tag?: Buffer | undefined
  /** The signature or MAC to verify. */
  readonly proof?: Buffer | undefined
}

/** What a part is answered with. */
export type PartAnswer = PartResult & {
  /** None after the last part: the stream is over. */
  readonly correlationValue: Buffer | undefined
}

export type KeyedPartAnswer = PartAnswer & {
  readonly uniqueIdentifier: string
  /** Set with the first part where the server chose it. */
  readonly ivCounterNonce: Buffer | undefined
}

type Keyed = Exclude<StreamedOperation, 'Hash'>

const PURPOSES: Readonly<Record<Keyed, { readonly purpose: Purpose; readonly counts: boolean }>> = {
  Encrypt: { purpose: 'Encrypt', counts: true },
  Decrypt: { purpose: 'Decrypt', counts: false },
  Sign: { purpose: 'Sign', counts: true },
  SignatureVerify: { purpose: 'Verify', counts: false },
  MAC: { purpose: 'MACGenerate', counts: true },
  MACVerify: { purpose: 'MACVerify', counts: false },
}

/** Whether a request is complete in itself: none of the three fields, or Init and Final Indicator together. */
export const isWhole = ({ correlationValue, initIndicator, finalIndicator }: Indicators): boolean =>
  correlationValue === undefined && (initIndicator ?? false) === (finalIndicator ?? false)

const EMPTY = Buffer.alloc(0)

const dataMissing = (): KmipError => new KmipError('InvalidMessage', 'The data is missing')

/**
 * The data of a request that is complete in itself. It may be left out where both indicators are there.
 * @throws KmipError InvalidMessage without data
 */
export const wholeData = ({ data, initIndicator }: Indicators & { readonly data?: Buffer | undefined }): Buffer => {
  if (data !== undefined) return data
  if (initIndicator === true) return EMPTY
  throw dataMissing()
}

/** What a request that is complete in itself has to bring to be verified. @throws KmipError InvalidMessage */
export const neededProof = (proof: Buffer | undefined): Buffer => {
  if (proof === undefined) throw new KmipError('InvalidMessage', 'What is to be verified is missing')
  return proof
}

/** @throws KmipError InvalidCorrelationValue, InvalidMessage, InvalidField */
const checkPart = ({ correlationValue, initIndicator, finalIndicator, data, digestedData }: PartRequest): void => {
  if ((correlationValue === undefined) !== (initIndicator === true)) {
    throw new KmipError('InvalidCorrelationValue', 'A part needs either the Init Indicator or a Correlation Value', {
      older: 'InvalidMessage',
    })
  }
  if (data === undefined && initIndicator !== true && finalIndicator !== true) throw dataMissing()
  if (digestedData !== undefined) throw new KmipError('InvalidField', 'A digest does not come in parts')
}

const different = (what: string): KmipError =>
  new KmipError('InvalidField', `${what} of a later part differs from that of the first`)

/** A later part may say again what the first one said: clients do (CS-BC-M-GCM-3, TC-STREAM-HASH-1). */
const checkRepeated = (terms: StreamTerms, request: PartRequest): void => {
  const { cryptographicParameters, ivCounterNonce, additionalData, tag } = request
  if (cryptographicParameters !== undefined && !equalValues(cryptographicParameters, terms.parameters)) {
    throw different('The Cryptographic Parameters')
  }
  if (ivCounterNonce !== undefined && !equalValues(ivCounterNonce, terms.ivCounterNonce)) throw different('The IV')
  if (additionalData !== undefined || tag !== undefined) {
    throw new KmipError('InvalidField', 'Additional data and tag come with the first part')
  }
}

const partOf = ({ data, finalIndicator, proof }: PartRequest) => ({ data, proof, isLast: finalIndicator === true })

/** What a stream keeps must not be part of the message, whose buffer is reused. */
const copy = (value: Buffer | undefined): Buffer | undefined => (value === undefined ? undefined : Buffer.from(value))

const copied = (parameters: CryptographicParameters): CryptographicParameters => ({
  ...parameters,
  pSource: copy(parameters.pSource),
  contextString: copy(parameters.contextString),
})

/** Where nothing comes of a part, there is no field for it. */
const answerOf = (stream: OpenStream, { finalIndicator }: PartRequest, result: PartResult): PartAnswer => ({
  ...result,
  data: result.data === undefined || result.data.length === 0 ? undefined : result.data,
  correlationValue: finalIndicator === true ? undefined : stream.correlationValue,
})

type Opened = { readonly stream: OpenStream; readonly ivCounterNonce: Buffer | undefined }

const openWith = (
  context: OperationContext,
  operation: Keyed,
  request: PartRequest,
  object: ManagedObject,
  key: HeldKey,
): MaybePromise<Opened> => {
  const parameters = copied(parametersFor(request, object))
  const ivCounterNonce = copy(request.ivCounterNonce)
  const { objectId, sealVersion } = key
  const terms = { operation, key: { objectId, sealVersion }, parameters, ivCounterNonce }
  const start: StreamStart =
    operation === 'Encrypt' || operation === 'Decrypt'
      ? {
          operation,
          key,
          parameters,
          ivCounterNonce,
          additionalData: copy(request.additionalData),
          tag: copy(request.tag),
        }
      : { operation, key, parameters }
  return then(
    context.streams().open(terms, () => context.keys.beginStream(start)),
    (stream) => {
      const { ivCounterNonce: used } = stream.terms
      return { stream, ivCounterNonce: equalValues(used, ivCounterNonce) ? undefined : used }
    },
  )
}

/** A key is the same only with the same material. */
const checkSameKey = ({ terms }: OpenStream, { objectId, sealVersion }: HeldKey): void => {
  if (terms.key?.objectId === objectId && terms.key.sealVersion === sealVersion) return
  throw new KmipError('InvalidCorrelationValue', 'The stream was opened with another key', { older: 'ItemNotFound' })
}

/**
 * One part of a stream. Whether the key may be used is asked with each of them: a key that is revoked meanwhile ends the
 * stream. Usage Limits count what is processed: the bytes of each part, and one object with the first.
 * @throws KmipError as the operation does whose data is there as a whole, and InvalidCorrelationValue
 */
export const servePart = (
  context: OperationContext,
  operation: Keyed,
  request: PartRequest,
): MaybePromise<KeyedPartAnswer> => {
  const { objects, batch, now } = context
  const { purpose, counts } = PURPOSES[operation]
  checkPart(request)
  const known = request.correlationValue && context.streams().take(request.correlationValue, operation)
  if (known !== undefined) checkRepeated(known.terms, request)
  return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
    then(keyToUse(context, object, purpose), (key) => {
      if (known !== undefined) checkSameKey(known, key)
      const bytes = request.data?.length ?? 0
      const counted = counts ? protecting(object, bytes, now, known === undefined ? 1 : 0) : object
      const opened =
        known === undefined
          ? openWith(context, operation, request, object, key)
          : { stream: known, ivCounterNonce: undefined }
      return then<Opened, KeyedPartAnswer>(opened, ({ stream, ivCounterNonce }) =>
        then(stream.put(partOf(request)), (result) => {
          if (counted !== object) objects.update(counted)
          return { ...answerOf(stream, request, result), uniqueIdentifier: object.id, ivCounterNonce }
        }),
      )
    }),
  )
}

/** One part of data that is hashed: no key is used. @throws KmipError InvalidField, InvalidCorrelationValue */
export const serveHashPart = (
  context: OperationContext,
  request: PartRequest & { readonly cryptographicParameters: CryptographicParameters },
): MaybePromise<PartAnswer> => {
  checkPart(request)
  const known = request.correlationValue && context.streams().take(request.correlationValue, 'Hash')
  if (known !== undefined) checkRepeated(known.terms, request)
  const parameters = copied(request.cryptographicParameters)
  const terms: StreamTerms = { operation: 'Hash', key: undefined, parameters, ivCounterNonce: undefined }
  const opened =
    known ?? context.streams().open(terms, () => context.keys.beginStream({ operation: 'Hash', parameters }))
  return then<OpenStream, PartAnswer>(opened, (stream) =>
    then(stream.put(partOf(request)), (result) => answerOf(stream, request, result)),
  )
}
