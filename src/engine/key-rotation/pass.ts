import { setTimeout } from 'node:timers/promises'
import { type Batch, STAGES, type StageParts } from './stages.ts'

/** Where a pass is: the table, and the place in it. */
export type Place = { readonly stage: number; readonly position: number }

export type Counted = { readonly resealed: number; readonly left: number }

export const NOTHING: Counted = { resealed: 0, left: 0 }

export const BEGINNING: Place = { stage: 0, position: 0 }

export const sum = (a: Counted, b: Counted): Counted => ({ resealed: a.resealed + b.resealed, left: a.left + b.left })

const countIn = ({ outcomes }: Batch): Counted => ({
  resealed: outcomes.filter((outcome) => outcome === 'resealed').length,
  left: outcomes.filter((outcome) => outcome === 'left').length,
})

/** Milliseconds. */
const SHORTEST_REST = 1

/**
 * Goes over everything once, from `place` on, and tells where it is after each batch. It rests as long as it works, so that
 * clients have half of the process at least, and more of it where they make it slow.
 */
export const runPass = async (
  parts: StageParts,
  place: Place,
  signal: AbortSignal,
  at: (place: Place, counted: Counted) => Promise<void>,
): Promise<Counted> => {
  let total = NOTHING
  for (let stage = place.stage; stage < STAGES.length; stage += 1) {
    let position = stage === place.stage ? place.position : 0
    for (;;) {
      signal.throwIfAborted()
      const began = performance.now()
      const batch = await STAGES[stage]?.(parts, position)
      if (batch === undefined) break
      position = batch.position
      total = sum(total, countIn(batch))
      await at({ stage, position }, total)
      await setTimeout(Math.max(SHORTEST_REST, performance.now() - began), undefined, { signal })
    }
  }
  return total
}
