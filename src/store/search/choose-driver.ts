import { then, type MaybePromise } from '../../domain/maybe-promise.ts'
import type { Search } from '../../domain/object-store.ts'
import type { Dialect } from '../dialect.ts'
import { driverOf, formKey, type DriverForm } from '../queries/facets.ts'
import { probeStatement, type SearchParameters } from '../queries/search.ts'
import type { Prepare, Prepared } from '../statement.ts'
import { candidatesOf, NEWEST, probeParameters, type Candidate } from './scan.ts'

/** A driver that yields no more rows than this is selective: all of them may be looked at, and counted. */
export const SELECTIVE = 1_000
/** A driver with so few rows is taken without asking for a better one. */
const FEW = 100

/** The driver that was chosen, with the rows it yields: exact up to `SELECTIVE`, above it just more. */
export type Choice = { readonly candidate: Candidate; readonly yields: number }

type Probe = Prepared<SearchParameters, { readonly hits: number }>

export type DriverChoice = {
  readonly choose: (search: Search) => MaybePromise<Choice>
  /** Whether a candidate yields at most so many rows. */
  readonly mostWithin: (search: Search, candidate: Candidate, most: number) => MaybePromise<boolean>
}

/**
 * Chooses what drives a search by counting, never far: the one that yields fewest rows, or, where all yield many, the
 * first that yields them newest first, so that the page fills without looking at the rest.
 */
export const createDriverChoice = (dialect: Dialect, prepare: Prepare): DriverChoice => {
  const probes = new Map<string, Probe>()

  const probeOf = (form: DriverForm): Probe => {
    const known = probes.get(formKey(form))
    if (known !== undefined) return known
    const fresh = prepare(probeStatement(dialect, form))
    probes.set(formKey(form), fresh)
    return fresh
  }

  const probe = (search: Search, candidate: Candidate, limit: number): MaybePromise<number> =>
    then(probeOf(candidate.form).first(probeParameters(search, candidate, limit)), (row) => row?.hits ?? 0)

  /** Asks one candidate after the other, each only as far as it can still beat the best so far. */
  const choose = (search: Search, candidates: readonly Candidate[], best: Choice): MaybePromise<Choice> => {
    const [candidate, ...others] = candidates
    if (candidate === undefined || best.yields <= FEW) return best
    return then(probe(search, candidate, best.yields), (yields) =>
      choose(search, others, yields < best.yields ? { candidate, yields } : best),
    )
  }

  return {
    choose: (search) => {
      const candidates = candidatesOf(search)
      const ordered = candidates.find(({ form }) => driverOf(form).ordered) ?? NEWEST
      return choose(search, candidates, { candidate: ordered, yields: SELECTIVE + 1 })
    },
    mostWithin: (search, candidate, most) => then(probe(search, candidate, most + 1), (yields) => yields <= most),
  }
}
