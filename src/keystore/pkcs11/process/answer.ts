import { ZodError } from 'zod'
import { CKF, CKU_SO } from '../../../protocol/pkcs11/constants.ts'
import { CLOSE, INITIALIZE, LIST_TOKENS, LOAD, LOG_IN, type Question } from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import { CKF_TOKEN } from '../numbers.ts'
import { type Cryptoki, findToken, type FoundToken, listTokens, loadModule, tokenFacts } from './cryptoki.ts'
import { HANDLERS, type LoggedIn } from './handlers.ts'
import { createObjects } from './objects.ts'
import { openSessions } from './session-pool.ts'

/* The process from its first call on: a module is loaded, then a token is logged in to, then it is used. */

const LABEL_LENGTH = 32

const isInitialized = ({ facts }: FoundToken): boolean => (facts.flags & CKF_TOKEN.INITIALIZED) !== 0

const initialize = (cryptoki: Cryptoki, request: unknown) => {
  const { label, securityOfficerPin, pin } = INITIALIZE.request.parse(request)
  if (listTokens(cryptoki).some((token) => isInitialized(token) && token.facts.label === label))
    throw new ModuleError('setup', `there is a token "${label}" already`)
  const free = listTokens(cryptoki).find((token) => !isInitialized(token))
  if (free === undefined) throw new ModuleError('setup', 'every slot of the module has a token that is in use')
  // A label has 32 characters, blanks included: some modules read that many, whatever there is.
  cryptoki.C_InitToken(free.slot, securityOfficerPin, label.padEnd(LABEL_LENGTH))
  // Some modules number their slots anew when a token is made.
  const { slot } = findToken(cryptoki, { label })
  const session = cryptoki.C_OpenSession(slot, CKF.SERIAL_SESSION | CKF.RW_SESSION)
  cryptoki.C_Login(session, CKU_SO, securityOfficerPin)
  cryptoki.C_InitPIN(session, pin)
  cryptoki.C_Logout(session)
  cryptoki.C_CloseSession(session)
  return tokenFacts(cryptoki, slot)
}

const checkPin = ({ facts }: FoundToken, pin: string | undefined): void => {
  if ((facts.flags & CKF_TOKEN.USER_PIN_LOCKED) !== 0)
    throw new ModuleError('pin', `the token "${facts.label}" has locked its PIN after wrong attempts`)
  if (pin === undefined && (facts.flags & CKF_TOKEN.LOGIN_REQUIRED) !== 0)
    throw new ModuleError('setup', `the token "${facts.label}" needs a PIN`)
}

export const createAnswers = (): ((question: Question) => Promise<unknown>) => {
  let cryptoki: Cryptoki | undefined
  let token: LoggedIn | undefined

  const loaded = (): Cryptoki => {
    if (cryptoki === undefined) throw new ModuleError('setup', 'no module is loaded')
    return cryptoki
  }

  const logIn = (request: unknown) => {
    const { token: name, pin, sessions } = LOG_IN.request.parse(request)
    const module = loaded()
    const found = findToken(module, name)
    checkPin(found, pin)
    const pool = openSessions(module, { token: name, pin, sessions })
    token = { cryptoki: module, pool, objects: createObjects(module, pool) }
    return found.facts
  }

  const use = ({ name, request }: Question): Promise<unknown> => {
    const handler = HANDLERS.get(name)
    if (handler === undefined) throw new ModuleError('setup', 'there is no such call')
    if (token === undefined) throw new ModuleError('setup', 'nobody is logged in')
    return handler.run(token, request)
  }

  return async (question) => {
    try {
      if (question.name === LOAD.name) {
        const { path, parameters } = LOAD.request.parse(question.request)
        const module = await loadModule(path, parameters)
        cryptoki = module.cryptoki
        return module.facts
      }
      if (question.name === LIST_TOKENS.name) return listTokens(loaded()).map(({ facts }) => facts)
      if (question.name === INITIALIZE.name) return initialize(loaded(), question.request)
      if (question.name === CLOSE.name) return cryptoki?.C_Finalize()
      if (question.name === LOG_IN.name) return logIn(question.request)
      return await use(question)
    } catch (error) {
      // What zod says of a value may hold the value.
      if (error instanceof ZodError) throw new ModuleError('setup', `the call ${question.name} is malformed`)
      throw error
    }
  }
}
