import { createWorkQueue } from '../../../domain/work-queue.ts'
import type { TokenName } from '../calls.ts'
import { LEAVES_SESSION, ModuleError } from '../module-error.ts'
import { CKF, CKS, CKU_USER } from '../../../protocol/pkcs11/constants.ts'
import { CKR } from '../numbers.ts'
import { codeOf, type Cryptoki, findToken, moduleErrorOf, type Slot } from './cryptoki.ts'

/*
 * Sessions with one token. One of them is opened first, logs in, and is used for nothing else: as long as it is there,
 * the login is, and handles mean what they meant.
 */

export type Session = Buffer

export type SessionPool = {
  readonly slot: Slot
  /** Runs `job` with a session of its own; waits for one where all are in use. */
  withSession<T>(job: (session: Session) => T | Promise<T>): Promise<T>
  /** @throws ModuleError lost, where nobody is logged in any more */
  checkLogin(): void
}

export type Login = {
  readonly token: TokenName
  /** Without one, the token needs no login. */
  readonly pin: string | undefined
  /** Most sessions besides the one that holds the login. */
  readonly sessions: number
}

/** More than the server asks for at once. */
const MOST_WAITING = 8192

const FLAGS = CKF.SERIAL_SESSION | CKF.RW_SESSION

const logIn = (cryptoki: Cryptoki, session: Session, pin: string): void => {
  try {
    cryptoki.C_Login(session, CKU_USER, pin)
  } catch (error) {
    if (codeOf(error) !== CKR.USER_ALREADY_LOGGED_IN) throw error
  }
}

/** What a token says of its sessions limits ours, of which one is the one that lasts. No limit is 0. */
const roomFor = (wanted: number, most = 0): number => (most > 0 ? Math.max(1, Math.min(wanted, most - 1)) : wanted)

export const openSessions = (cryptoki: Cryptoki, { token, pin, sessions }: Login): SessionPool => {
  const { slot, facts } = findToken(cryptoki, token)
  const lasting = cryptoki.C_OpenSession(slot, FLAGS)
  if (pin !== undefined) logIn(cryptoki, lasting, pin)
  const room = roomFor(sessions, facts.mostSessions)

  const idle: Session[] = []
  const queue = createWorkQueue({ running: room, waiting: MOST_WAITING, refusal: 'Too many calls wait for a session' })

  const isLoggedIn = (): boolean => {
    try {
      return cryptoki.C_GetSessionInfo(lasting).state === CKS.RW_USER
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return false
    }
  }

  const checkLogin = (): void => {
    if (pin !== undefined && !isLoggedIn()) throw new ModuleError('lost', 'the token has ended the login')
  }

  const open = (): Session => {
    // A session of a token to which nobody is logged in opens, and sees no key.
    checkLogin()
    return cryptoki.C_OpenSession(slot, FLAGS)
  }

  const drop = (session: Session): void => {
    try {
      cryptoki.C_CloseSession(session)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
    }
  }

  const run = async <T>(job: (session: Session) => T | Promise<T>): Promise<T> => {
    const session = idle.pop() ?? open()
    try {
      const result = await job(session)
      idle.push(session)
      return result
    } catch (error) {
      const code = codeOf(error)
      if (code !== undefined && LEAVES_SESSION.has(code)) idle.push(session)
      else drop(session)
      throw moduleErrorOf(error)
    }
  }

  return {
    slot,
    checkLogin,
    withSession: (job) => queue.run(() => run(job)),
  }
}
