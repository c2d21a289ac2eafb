import { PKCS11_LIMITS } from '../../domain/pkcs11.ts'
import { cryptokiVersion, list, padded, ulong, UNAVAILABLE } from '../../protocol/pkcs11/codec.ts'
import { CKF, CKS, CKU_USER } from '../../protocol/pkcs11/constants.ts'
import { type Call, CryptokiError, openSession, sessionIn, setLoggedIn, setSession } from './call.ts'
import { flagsOf, mechanismOf, MECHANISMS } from './mechanisms.ts'

/* Functions about the library, the one slot with its one token, and sessions (PKCS#11 3.0 sections 5.4 to 5.6). */

const NOTHING = Buffer.alloc(0)

const SLOT = 0

const VERSION = cryptokiVersion(1, 0)

const checkSlot = (slot: number): void => {
  if (slot !== SLOT) throw new CryptokiError('SLOT_ID_INVALID')
}

export const getInfo = ({ context }: Call): Buffer =>
  Buffer.concat([
    cryptokiVersion(2, 40),
    padded(context.server.vendorIdentification, 32),
    ulong(0),
    padded(context.server.productName, 32),
    VERSION,
  ])

/** An array for which the caller has room, or only its length where it has asked for that. */
const listed = (input: Call['input'], elements: readonly Buffer[]): Buffer => {
  const room = input.room()
  const length = list(elements).subarray(0, 4)
  if (room === undefined) return length
  if (room < elements.length) throw new CryptokiError('BUFFER_TOO_SMALL', length)
  return list(elements)
}

export const getSlotList = ({ input }: Call): Buffer => {
  input.flag()
  return listed(input, [ulong(SLOT)])
}

export const getSlotInfo = ({ context, input }: Call): Buffer => {
  checkSlot(input.ulong())
  const { vendorIdentification, productName } = context.server
  return Buffer.concat([
    padded(`${productName} slot`, 64),
    padded(vendorIdentification, 32),
    ulong(CKF.TOKEN_PRESENT),
    VERSION,
    VERSION,
  ])
}

const TOKEN_FLAGS = CKF.RNG | CKF.TOKEN_INITIALIZED | CKF.PROTECTED_AUTHENTICATION_PATH

export const getTokenInfo = ({ context, input, instance }: Call): Buffer => {
  checkSlot(input.ulong())
  const { vendorIdentification, productName } = context.server
  const sessions = [...instance.state.sessions.values()]
  return Buffer.concat([
    padded(context.principal.name, 32),
    padded(vendorIdentification, 32),
    padded(productName, 16),
    padded('1', 16),
    ulong(TOKEN_FLAGS),
    ulong(PKCS11_LIMITS.sessions),
    ulong(sessions.length),
    ulong(PKCS11_LIMITS.sessions),
    ulong(sessions.filter(({ isReadWrite }) => isReadWrite).length),
    ulong(0),
    ulong(0),
    ...Array.from({ length: 4 }, () => ulong(UNAVAILABLE)),
    VERSION,
    VERSION,
    padded('', 16),
  ])
}

export const getMechanismList = ({ input }: Call): Buffer => {
  checkSlot(input.ulong())
  return listed(
    input,
    [...MECHANISMS.keys()].map((type) => ulong(type)),
  )
}

export const getMechanismInfo = ({ input }: Call): Buffer => {
  checkSlot(input.ulong())
  const found = mechanismOf(input.ulong())
  const [least, most] = found.sizes
  return Buffer.concat([ulong(least), ulong(most), ulong(flagsOf(found))])
}

// Sessions --------------------------------------------------------------------------------------------------------------

/** Callbacks cannot be sent: whether there are any may be said, and says nothing. */
const skipCallbacks = ({ input }: Call): void => {
  while (input.left > 0) input.flag()
}

export const openNewSession = (call: Call): Buffer => {
  const { input } = call
  checkSlot(input.ulong())
  const flags = input.ulong()
  skipCallbacks(call)
  if ((flags & CKF.SERIAL_SESSION) === 0) throw new CryptokiError('SESSION_PARALLEL_NOT_SUPPORTED')
  return ulong(openSession(call, (flags & CKF.RW_SESSION) !== 0))
}

export const closeSession = (call: Call): Buffer => {
  const handle = call.input.ulong()
  sessionIn(call, handle)
  setSession(call, handle, undefined)
  return NOTHING
}

export const closeAllSessions = (call: Call): Buffer => {
  checkSlot(call.input.ulong())
  for (const handle of call.instance.state.sessions.keys()) setSession(call, handle, undefined)
  return NOTHING
}

export const getSessionInfo = (call: Call): Buffer => {
  const { isReadWrite } = sessionIn(call, call.input.ulong())
  const { isLoggedIn } = call.instance.state
  const [user, everybody] = isReadWrite ? [CKS.RW_USER, CKS.RW_PUBLIC] : [CKS.RO_USER, CKS.RO_PUBLIC]
  const flags = CKF.SERIAL_SESSION | (isReadWrite ? CKF.RW_SESSION : 0)
  return Buffer.concat([ulong(SLOT), ulong(isLoggedIn ? user : everybody), ulong(flags), ulong(0)])
}

/**
 * The connection has said who the client is, so there is no PIN (CKF_PROTECTED_AUTHENTICATION_PATH): one that is given
 * cannot be right.
 */
export const login = (call: Call): Buffer => {
  const { input, instance } = call
  sessionIn(call, input.ulong())
  const user = input.ulong()
  const pin = input.left === 1 ? (input.flag(), NOTHING) : input.bytes()
  if (user !== CKU_USER) throw new CryptokiError('USER_TYPE_INVALID')
  if (pin.length > 0) throw new CryptokiError('PIN_INCORRECT')
  if (instance.state.isLoggedIn) throw new CryptokiError('USER_ALREADY_LOGGED_IN')
  setLoggedIn(call, true)
  return NOTHING
}

export const logout = (call: Call): Buffer => {
  sessionIn(call, call.input.ulong())
  if (!call.instance.state.isLoggedIn) throw new CryptokiError('USER_NOT_LOGGED_IN')
  setLoggedIn(call, false)
  return NOTHING
}

export const getFunctionStatus = (call: Call): Buffer => {
  sessionIn(call, call.input.ulong())
  throw new CryptokiError('FUNCTION_NOT_PARALLEL')
}

/** No slot ever changes. */
export const waitForSlotEvent = ({ input }: Call): Buffer => {
  input.ulong()
  throw new CryptokiError('NO_EVENT')
}
