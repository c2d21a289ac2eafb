import { readFileSync } from 'node:fs'
import type { Version } from '../../src/schema/version.ts'

/*
 * The facts of the OASIS specifications that are kept under spec-tests/fixtures: taken from the tables in the texts by
 * program, compared with src/protocol by the tests.
 */

/** Value in hex, name, first and last version whose tables list it. */
export type TableRow = readonly [value: string, name: string, since: Version, until: Version | null]

export type TableFacts = {
  readonly tags: readonly TableRow[]
  readonly enumerations: Readonly<Record<string, readonly TableRow[]>>
}

/** Always has a value, set by, client modifies, client deletes, multiple, set by which operations, object types. */
export type RuleRow = readonly [
  always: string,
  setBy: string,
  clientModifies: string,
  clientDeletes: string,
  multiple: string,
  implicit: string,
  objectTypes: string,
]

export type RuleFacts = { readonly rules: Readonly<Record<Version, Readonly<Record<string, RuleRow>>>> }

export type StructureField = readonly [name: string, required: 'yes' | 'no' | 'sometimes', repeated?: 'repeated']

export type StructureFacts = {
  readonly structures: Readonly<Record<Version, Readonly<Record<string, readonly StructureField[]>>>>
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'))

export const tableFacts = read('tables') as TableFacts
export const ruleFacts = read('attribute-rules') as RuleFacts
export const structureFacts = read('structures') as StructureFacts

/** What the draft of 3.0 adds, and the tags that it withdraws. */
export type DraftFacts = {
  readonly tags: readonly (readonly [value: string, name: string])[]
  readonly enumerations: Readonly<Record<string, readonly (readonly [value: string, name: string])[]>>
  readonly withdrawn: readonly string[]
  readonly rules: Readonly<Record<string, RuleRow>>
}

export const draftFacts = read('draft-3.0') as DraftFacts
