import {
  type CryptokiInstance,
  type CryptokiSession,
  type CryptokiState,
  foundSize,
  handleSize,
  PKCS11_LIMITS,
} from '../../domain/pkcs11.ts'
import type { OperationContext } from '../../domain/operation-context.ts'
import type { Pkcs11ReturnCode, ResultReason } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptokiReader } from '../../protocol/pkcs11/codec.ts'

/** A function of PKCS#11 on its way. */
export type Call = {
  readonly context: OperationContext
  readonly instance: CryptokiInstance
  /** The input parameters, read in the order of the function. */
  readonly input: CryptokiReader
}

/** A function that has failed, as PKCS#11 says it: the operation of KMIP has succeeded all the same. */
export class CryptokiError extends Error {
  readonly code: Pkcs11ReturnCode
  /** What is told besides, such as the length that a buffer should have. */
  readonly output: Buffer | undefined

  constructor(code: Pkcs11ReturnCode, output?: Buffer) {
    super(code)
    this.name = 'CryptokiError'
    this.code = code
    this.output = output
  }
}

/** Return codes for what else goes wrong. Failures to decrypt are one and the same. */
const CODES: Readonly<Partial<Record<ResultReason, Pkcs11ReturnCode>>> = {
  ObjectNotFound: 'KEY_HANDLE_INVALID',
  ObjectDestroyed: 'KEY_HANDLE_INVALID',
  ObjectArchived: 'KEY_HANDLE_INVALID',
  KeyValueNotPresent: 'KEY_HANDLE_INVALID',
  InvalidObjectType: 'KEY_TYPE_INCONSISTENT',
  WrongKeyLifecycleState: 'KEY_FUNCTION_NOT_PERMITTED',
  IncompatibleCryptographicUsageMask: 'KEY_FUNCTION_NOT_PERMITTED',
  PermissionDenied: 'KEY_FUNCTION_NOT_PERMITTED',
  Sensitive: 'ATTRIBUTE_SENSITIVE',
  NotExtractable: 'ATTRIBUTE_SENSITIVE',
  InvalidAttribute: 'ATTRIBUTE_TYPE_INVALID',
  InvalidAttributeValue: 'ATTRIBUTE_VALUE_INVALID',
  AttributeReadOnly: 'ATTRIBUTE_READ_ONLY',
  InvalidField: 'ARGUMENTS_BAD',
  InvalidMessage: 'TEMPLATE_INCOMPLETE',
  NonUniqueNameAttribute: 'ATTRIBUTE_VALUE_INVALID',
  ServerLimitExceeded: 'DEVICE_MEMORY',
}

/** The return code of a failure; a codec error is KMIP's own, and so is what nobody has foreseen. */
export const returnCodeOf = (error: unknown): Pkcs11ReturnCode | undefined => {
  if (error instanceof CryptokiError) return error.code
  if (!(error instanceof KmipError) || error.reason === 'PKCS_11CodecError') return undefined
  return CODES[error.reason] ?? 'FUNCTION_FAILED'
}

// The state of the instance -------------------------------------------------------------------------------------------

const change = ({ instance }: Call, changes: Partial<CryptokiState>): void => {
  instance.state = { ...instance.state, ...changes }
}

export const setLoggedIn = (call: Call, isLoggedIn: boolean): void => change(call, { isLoggedIn })

/** @throws CryptokiError */
export const sessionIn = ({ instance }: Call, handle: number): CryptokiSession => {
  const session = instance.state.sessions.get(handle)
  if (session === undefined) throw new CryptokiError('SESSION_HANDLE_INVALID')
  return session
}

/** Replaces or, without a session, closes one. */
export const setSession = (call: Call, handle: number, session: CryptokiSession | undefined): void => {
  const sessions = new Map(call.instance.state.sessions)
  if (session === undefined) sessions.delete(handle)
  else sessions.set(handle, session)
  change(call, { sessions, ...(sessions.size === 0 ? { isLoggedIn: false } : {}) })
}

export const openSession = (call: Call, isReadWrite: boolean): number => {
  const { sessions, next } = call.instance.state
  if (sessions.size >= PKCS11_LIMITS.sessions) throw new CryptokiError('SESSION_COUNT')
  change(call, { next: next + 1 })
  setSession(call, next, { isReadWrite, active: {}, found: undefined })
  return next
}

/** Bytes of a handle, as far as it can be told before there is one. */
const USUAL_HANDLE = handleSize('00000000-0000-0000-0000-000000000000')

/** @throws CryptokiError where so many more objects cannot have a handle: before anything is made */
export const checkRoom = ({ instance }: Call, more: number, bytes = more * USUAL_HANDLE): void => {
  if (instance.state.objects.size + more <= PKCS11_LIMITS.handles && instance.hasRoom(bytes)) return
  throw new CryptokiError('DEVICE_MEMORY')
}

const sizeOf = (ids: readonly string[]): number => ids.reduce((sum, id) => sum + handleSize(id), 0)

const withoutHandle = ({ instance }: Call, ids: readonly string[]): readonly string[] =>
  [...new Set(ids)].filter((id) => !instance.state.handles.has(id))

/** The handles of objects, for which there is room: the same for as long as the instance lives. */
const handlesOf = (call: Call, ids: readonly string[]): readonly number[] => {
  const { objects, handles, handleBytes, next } = call.instance.state
  const fresh = withoutHandle(call, ids)
  if (fresh.length > 0) {
    const named = fresh.map((id, index) => [next + index, id] as const)
    change(call, {
      objects: new Map([...objects, ...named]),
      handles: new Map([...handles, ...named.map(([handle, id]) => [id, handle] as const)]),
      handleBytes: handleBytes + sizeOf(fresh),
      next: next + fresh.length,
    })
  }
  const { handles: all } = call.instance.state
  return ids.map((id) => all.get(id) ?? 0)
}

/** The handles of what a search has found. @throws CryptokiError */
export const handlesFound = (call: Call, ids: readonly string[]): readonly number[] => {
  const fresh = withoutHandle(call, ids)
  checkRoom(call, fresh.length, sizeOf(fresh) + foundSize(ids))
  return handlesOf(call, ids)
}

/** The handle of an object that has been made, after {@link checkRoom}. */
export const handleOf = (call: Call, id: string): number => handlesOf(call, [id])[0] ?? 0

/** The Unique Identifier behind a handle. @throws CryptokiError */
export const objectIn = ({ instance }: Call, handle: number, code: Pkcs11ReturnCode): string => {
  const id = instance.state.objects.get(handle)
  if (id === undefined) throw new CryptokiError(code)
  return id
}
