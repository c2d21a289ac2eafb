import type { Search } from '../../domain/object-store.ts'
import { argumentsOf, formKey, type DriverForm, type Facet, type FacetForm } from '../queries/facets.ts'
import { parameterName, type SearchParameters, type SearchShape } from '../queries/search.ts'
import type { SqlValue } from '../statement.ts'

/** A facet that may drive a search, or all objects of the tenant. */
export type Candidate = { readonly form: DriverForm; readonly facet: Facet | undefined }

/** A search made ready to run: what its text depends on, and what its text leaves open. */
export type Scan = { readonly shape: SearchShape; readonly parameters: SearchParameters }

/** What a scan has found, up to its limit. */
export type Page = { readonly ids: readonly string[]; readonly scan: Scan }

export const NEWEST: Candidate = { form: { kind: 'newest' }, facet: undefined }

/** The form in which a facet can drive; undefined where no index yields what fits it. */
const driverForm = (facet: Facet): DriverForm | undefined => {
  switch (facet.kind) {
    case 'range':
      return { kind: 'range', fact: facet.fact }
    case 'equals':
    case 'id':
    case 'owner':
    case 'object-type':
      return { kind: facet.kind }
    case 'usual':
    case 'at-least':
    case 'has-bits':
    case 'object-types':
    case 'state':
      return undefined
  }
}

const filterForm = (facet: Facet): FacetForm => {
  switch (facet.kind) {
    case 'range':
      return { kind: facet.kind, fact: facet.fact }
    case 'at-least':
      return { kind: facet.kind, fact: facet.fact }
    case 'has-bits':
      return { kind: facet.kind, fact: facet.fact }
    default:
      return { kind: facet.kind }
  }
}

/** The kinds that can drive, in the order in which they are likely to be selective. */
const DRIVING = ['id', 'equals', 'range', 'owner', 'object-type'] as const

export const facetsOf = ({ owner, conditions }: Search): readonly Facet[] =>
  owner === undefined ? conditions : [...conditions, { kind: 'owner', owner }]

/** Candidates asked at most: what is selective comes early, and a client may send a thousand conditions. */
const ASKED = 16

export const candidatesOf = (search: Search): readonly Candidate[] => {
  const facets = facetsOf(search)
  const driving = DRIVING.flatMap((kind) => facets.filter((facet) => facet.kind === kind)).flatMap((facet) => {
    const form = driverForm(facet)
    return form === undefined ? [] : [{ form, facet }]
  })
  return [...driving.slice(0, ASKED), NEWEST]
}

const facetParameters = (facets: readonly Facet[], first: number): readonly (readonly [string, SqlValue])[] =>
  facets.flatMap((facet, index) =>
    argumentsOf(facet).map((value, argument) => [parameterName(first + index, argument), value] as const),
  )

const driverParameters = ({ facet }: Candidate): SearchParameters =>
  Object.fromEntries(facet === undefined ? [] : facetParameters([facet], 0))

/** The parameters by which the rows of a candidate alone are counted, up to `limit`. */
export const probeParameters = (search: Search, candidate: Candidate, limit: number): SearchParameters => ({
  tenant: search.tenant,
  limit,
  ...driverParameters(candidate),
})

/** Rows above one key, up to another. */
export type Window = { readonly floor: number; readonly ceiling: number }

/** Filters go in the order of their kinds: few texts serve many searches. */
export const scanOf = (search: Search, candidate: Candidate, window?: Window): Scan => {
  const filters = facetsOf(search)
    .filter((facet) => facet !== candidate.facet)
    .map((facet) => ({ facet, form: filterForm(facet) }))
    .toSorted((a, b) => formKey(a.form).localeCompare(formKey(b.form)))
  const { tenant, now, limit, offset, storage, oldestFirst = false } = search
  return {
    shape: {
      driver: candidate.form,
      filters: filters.map(({ form }) => form),
      storage,
      windowed: window !== undefined,
      oldestFirst,
    },
    parameters: {
      ...{ tenant, now, limit, offset, ...(window ?? { floor: 0, ceiling: 0 }) },
      ...driverParameters(candidate),
      ...Object.fromEntries(
        facetParameters(
          filters.map(({ facet }) => facet),
          1,
        ),
      ),
    },
  }
}
