import { then, type MaybePromise } from '../../domain/maybe-promise.ts'
import type { Search, SearchResult } from '../../domain/object-store.ts'
import type { Dialect } from '../dialect.ts'
import {
  newestStatement,
  searchStatements,
  shapeKey,
  type SearchParameters,
  type SearchShape,
} from '../queries/search.ts'
import type { Prepare, Prepared } from '../statement.ts'
import { createDriverChoice, SELECTIVE, type Choice } from './choose-driver.ts'
import { candidatesOf, NEWEST, scanOf, type Candidate, type Page, type Scan } from './scan.ts'
import { createWalk, mayWalk } from './walk.ts'

/** Rows of a range that are sorted at once: some twenty milliseconds. */
const SORTED = 20_000
/** How far beyond the page hits are counted. */
const COUNTED_AHEAD = 1_000
/** Shapes whose queries are kept. A client can ask for more, but cannot make the server remember them. */
const KEPT_SHAPES = 256

type Ready = {
  readonly page: Prepared<SearchParameters, { readonly id: string }>
  readonly count: Prepared<SearchParameters, { readonly hits: number }>
}

/** Compiles and prepares the queries of each shape once. */
const createShapes = (dialect: Dialect, prepare: Prepare): ((shape: SearchShape) => Ready) => {
  const shapes = new Map<string, Ready>()
  return (shape) => {
    const key = shapeKey(shape)
    const known = shapes.get(key)
    if (known !== undefined) return known
    const statements = searchStatements(dialect, shape)
    const kept = shapes.size < KEPT_SHAPES
    const ready = {
      page: prepare(kept ? statements.page : { ...statements.page, name: undefined }),
      count: prepare(kept ? statements.count : { ...statements.count, name: undefined }),
    }
    if (kept) shapes.set(key, ready)
    return ready
  }
}

/** All hits where the page tells: it has room left, so it is the last one. */
const shownTotal = ({ offset, limit }: Search, shown: number): number | undefined =>
  shown < limit && (shown > 0 || offset === 0) ? offset + shown : undefined

/** Whether counting can come to no long scan: the driver yields few rows, or nearly all that it yields are hits. */
const isCountable = ({ yields }: Choice, { shape }: Scan): boolean =>
  yields <= SELECTIVE || (shape.filters.length === 0 && !shape.windowed)

/** Searches on one database: Locate (1.4 section 4.9, 2.1 section 6.1.27). */
export const createSearch = (dialect: Dialect, prepare: Prepare): ((search: Search) => MaybePromise<SearchResult>) => {
  const readyFor = createShapes(dialect, prepare)
  const { choose: chooseDriver, mostWithin } = createDriverChoice(dialect, prepare)
  const newest = prepare(newestStatement(dialect))

  const pageOf = (scan: Scan): MaybePromise<Page> =>
    then(readyFor(scan.shape).page.all(scan.parameters), (rows) => ({ scan, ids: rows.map(({ id }) => id) }))

  const walk = createWalk({ newest: () => then(newest.first({}), (row) => row?.key ?? 0), pageOf })

  /** Many objects are within the range: not too many to be sorted, or everybody else's turn comes meanwhile. */
  const longRange = (search: Search, range: Candidate): MaybePromise<Page> =>
    then(mostWithin(search, range, SORTED), (few) => (few ? pageOf(scanOf(search, range)) : walk(search, NEWEST)))

  const fetch = (search: Search, { candidate, yields }: Choice): MaybePromise<Page> => {
    if (yields <= SELECTIVE || !mayWalk(search)) return pageOf(scanOf(search, candidate))
    const range = candidatesOf(search).find(({ form }) => form.kind === 'range')
    return candidate === NEWEST && range !== undefined ? longRange(search, range) : walk(search, candidate)
  }

  const totalOf = (search: Search, choice: Choice, { ids, scan }: Page): MaybePromise<number | undefined> => {
    const shown = shownTotal(search, ids.length)
    if (shown !== undefined || !isCountable(choice, scan)) return shown
    const limit = search.offset + search.limit + COUNTED_AHEAD + 1
    return then(readyFor(scan.shape).count.first({ ...scan.parameters, limit }), (row) =>
      row === undefined || row.hits >= limit ? undefined : row.hits,
    )
  }

  return (search) => {
    const { online, archived, destroyed } = search.storage
    if (!online && !archived && !destroyed) return { ids: [], total: 0 }
    return then(chooseDriver(search), (choice) =>
      then(fetch(search, choice), (page) =>
        then(search.count ? totalOf(search, choice, page) : undefined, (total) => ({ ids: page.ids, total })),
      ),
    )
  }
}
