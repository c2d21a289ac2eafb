import { KmipError } from '../../protocol/kmip-error.ts'
import type { RequestBatchItem } from '../../protocol/message.ts'
import type { DataStream } from '../../domain/key-store.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import type { Principal } from '../../domain/principal.ts'
import type { OpenStream, PartResult, StreamPart, Streams, StreamTerms } from '../../domain/streams.ts'
import type { OpenEntry, StreamTable } from './stream-table.ts'

/**
 * Streams as one item, or a batch with Undo, works on them, until it is known what has become of it
 * (docs/decisions/008).
 */
export type MessageStreams = {
  /** The same for each run of an item: what a part does is done once. */
  forItem(item: RequestBatchItem): Streams
  /** The item or batch is over: what it has touched stays open if it succeeded, and ends if not. */
  settle(hasSucceeded: boolean): void
}

const unknown = (): KmipError =>
  new KmipError('InvalidCorrelationValue', 'There is no open stream with that Correlation Value', {
    older: 'ItemNotFound',
  })

/** @throws KmipError InvalidField for a second one that is another */
const keepProof = (entry: OpenEntry, given: Buffer | undefined): void => {
  if (given === undefined) return
  if (entry.proof !== undefined && !entry.proof.equals(given)) {
    throw new KmipError('InvalidField', 'The parts bring different values to verify')
  }
  entry.proof ??= Buffer.from(given)
}

const EMPTY = Buffer.alloc(0)

const process = (
  table: StreamTable,
  entry: OpenEntry,
  { data, isLast, proof }: StreamPart,
): MaybePromise<PartResult> => {
  const { stream } = entry
  table.checkBytes(entry, (stream.gathers ? (data?.length ?? 0) : 0) + (proof?.length ?? 0))
  keepProof(entry, proof)
  return then(data === undefined ? EMPTY : stream.update(data), (head) => {
    table.touch(entry)
    if (!isLast) return { data: head }
    entry.isEnding = true
    return then(stream.finish(entry.proof), (end) => {
      const { data: tail } = end
      return { ...end, data: tail === undefined || head.length === 0 ? tail : Buffer.concat([head, tail]) }
    })
  })
}

const withIv = (terms: StreamTerms, { ivCounterNonce }: DataStream): StreamTerms =>
  ivCounterNonce === undefined ? terms : { ...terms, ivCounterNonce }

const openStream = (table: StreamTable, entry: OpenEntry): OpenStream => {
  let result: MaybePromise<PartResult> | undefined
  return {
    terms: entry.terms,
    correlationValue: Buffer.from(entry.id, 'hex'),
    put: (part) => (result ??= process(table, entry, part)),
  }
}

const createTouchedStreams = (table: StreamTable, principal: Principal): MessageStreams => {
  let touched: Set<OpenEntry> | undefined
  const items = new Map<RequestBatchItem, Streams>()

  const hold = (entry: OpenEntry): OpenStream => {
    touched ??= new Set()
    touched.add(entry)
    entry.user = touched
    return openStream(table, entry)
  }

  /** Parts that come at once come in no order: no stream goes on after that. */
  const isFree = (entry: OpenEntry): boolean => {
    if (entry.user !== undefined && entry.user !== touched) entry.isEnding = true
    return !entry.isEnding
  }

  const streamsOf = (): Streams => {
    let held: MaybePromise<OpenStream> | undefined
    let taken: OpenStream | undefined
    return {
      open: (terms, begin) => {
        if (held !== undefined) return held
        table.checkRoom(principal)
        held = then(begin(), (stream) => hold(table.add(principal, withIv(terms, stream), stream)))
        return held
      },
      take: (correlationValue, operation) => {
        if (taken !== undefined) return taken
        const entry = table.find(principal, correlationValue, operation)
        if (entry === undefined || !isFree(entry)) throw unknown()
        taken = hold(entry)
        return taken
      },
    }
  }

  return {
    forItem: (item) => {
      const known = items.get(item) ?? streamsOf()
      items.set(item, known)
      return known
    },
    settle: (hasSucceeded) => {
      if (touched === undefined) return
      for (const entry of touched) {
        entry.user = undefined
        if (entry.isEnding || !hasSucceeded) table.remove(entry)
        else table.touch(entry)
      }
      touched = undefined
    },
  }
}

/** For the items of one message of a client. Hardly any item has to do with streams: nothing is made for the others. */
export const createMessageStreams = (table: StreamTable, principal: Principal): MessageStreams => {
  let touched: MessageStreams | undefined
  return {
    forItem: (item) => (touched ??= createTouchedStreams(table, principal)).forItem(item),
    settle: (hasSucceeded) => touched?.settle(hasSucceeded),
  }
}
