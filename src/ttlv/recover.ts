import { TtlvError } from './error.ts'
import { ITEM_TYPE } from './item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, tagAt, typeAt } from './reader.ts'
import { DEFAULT_LIMITS, scan, type ScanLimits } from './scan.ts'
import { Writer } from './writer.ts'

/** What is wrong with a message, and where. */
export type Damage = { readonly problem: string; readonly offset: number; readonly path: readonly number[] }

export type Recovered = {
  /** The items before the damage, well-formed; empty where there is none. */
  readonly message: Buffer
  /** None where the message is whole. The last one is where reading ended. */
  readonly damage: readonly Damage[]
  /** Where the next message begins. */
  readonly next: number
}

type Recovery = {
  readonly buffer: Buffer
  readonly limits: ScanLimits
  readonly writer: Writer
  readonly damage: Damage[]
  readonly path: number[]
  items: number
}

const note = ({ damage, path }: Recovery, problem: string, offset: number): void =>
  void damage.push({ problem, offset, path: [...path] })

const LEAF: ScanLimits = { maxDepth: 0, maxItems: 1 }

/** Copies an item that is no structure; false where it is damaged. */
const copyLeaf = (recovery: Recovery, at: number, end: number): boolean => {
  const { buffer, writer } = recovery
  const item = buffer.subarray(at, Math.min(end, nextItem(buffer, at)))
  try {
    scan(item, true, LEAF)
  } catch (error) {
    if (!(error instanceof TtlvError)) throw error
    note(recovery, error.problem, at)
    return false
  }
  writer.raw(item)
  return true
}

/** Copies a structure as far as it goes; false where nothing behind it can be trusted. */
const copyStructure = (recovery: Recovery, at: number, end: number): boolean => {
  const { buffer, limits, writer, path } = recovery
  const begin = at + HEADER_LENGTH
  const length = lengthAt(buffer, at)
  const isWhole = length <= end - begin
  if (!isWhole) note(recovery, `a structure of ${length} bytes, of which ${end - begin} are there`, at)
  if (path.length > limits.maxDepth) {
    note(recovery, 'nested too deeply', at)
    return false
  }
  const start = writer.begin(tagAt(buffer, at))
  const isSound = copyItems(recovery, begin, isWhole ? begin + length : end)
  writer.end(start)
  return isSound && isWhole
}

const copyItem = (recovery: Recovery, at: number, end: number): boolean => {
  const { buffer, limits, path } = recovery
  if (end - at < HEADER_LENGTH) {
    note(recovery, 'incomplete item header', at)
    return false
  }
  path.push(tagAt(buffer, at))
  recovery.items += 1
  if (recovery.items > limits.maxItems) {
    note(recovery, 'too many items', at)
    return false
  }
  const isStructure = typeAt(buffer, at) === ITEM_TYPE.Structure
  const isSound = isStructure ? copyStructure(recovery, at, end) : copyLeaf(recovery, at, end)
  path.pop()
  return isSound
}

const copyItems = (recovery: Recovery, from: number, end: number): boolean => {
  for (let at = from; at < end; at = nextItem(recovery.buffer, at)) if (!copyItem(recovery, at, end)) return false
  return true
}

/** The message that begins at `at`, or as much of it as there is: for whoever has to find out what is wrong with it. */
export const recover = (buffer: Buffer, at: number, limits: ScanLimits = DEFAULT_LIMITS): Recovered => {
  const writer = new Writer()
  const recovery: Recovery = { buffer, limits, writer, damage: [], path: [], items: 0 }
  copyItem(recovery, at, buffer.length)
  const next = buffer.length - at < HEADER_LENGTH ? buffer.length : Math.min(buffer.length, nextItem(buffer, at))
  return { message: Buffer.from(writer.bytes()), damage: recovery.damage, next }
}
