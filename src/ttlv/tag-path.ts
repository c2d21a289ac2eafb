import { ITEM_TYPE } from './item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, tagAt, typeAt } from './reader.ts'

/**
 * The tags from the outermost structure down to the item that covers `offset`: where an error is, in words a reader of
 * the specification understands. Walked only once something is wrong, so that reading itself keeps no stack. Stops at
 * what is too damaged to walk.
 */
export const tagPath = (buffer: Buffer, offset: number): readonly number[] => {
  const path: number[] = []
  let at = 0
  let end = buffer.length
  while (end - at >= HEADER_LENGTH) {
    const next = nextItem(buffer, at)
    if (offset >= next) {
      at = next
      continue
    }
    path.push(tagAt(buffer, at))
    if (typeAt(buffer, at) !== ITEM_TYPE.Structure || offset < at + HEADER_LENGTH) break
    end = Math.min(end, at + HEADER_LENGTH + lengthAt(buffer, at))
    at += HEADER_LENGTH
  }
  return path
}
