import { alternative, oneOf } from '../../schema/combinators.ts'
import type { Kind } from '../../schema/kind.ts'
import { dateTime, enumOf, interval } from '../../schema/primitives.ts'
import { type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import { OPERATION } from '../enumerations.ts'
import { TAG } from '../tags.ts'
import { usageLimits } from './attribute-values.ts'
import { objectGroups } from './object-scope.ts'
import { mapped, objectReference } from './unique-identifier.ts'

/** Objects (2.1 section 7.21). */
export const objects = struct('Objects', { ids: repeated(TAG.UniqueIdentifier, objectReference) })

/** Operations (2.1 section 7.25). */
export const operations = struct('Operations', { names: repeated(TAG.Operation, enumOf(OPERATION)) })

/** Right (2.1 section 7.34): what is left out is not restricted. */
export const right = struct('Right', {
  usageLimits: optional(TAG.UsageLimits, usageLimits),
  operations: optional(TAG.Operations, operations),
  objects: optional(TAG.Objects, objects),
  objectGroups: optional(TAG.ObjectGroups, objectGroups, { since: '2.1' }),
})

/** Rights (2.1 section 7.35). */
export const rights = struct('Rights', { rights: repeated(TAG.Right, right) })

export type Right = Infer<typeof right.fields>

/** How long a ticket holds: for some seconds, or until a time (2.1 sections 6.1.12 and 6.1.30). */
export type Lease =
  { readonly kind: 'interval'; readonly seconds: number } | { readonly kind: 'until'; readonly time: number }

type Interval = Extract<Lease, { kind: 'interval' }>
type Until = Extract<Lease, { kind: 'until' }>

const isKind =
  <T extends Lease>(kind: T['kind']) =>
  (value: unknown): value is T =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind

/** See {@link Lease}. */
export const lease: Kind<Lease> = oneOf<Lease>('Lease Time', [
  alternative<Lease, Interval>(
    mapped(
      interval,
      (seconds): Interval => ({ kind: 'interval', seconds }),
      ({ seconds }) => seconds,
    ),
    isKind<Interval>('interval'),
  ),
  alternative<Lease, Until>(
    mapped(
      dateTime,
      (time): Until => ({ kind: 'until', time }),
      ({ time }) => time,
    ),
    isKind<Until>('until'),
  ),
])
