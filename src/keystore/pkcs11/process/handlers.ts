import { CKA, CKK, CKO } from '../../../protocol/pkcs11/constants.ts'
import {
  type Call,
  CREATE,
  DECRYPT,
  DESTROY,
  ENCRYPT,
  FIND,
  GENERATE_KEY,
  GENERATE_PAIR,
  INSPECT,
  LIST_MECHANISMS,
  type MechanismUse,
  RANDOM,
  READ,
  SIGN,
  type Template,
  UNWRAP_BYTES,
  VERIFY,
  WRAP_BYTES,
} from '../calls.ts'
import { ModuleError } from '../module-error.ts'
import { CKA_STATE, CKM, CKR } from '../numbers.ts'
import { codeOf, type Cryptoki, tokenFacts } from './cryptoki.ts'
import { type Objects, readAttribute } from './objects.ts'
import type { Session, SessionPool } from './session-pool.ts'

/* What the process does for each call, once it is logged in. */

export type LoggedIn = { readonly cryptoki: Cryptoki; readonly pool: SessionPool; readonly objects: Objects }

export type Handler = {
  readonly name: string
  run(token: LoggedIn, request: unknown): Promise<unknown>
}

/**
 * Clears what was asked with. It is also what keeps it: native code works on the memory of these buffers, which nothing
 * else would hold until it has ended.
 */
const wipe = (request: unknown): void => {
  if (typeof request !== 'object' || request === null) return
  for (const value of Object.values(request)) if (Buffer.isBuffer(value)) value.fill(0)
}

const handler = <Request, Answer>(
  call: Call<Request, Answer>,
  run: (token: LoggedIn, request: Request) => Answer | Promise<Answer>,
): Handler => ({
  name: call.name,
  run: async (token, request) => {
    const parsed = call.request.parse(request)
    try {
      return await run(token, parsed)
    } finally {
      wipe(parsed)
    }
  },
})

/** Room for what a mechanism adds: a tag, padding, or a signature that is longer than its data. */
const MARGIN = 1024

const roomFor = (data: Buffer): Buffer => Buffer.alloc(data.length + MARGIN)

const RSA: ReadonlySet<number> = new Set([CKM.RSA_PKCS, CKM.RSA_PKCS_OAEP, CKM.SHA256_RSA_PKCS])

/** What RSA makes is as long as its modulus, and tpm2-pkcs11 refuses more room than that. */
const outputFor = (
  { cryptoki }: LoggedIn,
  session: Session,
  handle: Buffer,
  { mechanism }: MechanismUse,
  data: Buffer,
): Buffer => {
  const modulus = RSA.has(mechanism) ? readAttribute(cryptoki, session, handle, CKA_STATE.MODULUS) : undefined
  return modulus === undefined || modulus.length === 0 ? roomFor(data) : Buffer.alloc(modulus.length)
}

/** A key made for one wrapping: of this session, and telling its value. */
const carrier = (more: Template): Template => [
  { type: CKA.CLASS, value: CKO.SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.GENERIC_SECRET },
  { type: CKA.TOKEN, value: false },
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: false },
  { type: CKA.EXTRACTABLE, value: true },
  ...more,
]

const withCarrier = async <T>(
  cryptoki: Cryptoki,
  session: Session,
  handle: Buffer,
  job: () => T | Promise<T>,
): Promise<T> => {
  try {
    return await job()
  } finally {
    cryptoki.C_DestroyObject(session, handle)
  }
}

