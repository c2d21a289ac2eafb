import { setImmediate as nextTurn } from 'node:timers/promises'
import { then, type MaybePromise } from '../../domain/maybe-promise.ts'
import type { Search } from '../../domain/object-store.ts'
import { scanOf, type Candidate, type Page, type Scan, type Window } from './scan.ts'

/*
 * What drives a search may yield a million rows of which none fits. So they are looked at in windows, by their keys, and
 * between two windows everybody else has their turn: an embedded database answers on the thread that serves all.
 */

/** Rows of one window: some milliseconds at most. */
const WINDOW = 10_000

/** Hits that are passed over at most; who goes deeper into a list pays for it alone. */
const DEEPEST = 10_000

export const mayWalk = ({ offset }: Search): boolean => offset <= DEEPEST

type WalkParts = {
  /** The highest row key there is. */
  readonly newest: () => MaybePromise<number>
  readonly pageOf: (scan: Scan) => MaybePromise<Page>
}

const windowsOf = (newest: number, oldestFirst: boolean): readonly Window[] => {
  const count = Math.max(1, Math.ceil(newest / WINDOW))
  const windows = Array.from({ length: count }, (_, index) => ({
    floor: Math.max(0, newest - (index + 1) * WINDOW),
    ceiling: newest - index * WINDOW,
  }))
  return oldestFirst ? windows.toReversed() : windows
}

/** Walks over the rows of an ordered driver, window by window, until the page is full. */
export const createWalk = ({ newest, pageOf }: WalkParts) => {
  const on = async (search: Search, candidate: Candidate, windows: readonly Window[], first: Page): Promise<Page> => {
    const wanted = search.offset + search.limit
    const ids = [...first.ids]
    for (const window of windows) {
      if (ids.length >= wanted) break
      await nextTurn()
      const page = await pageOf(scanOf({ ...search, offset: 0, limit: wanted - ids.length }, candidate, window))
      ids.push(...page.ids)
    }
    return { ids: ids.slice(search.offset), scan: scanOf(search, candidate) }
  }

  return (search: Search, candidate: Candidate): MaybePromise<Page> =>
    then(newest(), (highest) => {
      const [window, ...others] = windowsOf(highest, search.oldestFirst === true)
      const wanted = search.offset + search.limit
      return then(pageOf(scanOf({ ...search, offset: 0, limit: wanted }, candidate, window)), (first) =>
        first.ids.length >= wanted || others.length === 0
          ? { ids: first.ids.slice(search.offset), scan: scanOf(search, candidate) }
          : on(search, candidate, others, first),
      )
    })
}
