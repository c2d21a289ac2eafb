import type { PKCS11 } from 'pkcs11js'
import type { ModuleFacts, TokenFacts, TokenName } from '../calls.ts'
import { faultOf, ModuleError } from '../module-error.ts'
import { CKF_OS_LOCKING_OK, CKF_TOKEN, CKR } from '../numbers.ts'

/* The module as it is loaded into this process. */

export type Cryptoki = PKCS11

export type Slot = Buffer

const isCoded = (error: unknown): error is { readonly code: number; readonly message: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && error.code > 0

/** The code that the module answered with; undefined where it was not the module that failed. */
export const codeOf = (error: unknown): number | undefined => (isCoded(error) ? error.code : undefined)

const firstLine = (text: string): string => text.split('\n')[0] ?? text

/** What was thrown by pkcs11js, in our terms. */
export const moduleErrorOf = (error: unknown): ModuleError => {
  if (error instanceof ModuleError) return error
  if (isCoded(error)) {
    return new ModuleError(faultOf(error.code), `the module answers ${error.message}`, { code: error.message })
  }
  return new ModuleError('refused', error instanceof Error ? firstLine(error.message) : 'unknown error')
}

const version = ({ major, minor }: { readonly major: number; readonly minor: number }): string => `${major}.${minor}`

const moduleClass = async (): Promise<new () => Cryptoki> => {
  try {
    const loaded = await import('pkcs11js')
    return loaded.default.PKCS11
  } catch (cause) {
    const message =
      'pkcs11js is not installed: it is compiled at installation, which takes a C++ compiler and Python; run npm install again where they are'
    throw new ModuleError('setup', message, { cause })
  }
}

/** NSS takes its parameters as text; pkcs11js cuts off the last character. */
const initializeOptions = (parameters: string | undefined) => ({
  flags: CKF_OS_LOCKING_OK,
  ...(parameters === undefined ? {} : { libraryParameters: `${parameters} ` }),
})

const factsOf = (cryptoki: Cryptoki): ModuleFacts => {
  const info = cryptoki.C_GetInfo()
  return {
    description: info.libraryDescription.trim(),
    manufacturer: info.manufacturerID.trim(),
    version: version(info.libraryVersion),
    cryptoki: version(info.cryptokiVersion),
  }
}

/** Loads the module at `path` into this process, for good. */
export const loadModule = async (
  path: string,
  parameters: string | undefined,
): Promise<{ readonly cryptoki: Cryptoki; readonly facts: ModuleFacts }> => {
  const Module = await moduleClass()
  const cryptoki = new Module()
  try {
    cryptoki.load(path)
  } catch (cause) {
    throw new ModuleError('setup', `the module ${path} cannot be loaded: ${moduleErrorOf(cause).message}`, { cause })
  }
  try {
    cryptoki.C_Initialize(initializeOptions(parameters))
  } catch (error) {
    if (codeOf(error) !== CKR.CRYPTOKI_ALREADY_INITIALIZED) throw error
  }
  return { cryptoki, facts: factsOf(cryptoki) }
}

/** CK_UNAVAILABLE_INFORMATION is the largest number there is, of four bytes or of eight: more than a token can mean. */
const UNKNOWN = 0xffff_ffff

const known = (value: number): number | undefined =>
  Number.isSafeInteger(value) && value >= 0 && value < UNKNOWN ? value : undefined

export const tokenFacts = (cryptoki: Cryptoki, slot: Slot): TokenFacts => {
  const token = cryptoki.C_GetTokenInfo(slot)
  return {
    slot: cryptoki.C_GetSlotInfo(slot).slotDescription.trim(),
    label: token.label.trim(),
    manufacturer: token.manufacturerID.trim(),
    model: token.model.trim(),
    serial: token.serialNumber.trim(),
    firmware: version(token.firmwareVersion),
    hardware: version(token.hardwareVersion),
    flags: token.flags,
    sessions: known(token.sessionCount),
    mostSessions: known(token.maxRwSessionCount),
  }
}

export type FoundToken = { readonly slot: Slot; readonly facts: TokenFacts }

/** All tokens that are there. A slot whose token does not answer is passed over. */
export const listTokens = (cryptoki: Cryptoki): readonly FoundToken[] =>
  cryptoki.C_GetSlotList(true).flatMap((slot) => {
    try {
      return [{ slot, facts: tokenFacts(cryptoki, slot) }]
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return []
    }
  })

const wanted = ({ label, serial }: TokenName): string =>
  [...(label === undefined ? [] : [`labelled "${label}"`]), ...(serial === undefined ? [] : [`number ${serial}`])].join(
    ' ',
  )

/** The one token that is meant. Fails where there is none, or where it cannot be told which. */
export const findToken = (cryptoki: Cryptoki, name: TokenName): FoundToken => {
  const tokens = listTokens(cryptoki).filter(({ facts }) => (facts.flags & CKF_TOKEN.INITIALIZED) !== 0)
  const matching = tokens.filter(
    ({ facts }) =>
      (name.label === undefined || facts.label === name.label) &&
      (name.serial === undefined || facts.serial === name.serial),
  )
  const [token] = matching
  if (token === undefined) {
    const there = tokens.map(({ facts }) => `"${facts.label}" (${facts.serial})`).join(', ')
    // It may come back: a token can be taken out and put in again.
    throw new ModuleError('lost', `the module has no token ${wanted(name)}; it has ${there === '' ? 'none' : there}`)
  }
  if (matching.length > 1) {
    const serials = matching.map(({ facts }) => facts.serial).join(', ')
    throw new ModuleError(
      'setup',
      `${matching.length} tokens are ${wanted(name)}: say which by its serial (${serials})`,
    )
  }
  return token
}
