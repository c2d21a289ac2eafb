import { KmipError } from '../../protocol/kmip-error.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import type { ObjectStore, Search, SearchResult } from '../../domain/object-store.ts'
import type { LocatePlan } from './locate-search.ts'
import { holdsTogether, matches } from './matches.ts'

/** Where a search gets its objects from: the database, and what is changed and not yet committed. */
export type LocateSource = {
  readonly store: ObjectStore
  readonly pending: readonly ManagedObject[]
  load(tenant: string, id: string): MaybePromise<ManagedObject | undefined>
}

const PAGE = 100

/** Objects looked at for one answer where their keys do not decide: past this the filter counts as too wide to evaluate. */
const MOST_CANDIDATES = 10_000

/** Puts what is not committed yet over what the database found, in the same order. */
const overlaid = (
  found: readonly string[],
  { pending }: LocateSource,
  { search, together }: LocatePlan,
): readonly string[] => {
  const changed = new Set(pending.map(({ id }) => id))
  const descending = search.oldestFirst === true ? -1 : 1
  const hits = pending
    .filter((object) => matches(object, search) && holdsTogether(object, together))
    .map(({ id }) => id)
  return [...found.filter((id) => !changed.has(id)), ...hits].sort((a, b) => (a < b ? descending : -descending))
}

const overlay = (source: LocateSource, plan: LocatePlan): MaybePromise<SearchResult> => {
  const { offset, limit } = plan.search
  const wider = { ...plan.search, offset: 0, limit: offset + limit + source.pending.length, count: false }
  return then(findStored(source, { ...plan, search: wider }), ({ ids }) => ({
    ids: overlaid(ids, source, plan).slice(offset, offset + limit),
    total: undefined,
  }))
}

const keepMatching = async (
  source: LocateSource,
  plan: LocatePlan,
  ids: readonly string[],
): Promise<readonly string[]> => {
  const kept: string[] = []
  for (const id of ids) {
    const object = await source.load(plan.search.tenant, id)
    if (object !== undefined && holdsTogether(object, plan.together)) kept.push(id)
  }
  return kept
}

/** Pages through what the keys find and looks at each object. */
const checked = async (source: LocateSource, plan: LocatePlan): Promise<SearchResult> => {
  const { search } = plan
  const wanted = search.offset + search.limit
  // A set: what others add meanwhile moves the pages.
  const hits = new Set<string>()
  for (let offset = 0; hits.size < wanted; offset += PAGE) {
    if (offset >= MOST_CANDIDATES) throw new KmipError('ServerLimitExceeded', 'Too many objects come near the filters')
    const page: Search = { ...search, offset, limit: PAGE, count: false }
    const { ids } = await source.store.search(page)
    for (const id of await keepMatching(source, plan, ids)) hits.add(id)
    if (ids.length < PAGE) break
  }
  return { ids: [...hits].slice(search.offset, wanted), total: undefined }
}

const findStored = (source: LocateSource, plan: LocatePlan): MaybePromise<SearchResult> =>
  plan.together.length === 0 ? source.store.search(plan.search) : checked(source, plan)

const NOTHING: SearchResult = { ids: [], total: 0 }

/** Finds what matches the first plan that anything does, to the letter: no more, and nothing less than the limit allows. */
export const runLocate = (
  source: LocateSource,
  [plan, ...others]: readonly LocatePlan[],
): MaybePromise<SearchResult> => {
  if (plan === undefined) return NOTHING
  const found = source.pending.length === 0 ? findStored(source, plan) : overlay(source, plan)
  return then(found, (result) => (result.ids.length > 0 || others.length === 0 ? result : runLocate(source, others)))
}
