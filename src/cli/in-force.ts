import { setTimeout } from 'node:timers/promises'
import { DIRECTORY_FRESHNESS } from '../domain/principal.ts'

/** Resolves when every server that runs goes by what was just written of clients and users. */
export const inForce = (): Promise<void> => setTimeout(DIRECTORY_FRESHNESS + 50)
