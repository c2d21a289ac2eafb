import { z } from 'zod'
import type { ObjectStore } from './object-store.ts'

/*
 * How store keys and root keys change while clients are served. What is to be done, and how far it is, is one setting of
 * the database: the commands write a wish there, a server sees it and does the work, and another one goes on where that
 * one has ended. Nothing depends on the setting being true: whether a key is still needed is looked up each time.
 */

const rotation = z.object({
  /** Tells one rotation from the next. */
  id: z.string(),
  /**
   * wished: a command has asked for it. published: there is a new store key, and every server gets to know it.
   * sealing: it seals everything new, and what was there before is sealed again. done: nothing is under an older one.
   */
  phase: z.enum(['wished', 'published', 'sealing', 'done', 'failed']),
  /** Since when it is in this phase, in seconds since 1970. */
  since: z.number(),
  /** Number of the new store key; 0 until there is one. */
  storeKey: z.number(),
  /** The root keys that the new store key is wrapped under; of a wish those that are expected, if it says so. */
  roots: z.array(z.string()).readonly(),
  /** Which server is at it, and when it was last seen there. */
  worker: z.string(),
  seenAt: z.number(),
  /** Where it goes on: the table, and the place in it, of so many. */
  stage: z.number(),
  position: z.number(),
  of: z.number(),
  /** What has been sealed again, and what could not be. */
  resealed: z.number(),
  left: z.number(),
  /** Why it has failed. */
  reason: z.string(),
})

export type KeyRotation = Readonly<z.output<typeof rotation>>

const SETTING = 'key-rotation'

export const wishedKeyRotation = (id: string, now: number, roots: readonly string[] = []): KeyRotation => ({
  id,
  phase: 'wished',
  since: now,
  storeKey: 0,
  roots,
  worker: '',
  seenAt: 0,
  stage: 0,
  position: 0,
  of: 0,
  resealed: 0,
  left: 0,
  reason: '',
})

export const isUnderWay = ({ phase }: KeyRotation): boolean => phase !== 'done' && phase !== 'failed'

type Settings = ObjectStore['settings']

/** The rotation as it was read, with the bytes by which a change names it. */
export type ReadKeyRotation = { readonly rotation: KeyRotation; readonly bytes: Buffer }

const encode = (value: KeyRotation): Buffer => Buffer.from(JSON.stringify(value))

/** The latest rotation. @throws Error where the setting is none that this version knows */
export const readKeyRotation = async (settings: Settings): Promise<ReadKeyRotation | undefined> => {
  const bytes = await settings.get(SETTING)
  return bytes && { rotation: rotation.parse(JSON.parse(bytes.toString('utf8'))), bytes }
}

/** Writes what comes after what was read; undefined where somebody else has come first. */
export const writeKeyRotation = async (
  settings: Settings,
  before: ReadKeyRotation | undefined,
  next: KeyRotation,
): Promise<ReadKeyRotation | undefined> => {
  const bytes = encode(next)
  const isWritten =
    before === undefined
      ? (await settings.putIfAbsent(SETTING, bytes)).equals(bytes)
      : await settings.replace(SETTING, before.bytes, bytes)
  return isWritten ? { rotation: next, bytes } : undefined
}

/** A root key, and where it is: its file, or its token. */
export type RootPlace = { readonly id: string; readonly path: string }

/** A root key that nothing is under any more, and the file it is in by now. */
export type RetiredRoot = RootPlace

/** The keys that are changed, as the work needs them. */
export type RotatingKeys = {
  /** Reads what other processes have changed. @throws Error where a new store key does not open here */
  refresh(): Promise<void>
  /** Wraps every store key under each root key that is wanted and can be asked; tells how many wrappings it has made. */
  tend(): Promise<number>
  /**
   * Makes the next store key under the root keys that there shall be from now on.
   * @throws Error where these are others than `expected`, if any are
   */
  publish(expected: readonly string[]): Promise<{ readonly storeKey: number; readonly roots: readonly string[] }>
  /** Lets the published store key seal everything new. */
  activate(): Promise<void>
  /** Refuses everything that is still written under an older store key, by whatever process. */
  closeOld(): Promise<void>
  /** Destroys the older store keys. */
  destroyOld(): Promise<void>
  /** Puts away root keys that nothing is under any more. */
  settle(): Promise<readonly RetiredRoot[]>
  /** Forgets destroyed store keys: what is under them does not open from then on. */
  forget(): void
}
