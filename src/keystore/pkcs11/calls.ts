import { z } from 'zod'
import { FAULTS } from './module-error.ts'

/*
 * What is said between the server and the process that holds a module. Both sides check what they are told: the process
 * because it calls native code with it, the server because the module may have overwritten the memory of the process.
 */

const bytes = z.instanceof(Buffer)

/** A call: its name, and what goes to the process and comes back. */
export type Call<Request, Answer> = {
  readonly name: string
  /** Whether it may be done twice: where the first answer was lost, nobody knows what came of it. */
  readonly isRepeatable: boolean
  readonly request: z.ZodType<Request>
  readonly answer: z.ZodType<Answer>
}

const repeatable = <Request, Answer>(
  name: string,
  request: z.ZodType<Request>,
  answer: z.ZodType<Answer>,
): Call<Request, Answer> => ({ name, isRepeatable: true, request, answer })

const once = <Request, Answer>(
  name: string,
  request: z.ZodType<Request>,
  answer: z.ZodType<Answer>,
): Call<Request, Answer> => ({ name, isRepeatable: false, request, answer })

const value = z.union([z.number(), z.boolean(), z.string(), bytes])
const attribute = z.object({ type: z.int(), value })
const template = z.array(attribute)
export type Template = readonly z.infer<typeof attribute>[]

/** An object is found by its class and CKA_ID: handles mean nothing outside of the process. */
const objectName = z.object({ class: z.int(), id: bytes })
export type ObjectName = z.infer<typeof objectName>

const parameters = z.looseObject({ type: z.int() })
const mechanism = z.object({ mechanism: z.int(), parameter: z.union([bytes, z.number(), parameters]).exactOptional() })
export type MechanismUse = z.infer<typeof mechanism>

const found = z.object({ class: z.int(), id: bytes, label: z.string(), keyType: z.int().optional() })
export type FoundObject = z.infer<typeof found>

const tokenFacts = z.object({
  slot: z.string(),
  label: z.string(),
  manufacturer: z.string(),
  model: z.string(),
  serial: z.string(),
  firmware: z.string(),
  hardware: z.string(),
  flags: z.int(),
  sessions: z.int().optional(),
  mostSessions: z.int().optional(),
})
export type TokenFacts = z.infer<typeof tokenFacts>

const moduleFacts = z.object({
  description: z.string(),
  manufacturer: z.string(),
  version: z.string(),
  cryptoki: z.string(),
})
export type ModuleFacts = z.infer<typeof moduleFacts>

const mechanismFacts = z.object({ type: z.int(), least: z.int(), most: z.int(), flags: z.int() })
export type MechanismFacts = z.infer<typeof mechanismFacts>

/** Which token of a module. */
const tokenName = z.object({ label: z.string().optional(), serial: z.string().optional() })
export type TokenName = z.infer<typeof tokenName>

const nothing = z.undefined()

/** Loads the module; the first call of a process. `parameters` is what some modules (NSS) take at their start. */
export const LOAD = once('load', z.object({ path: z.string(), parameters: z.string().optional() }), moduleFacts)

/** Finds the token, and logs in where there is a PIN. */
export const LOG_IN = once(
  'log-in',
  z.object({ token: tokenName, pin: z.string().optional(), sessions: z.int().min(1) }),
  tokenFacts,
)

/** All tokens of the module, initialised or not. Needs no login. */
export const LIST_TOKENS = repeatable('list-tokens', nothing, z.array(tokenFacts))

/** Makes a token of a slot that has none yet. Needs no login. */
export const INITIALIZE = once(
  'initialize',
  z.object({ label: z.string(), securityOfficerPin: z.string(), pin: z.string() }),
  tokenFacts,
)

/** Says good-bye to the module: the last call of a process. */
export const CLOSE = once('close', nothing, nothing)

export const INSPECT = repeatable('inspect', nothing, tokenFacts)
export const LIST_MECHANISMS = repeatable('list-mechanisms', nothing, z.array(mechanismFacts))

export const FIND = repeatable('find', z.object({ template, most: z.int().min(1) }), z.array(found))

/** Values of attributes; undefined for those that the object does not have or does not tell. */
export const READ = repeatable(
  'read',
  z.object({ object: objectName, types: z.array(z.int()) }),
  z.array(bytes.optional()),
)

export const GENERATE_KEY = once('generate-key', z.object({ mechanism, template }), nothing)
export const GENERATE_PAIR = once(
  'generate-pair',
  z.object({ mechanism, publicTemplate: template, privateTemplate: template }),
  nothing,
)
export const CREATE = once('create', z.object({ template }), nothing)
/** Fine where the object is gone already. */
export const DESTROY = repeatable('destroy', z.object({ object: objectName }), nothing)

const withKey = z.object({ key: objectName, mechanism, data: bytes })
export const ENCRYPT = repeatable('encrypt', withKey, bytes)
export const DECRYPT = repeatable('decrypt', withKey, bytes)
export const SIGN = repeatable('sign', withKey, bytes)
export const VERIFY = repeatable('verify', withKey.extend({ signature: bytes }), z.boolean())

/** Wraps bytes as if they were a key: for mechanisms that encrypt nothing but keys. */
export const WRAP_BYTES = repeatable('wrap-bytes', withKey, bytes)
export const UNWRAP_BYTES = repeatable('unwrap-bytes', withKey, bytes)

export const RANDOM = repeatable('random', z.object({ length: z.int().min(1).max(65_536) }), bytes)

/* The envelope: each question carries a number, and its answer the same one. */

export const question = z.object({ id: z.int(), name: z.string(), request: z.unknown() })
export type Question = z.infer<typeof question>

export const reply = z.union([
  z.object({ id: z.int(), answer: z.unknown() }).strict(),
  z.object({ id: z.int(), fault: z.enum(FAULTS), message: z.string(), code: z.string().optional() }).strict(),
])
export type Reply = z.infer<typeof reply>
