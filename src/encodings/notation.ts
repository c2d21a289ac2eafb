import type { ItemTypeName } from '../ttlv/item-type.ts'
import type { Scalar } from './text-item.ts'

/** Reads the values of each type; `field` is the tag that says what names mean. Undefined is refused. */
export type ValueReader = {
  integer(value: Scalar, field: number): number | undefined
  longInteger(value: Scalar): bigint | undefined
  bigInteger(value: Scalar): Buffer | undefined
  enumeration(value: Scalar, field: number): number | undefined
  boolean(value: Scalar): boolean | undefined
  text(value: Scalar): string | undefined
  bytes(value: Scalar): Buffer | undefined
  dateTime(value: Scalar): number | undefined
  interval(value: Scalar): number | undefined
  dateTimeExtended(value: Scalar): bigint | undefined
}

/** Writes them, as they stand in the text. */
export type ValueWriter = {
  integer(value: number, field: number): string
  longInteger(value: bigint): string
  bigInteger(value: Buffer): string
  enumeration(code: number, field: number): string
  boolean(value: boolean): string
  /** Undefined where the notation has no way to write it. */
  text(value: string): string | undefined
  bytes(value: Buffer): string
  dateTime(seconds: bigint): string
  interval(seconds: number): string
  dateTimeExtended(microseconds: bigint): string
}

/** How items are put into text. */
export type Layout = {
  readonly values: ValueWriter
  leaf(tag: number, type: ItemTypeName, value: string): string
  /** What stands before the items of a structure and, where there is anything, after them. */
  open(tag: number): string
  readonly close?: (tag: number) => string
  empty(tag: number): string
  /** Between two items. */
  readonly separator: string
}

export type RenderOptions = {
  /** Line breaks, and so many blanks for each level: for people. */
  readonly indent?: number
  /** Items, by their offset, whose values are not shown, and what is shown in their place. */
  readonly hidden?: ReadonlySet<number>
  readonly inPlace?: (buffer: Buffer, at: number) => string
}
