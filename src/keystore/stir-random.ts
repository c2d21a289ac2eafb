import type { Log } from '../observe/log.ts'

/* Random numbers of a token for the generator of the server. */

const BYTES = 64
/** Milliseconds between two draughts. */
const INTERVAL = 60_000

export type Stirring = { stop(): void }

type Draw = (length: number) => Promise<Buffer>
type Stir = (material: Buffer) => void

const draught = async (draw: Draw, stir: Stir): Promise<void> => {
  const material = await draw(BYTES)
  stir(material)
  material.fill(0)
}

/**
 * Hands what `draw` gives to `stir`, now and every minute. Resolves after the first; a later one that fails is logged, and
 * what was mixed in before goes on working.
 * @throws Error where there are none to begin with
 */
export const stirRandom = async (draw: Draw, stir: Stir, log: Log): Promise<Stirring> => {
  await draught(draw, stir)
  const again = async (): Promise<void> => {
    try {
      await draught(draw, stir)
    } catch (error) {
      log.warn('no random numbers from the HSM', { error })
    }
  }
  const timer = setInterval(() => void again(), INTERVAL)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
