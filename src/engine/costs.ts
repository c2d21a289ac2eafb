import { KmipError } from '../protocol/kmip-error.ts'
import type { RequestBatchItem } from '../protocol/message.ts'
import type { FieldValue, Operation } from '../operations/define-operation.ts'
import type { Principal } from '../domain/principal.ts'
import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { readUnsigned, typeAt } from '../ttlv/reader.ts'
import { fieldAt } from './batch-data.ts'

/**
 * Items in work at once, for each client over all its connections, of those that each occupy a processor for a second or
 * more, such as an RSA key pair.
 */
const MOST_HEAVY = 64

const says = (payload: Buffer, { tag, code }: FieldValue): boolean => {
  const at = fieldAt(payload, tag)
  return at !== undefined && typeAt(payload, at) === ITEM_TYPE.Enumeration && readUnsigned(payload, at) === code
}

const isHeavy = (operation: Operation | undefined, { payload }: RequestBatchItem): boolean => {
  const heavy = operation?.isHeavy ?? false
  return typeof heavy === 'boolean' ? heavy : says(payload, heavy)
}

/** What clients have in work that is heavy. */
export type Costs = {
  /**
   * Takes the heavy items of a message into account, before any of it is done; `undefined` where there are none.
   * @returns what to call when they are done
   * @throws KmipError ServerLimitExceeded
   */
  begin(principal: Principal, items: readonly RequestBatchItem[]): (() => void) | undefined
}

export const createCosts = (operations: ReadonlyMap<number, Operation>): Costs => {
  const inWork = new Map<string, number>()
  const heavyOnes = (items: readonly RequestBatchItem[]): number =>
    items.filter((item) => isHeavy(operations.get(item.operation), item)).length
  const add = (id: string, count: number): void => {
    const sum = (inWork.get(id) ?? 0) + count
    if (sum === 0) inWork.delete(id)
    else inWork.set(id, sum)
  }
  return {
    begin: ({ id }, items) => {
      const count = heavyOnes(items)
      if (count === 0) return undefined
      if ((inWork.get(id) ?? 0) + count > MOST_HEAVY)
        throw new KmipError('ServerLimitExceeded', 'The client asks for too much work at once')
      add(id, count)
      return () => add(id, -count)
    },
  }
}
