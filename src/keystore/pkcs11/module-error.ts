import { KmipError } from '../../protocol/kmip-error.ts'
import { CKR } from './numbers.ts'

/*
 * What goes wrong with a module, and what follows from it. The text is for the operator: it names functions, codes and
 * tokens, and never what was passed to them.
 */

export const FAULTS = [
  /** The module answered, and it was a refusal: wrong data, a mechanism that it lacks. Nothing is wrong with it. */
  'refused',
  /** The module does not know the object any more. */
  'handle',
  /** The session is of no use; another one may be. */
  'session',
  /** The token, the login or the module is gone; a new process may find it again. */
  'lost',
  /** The PIN was not accepted. Nothing is tried again. */
  'pin',
  /** The token has no room left. */
  'full',
  /** No answer in time. */
  'timeout',
  /** It is known that the module does not work just now, so it was not even asked. */
  'unavailable',
  /** Too many calls wait. */
  'busy',
  /** What is configured cannot be right: no such module, token or key. */
  'setup',
] as const

export type Fault = (typeof FAULTS)[number]

export class ModuleError extends Error {
  readonly fault: Fault
  /** The name of the code with which the module answered, as CKR_DEVICE_ERROR. */
  readonly code: string | undefined

  constructor(fault: Fault, message: string, options: { readonly code?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'ModuleError'
    this.fault = fault
    this.code = options.code
  }
}

const FAULT_OF: ReadonlyMap<number, Fault> = new Map<number, Fault>([
  [CKR.KEY_HANDLE_INVALID, 'handle'],
  [CKR.OBJECT_HANDLE_INVALID, 'handle'],
  [CKR.SESSION_CLOSED, 'session'],
  [CKR.SESSION_HANDLE_INVALID, 'session'],
  [CKR.OPERATION_ACTIVE, 'session'],
  [CKR.OPERATION_NOT_INITIALIZED, 'session'],
  [CKR.SLOT_ID_INVALID, 'lost'],
  [CKR.DEVICE_ERROR, 'lost'],
  [CKR.DEVICE_REMOVED, 'lost'],
  [CKR.TOKEN_NOT_PRESENT, 'lost'],
  [CKR.TOKEN_NOT_RECOGNIZED, 'lost'],
  [CKR.USER_NOT_LOGGED_IN, 'lost'],
  [CKR.CRYPTOKI_NOT_INITIALIZED, 'lost'],
  [CKR.PIN_INCORRECT, 'pin'],
  [CKR.PIN_INVALID, 'pin'],
  [CKR.PIN_LEN_RANGE, 'pin'],
  [CKR.PIN_EXPIRED, 'pin'],
  [CKR.PIN_LOCKED, 'pin'],
  [CKR.DEVICE_MEMORY, 'full'],
  [CKR.SESSION_COUNT, 'busy'],
])

export const faultOf = (code: number): Fault => FAULT_OF.get(code) ?? 'refused'

/**
 * Answers after which a session has no operation under way and can be used again. After any other, it is dropped: a
 * module may leave an operation active, and the next user of the session would have to suffer for it.
 */
export const LEAVES_SESSION: ReadonlySet<number> = new Set([
  CKR.ATTRIBUTE_READ_ONLY,
  CKR.ATTRIBUTE_SENSITIVE,
  CKR.ATTRIBUTE_TYPE_INVALID,
  CKR.ATTRIBUTE_VALUE_INVALID,
  CKR.DATA_INVALID,
  CKR.DATA_LEN_RANGE,
  CKR.ENCRYPTED_DATA_INVALID,
  CKR.ENCRYPTED_DATA_LEN_RANGE,
  CKR.KEY_HANDLE_INVALID,
  CKR.KEY_SIZE_RANGE,
  CKR.KEY_TYPE_INCONSISTENT,
  CKR.KEY_FUNCTION_NOT_PERMITTED,
  CKR.MECHANISM_INVALID,
  CKR.MECHANISM_PARAM_INVALID,
  CKR.OBJECT_HANDLE_INVALID,
  CKR.SIGNATURE_INVALID,
  CKR.SIGNATURE_LEN_RANGE,
  CKR.TEMPLATE_INCOMPLETE,
  CKR.TEMPLATE_INCONSISTENT,
])

/** What a client is told when the module does not serve: one text, whatever it is. The log has the rest. */
export const keyStoreUnavailable = (cause: unknown): KmipError =>
  new KmipError('GeneralFailure', 'The key store is not available', { cause })
