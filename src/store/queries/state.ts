import { sql, type RawBuilder } from 'kysely'
import { STATE } from '../../protocol/enums/state.ts'

/** The columns of a row that its state follows from. */
export type LifecycleReferences = {
  readonly activation: RawBuilder<number | null>
  readonly deactivation: RawBuilder<number | null>
  readonly compromise: RawBuilder<number | null>
  readonly destroy: RawBuilder<number | null>
}

const code = (state: number): RawBuilder<number> => sql.lit(state)

/**
 * Code of the State at the time `now` (1.4 section 3.22, 2.1 section 4.57), from the dates of a row. The first rule
 * that holds decides. The same rule for loaded objects: `domain/state.ts`.
 */
export const stateAt = (
  columns: LifecycleReferences,
  now: () => RawBuilder<number>,
): RawBuilder<number> => sql<number>`case
  when ${columns.destroy} is not null and ${columns.compromise} is not null then ${code(STATE.code.DestroyedCompromised)}
  when ${columns.destroy} is not null then ${code(STATE.code.Destroyed)}
  when ${columns.compromise} is not null then ${code(STATE.code.Compromised)}
  when ${columns.deactivation} <= ${now()} then ${code(STATE.code.Deactivated)}
  when ${columns.activation} <= ${now()} then ${code(STATE.code.Active)}
  else ${code(STATE.code.PreActive)} end`
