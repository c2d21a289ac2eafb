import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { DataStream, StreamEnd, StreamedOperation } from './key-store.ts'
import type { MaybePromise } from './maybe-promise.ts'

/*
 * Data that comes in parts (1.4 sections 2.1.15 to 2.1.17 and 4; 2.1 sections 6.1 and 7.8): what is open between two
 * requests of a client.
 */

/** What the first part said, and later ones may only repeat. */
export type StreamTerms = {
  readonly operation: StreamedOperation
  /** The key and the version of its material; none for Hash. */
  readonly key: { readonly objectId: string; readonly sealVersion: number } | undefined
  readonly parameters: CryptographicParameters
  readonly ivCounterNonce: Buffer | undefined
}

/** One part. */
export type StreamPart = {
  readonly data: Buffer | undefined
  readonly isLast: boolean
  /** The signature or MAC that is verified: in whichever part it comes. */
  readonly proof: Buffer | undefined
}

/** What a part gives: what comes of its data, and with the last one the end. */
export type PartResult = StreamEnd

/** An open stream as one item of a message has it. */
export type OpenStream = {
  readonly terms: StreamTerms
  readonly correlationValue: Buffer
  /**
   * Processes a part, once: an item that is run again because its commit met a conflict gets the same answer.
   * @throws KmipError ServerLimitExceeded, and what the keystore says
   */
  put(part: StreamPart): MaybePromise<PartResult>
}

/** The streams of one client as one item of a message sees them. An item that fails ends the streams it has touched. */
export type Streams = {
  /** Opens a stream. @throws KmipError ServerLimitExceeded, and what `begin` throws */
  open(terms: StreamTerms, begin: () => MaybePromise<DataStream>): MaybePromise<OpenStream>
  /** The stream of this client and operation with that value. @throws KmipError InvalidCorrelationValue */
  take(correlationValue: Buffer, operation: StreamedOperation): OpenStream
}