const ofKeys: readonly Handler[] = [
  handler(ENCRYPT, (token, { key, mechanism, data }) =>
    token.objects.withObject(key, (session, handle) => {
      const output = outputFor(token, session, handle, mechanism, data)
      token.cryptoki.C_EncryptInit(session, mechanism, handle)
      return token.cryptoki.C_EncryptAsync(session, data, output)
    }),
  ),
  handler(DECRYPT, (token, { key, mechanism, data }) =>
    token.objects.withObject(key, (session, handle) => {
      const output = outputFor(token, session, handle, mechanism, data)
      token.cryptoki.C_DecryptInit(session, mechanism, handle)
      return token.cryptoki.C_DecryptAsync(session, data, output)
    }),
  ),
  handler(SIGN, (token, { key, mechanism, data }) =>
    token.objects.withObject(key, (session, handle) => {
      const output = outputFor(token, session, handle, mechanism, data)
      token.cryptoki.C_SignInit(session, mechanism, handle)
      return token.cryptoki.C_SignAsync(session, data, output)
    }),
  ),
  handler(VERIFY, ({ cryptoki, objects }, { key, mechanism, data, signature }) =>
    objects.withObject(key, async (session, handle) => {
      cryptoki.C_VerifyInit(session, mechanism, handle)
      try {
        return await cryptoki.C_VerifyAsync(session, data, signature)
      } catch (error) {
        const code = codeOf(error)
        if (code === CKR.SIGNATURE_INVALID || code === CKR.SIGNATURE_LEN_RANGE) return false
        throw error
      }
    }),
  ),
  handler(WRAP_BYTES, ({ cryptoki, objects }, { key, mechanism, data }) =>
    objects.withObject(key, (session, handle) => {
      const value = cryptoki.C_CreateObject(session, [...carrier([{ type: CKA.VALUE, value: data }])])
      return withCarrier(cryptoki, session, value, () =>
        cryptoki.C_WrapKeyAsync(session, mechanism, handle, value, roomFor(data)),
      )
    }),
  ),
  handler(UNWRAP_BYTES, ({ cryptoki, objects }, { key, mechanism, data }) =>
    objects.withObject(key, async (session, handle) => {
      const value = await cryptoki.C_UnwrapKeyAsync(session, mechanism, handle, data, [...carrier([])])
      return withCarrier(cryptoki, session, value, () => {
        const bytes = readAttribute(cryptoki, session, value, CKA.VALUE)
        if (bytes === undefined) throw new ModuleError('refused', 'the module does not tell what it has unwrapped')
        return bytes
      })
    }),
  ),
]

const ofObjects: readonly Handler[] = [
  handler(FIND, async ({ objects }, { template, most }) => [...(await objects.find(template, most))]),
  handler(READ, ({ cryptoki, objects }, { object, types }) =>
    objects.withObject(object, (session, handle) =>
      types.map((type) => readAttribute(cryptoki, session, handle, type)),
    ),
  ),
  handler(GENERATE_KEY, async ({ cryptoki, pool }, { mechanism, template }) => {
    await pool.withSession((session) => cryptoki.C_GenerateKeyAsync(session, mechanism, template))
  }),
  handler(GENERATE_PAIR, async ({ cryptoki, pool }, { mechanism, publicTemplate, privateTemplate }) => {
    await pool.withSession((session) =>
      cryptoki.C_GenerateKeyPairAsync(session, mechanism, publicTemplate, privateTemplate),
    )
  }),
  handler(CREATE, async ({ cryptoki, pool }, { template }) => {
    await pool.withSession((session) => cryptoki.C_CreateObject(session, template))
  }),
  handler(DESTROY, async ({ objects }, { object }) => {
    await objects.destroy(object)
  }),
]

const ofToken: readonly Handler[] = [
  handler(INSPECT, ({ cryptoki, pool }) => {
    pool.checkLogin()
    return tokenFacts(cryptoki, pool.slot)
  }),
  handler(LIST_MECHANISMS, ({ cryptoki, pool }) =>
    cryptoki.C_GetMechanismList(pool.slot).map((type) => {
      const { minKeySize, maxKeySize, flags } = cryptoki.C_GetMechanismInfo(pool.slot, type)
      return { type, least: minKeySize, most: maxKeySize, flags }
    }),
  ),
  handler(RANDOM, ({ cryptoki, pool }, { length }) =>
    pool.withSession((session) => cryptoki.C_GenerateRandom(session, Buffer.alloc(length))),
  ),
]

export const HANDLERS: ReadonlyMap<string, Handler> = new Map(
  [...ofKeys, ...ofObjects, ...ofToken].map((entry) => [entry.name, entry]),
)
