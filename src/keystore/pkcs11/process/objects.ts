import { CKA } from '../../../protocol/pkcs11/constants.ts'
import type { FoundObject, ObjectName, Template } from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import { CKR } from '../numbers.ts'
import { codeOf, type Cryptoki } from './cryptoki.ts'
import type { Session, SessionPool } from './session-pool.ts'

/* Objects of a token by name. What a handle is for an object is remembered as long as the process lives. */

export type Handle = Buffer

export type Objects = {
  /** Runs `job` with the handle of the object, and once more with a fresh one where the module does not know it. */
  withObject<T>(name: ObjectName, job: (session: Session, handle: Handle) => T | Promise<T>): Promise<T>
  find(template: Template, most: number): Promise<readonly FoundObject[]>
  /** Whether it was there. */
  destroy(name: ObjectName): Promise<boolean>
}

/** Handles that are remembered; the oldest is forgotten first. */
const MOST_HANDLES = 20_000

const keyOf = ({ class: objectClass, id }: ObjectName): string => `${objectClass}/${id.toString('hex')}`

export const findHandles = (
  cryptoki: Cryptoki,
  session: Session,
  template: Template,
  most: number,
): readonly Handle[] => {
  cryptoki.C_FindObjectsInit(session, [...template])
  try {
    return cryptoki.C_FindObjects(session, most)
  } finally {
    cryptoki.C_FindObjectsFinal(session)
  }
}

/** What a module answers to a question for an attribute that the object does not have, or does not tell. */
const UNTOLD: ReadonlySet<number | undefined> = new Set([CKR.ATTRIBUTE_SENSITIVE, CKR.ATTRIBUTE_TYPE_INVALID])

/** One attribute: undefined where the object does not have it, or does not tell. */
export const readAttribute = (
  cryptoki: Cryptoki,
  session: Session,
  handle: Handle,
  type: number,
): Buffer | undefined => {
  try {
    return cryptoki.C_GetAttributeValue(session, handle, [{ type }])[0]?.value
  } catch (error) {
    if (!UNTOLD.has(codeOf(error))) throw error
    return undefined
  }
}

/** A CK_ULONG, in the byte order of the machine, which is little endian wherever Node runs with a module. */
export const readNumber = (value: Buffer | undefined): number | undefined =>
  value === undefined || value.length < 4 ? undefined : value.readUInt32LE()

const describe = (cryptoki: Cryptoki, session: Session, handle: Handle): FoundObject => {
  const read = (type: number) => readAttribute(cryptoki, session, handle, type)
  return {
    class: readNumber(read(CKA.CLASS)) ?? -1,
    id: read(CKA.ID) ?? Buffer.alloc(0),
    label: (read(CKA.LABEL) ?? Buffer.alloc(0)).toString(),
    keyType: readNumber(read(CKA.KEY_TYPE)),
  }
}

const isGone = (error: unknown): boolean => error instanceof ModuleError && error.fault === 'handle'

const templateOf = ({ class: objectClass, id }: ObjectName): Template => [
  { type: CKA.CLASS, value: objectClass },
  { type: CKA.ID, value: id },
  { type: CKA.TOKEN, value: true },
]

export const createObjects = (cryptoki: Cryptoki, pool: SessionPool): Objects => {
  const handles = new Map<string, Handle>()

  const lookUp = (session: Session, name: ObjectName): Handle => {
    const [handle, second] = findHandles(cryptoki, session, templateOf(name), 2)
    if (second !== undefined)
      throw new ModuleError('setup', `the token has two objects with the id ${name.id.toString('hex')}`)
    if (handle === undefined) {
      // To a session that is not logged in, private objects do not exist.
      pool.checkLogin()
      throw new ModuleError('handle', `the token has no object with the id ${name.id.toString('hex')}`)
    }
    if (handles.size >= MOST_HANDLES)
      for (const oldest of handles.keys()) {
        handles.delete(oldest)
        break
      }
    handles.set(keyOf(name), handle)
    return handle
  }

  const withHandle = <T>(name: ObjectName, job: (session: Session, handle: Handle) => T | Promise<T>): Promise<T> =>
    pool.withSession((session) => job(session, handles.get(keyOf(name)) ?? lookUp(session, name)))

  return {
    withObject: async (name, job) => {
      const wasKnown = handles.has(keyOf(name))
      try {
        return await withHandle(name, job)
      } catch (error) {
        if (!isGone(error)) throw error
        handles.delete(keyOf(name))
        if (!wasKnown) throw error
        return withHandle(name, job)
      }
    },
    find: (template, most) =>
      pool.withSession((session) =>
        findHandles(cryptoki, session, template, most).map((handle) => describe(cryptoki, session, handle)),
      ),
    destroy: async (name) => {
      handles.delete(keyOf(name))
      return pool.withSession((session) => {
        const [handle] = findHandles(cryptoki, session, templateOf(name), 1)
        if (handle === undefined) {
          pool.checkLogin()
          return false
        }
        cryptoki.C_DestroyObject(session, handle)
        return true
      })
    },
  }
}
