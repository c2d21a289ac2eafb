import type { State } from '../protocol/enums/state.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'
import type { LifecycleColumns } from './object-store.ts'

/**
 * The State of an object follows from its dates and the time, and from nothing else: a transition that is due has
 * happened, whether anybody looked or not (1.4 section 3.22, 2.1 section 4.57). The database derives it by the same
 * rule from the same columns.
 */
export const stateAt = (dates: LifecycleColumns, now: number): State => {
  const destroyed = dates.destroyDate !== undefined
  const compromised = dates.compromiseDate !== undefined
  if (destroyed) return compromised ? 'DestroyedCompromised' : 'Destroyed'
  if (compromised) return 'Compromised'
  if (dates.deactivationDate !== undefined && dates.deactivationDate <= now) return 'Deactivated'
  if (dates.activationDate !== undefined && dates.activationDate <= now) return 'Active'
  return 'PreActive'
}

/** The dates that decide, taken from the attributes. */
export const lifecycleOf = (attributes: AttributeSet): LifecycleColumns => ({
  activationDate: valueOf(attributes, 'ActivationDate'),
  deactivationDate: valueOf(attributes, 'DeactivationDate'),
  compromiseDate: valueOf(attributes, 'CompromiseDate'),
  destroyDate: valueOf(attributes, 'DestroyDate'),
  archiveDate: valueOf(attributes, 'ArchiveDate'),
})
