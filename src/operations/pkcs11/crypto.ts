import type { HeldKey } from '../../domain/key-store.ts'
import type { Purpose } from '../../domain/key-use.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import { type Active, type ActiveKind, heldBy, heldIn, PKCS11_LIMITS } from '../../domain/pkcs11.ts'
import { protecting } from '../../domain/usage-limits.ts'
import { keyToUse } from '../../domain/wrapping-keys.ts'
import { count, counted } from '../../protocol/pkcs11/codec.ts'
import { type Call, CryptokiError, objectIn, sessionIn, setSession } from './call.ts'
import { type ChosenMechanism, readMechanism } from './mechanisms.ts'
import { fromCryptoki, toCryptoki } from './signature-form.ts'

/*
 * Encrypt, decrypt, digest, sign and verify, at once or in parts (PKCS#11 3.0 sections 5.8 to 5.13). Parts are gathered,
 * and what comes of them comes with the last one, as PKCS#11 allows: a key is used once, through the same gates as by
 * the operations of KMIP.
 */

const NOTHING = Buffer.alloc(0)

const KINDS: Readonly<Record<ActiveKind, readonly ChosenMechanism['kind'][]>> = {
  encrypt: ['cipher'],
  decrypt: ['cipher'],
  digest: ['digest'],
  sign: ['signature', 'mac'],
  verify: ['signature', 'mac'],
}

const purposeOf = (kind: ActiveKind, isMac: boolean): Purpose => {
  switch (kind) {
    case 'encrypt':
      return 'Encrypt'
    case 'decrypt':
      return 'Decrypt'
    case 'sign':
      return isMac ? 'MACGenerate' : 'Sign'
    default:
      return isMac ? 'MACVerify' : 'Verify'
  }
}

type Used = { readonly object: ManagedObject; readonly key: HeldKey }

/** The key of a function, if it may be used for it. */
const useKey = async ({ context }: Call, kind: ActiveKind, { key, isMac }: Active): Promise<Used> => {
  if (key === undefined) throw new CryptokiError('KEY_HANDLE_INVALID')
  const object = await context.objects.get(key)
  return { object, key: await keyToUse(context, object, purposeOf(kind, isMac)) }
}

const setActive = (call: Call, handle: number, kind: ActiveKind, active: Active | undefined): void => {
  const session = sessionIn(call, handle)
  setSession(call, handle, { ...session, active: { ...session.active, [kind]: active } })
}

/** Whether functions of the instance may hold so much more data. */
const mayHold = ({ instance }: Call, more: number): boolean =>
  heldIn(instance.state) + more <= PKCS11_LIMITS.data && instance.hasRoom(more)

/** Many small parts take more than their bytes. */
const withPart = ({ parts = [] }: Active, data: Buffer): readonly Buffer[] =>
  parts.length < PKCS11_LIMITS.parts ? [...parts, data] : [Buffer.concat([...parts, data])]

/** C_EncryptInit and its relatives. */
export const begin =
  (kind: ActiveKind) =>
  async (call: Call): Promise<Buffer> => {
    const { input } = call
    const handle = input.ulong()
    const session = sessionIn(call, handle)
    const chosen = readMechanism(input)
    const key = kind === 'digest' ? undefined : objectIn(call, input.ulong(), 'KEY_HANDLE_INVALID')
    input.end()
    if (session.active[kind] !== undefined) throw new CryptokiError('OPERATION_ACTIVE')
    if (!KINDS[kind].includes(chosen.kind)) throw new CryptokiError('MECHANISM_INVALID')
    const { parameters, iv, additionalData, tagLength, isDigested } = chosen
    const isMac = chosen.kind === 'mac'
    const active = { parameters, iv, additionalData, tagLength, isDigested, isMac, key, parts: undefined }
    if (!mayHold(call, heldBy(active))) throw new CryptokiError('DEVICE_MEMORY')
    if (kind !== 'digest') await useKey(call, kind, active)
    setActive(call, handle, kind, active)
    return NOTHING
  }

const activeIn = (call: Call, handle: number, kind: ActiveKind): Active => {
  const active = sessionIn(call, handle).active[kind]
  if (active === undefined) throw new CryptokiError('OPERATION_NOT_INITIALIZED')
  return active
}

// What is done with the data ----------------------------------------------------------------------------------------

type Work = (
  call: Call,
  active: Active,
  data: Buffer,
) => Promise<{ readonly result: Buffer; readonly done: () => void }>

const protectingKey = async (call: Call, kind: 'encrypt' | 'sign', active: Active, data: Buffer) => {
  const { context } = call
  const used = await useKey(call, kind, active)
  const spent = protecting(used.object, data.length, context.now)
  const done = (): void => {
    if (spent !== used.object) context.objects.update(spent)
  }
  return { ...used, done }
}

const nothingMore = (): void => undefined

const WORK: Readonly<Record<Exclude<ActiveKind, 'verify'>, Work>> = {
  encrypt: async (call, active, data) => {
    const { key, done } = await protectingKey(call, 'encrypt', active, data)
    const { iv: ivCounterNonce, additionalData, parameters } = active
    const output = await call.context.keys.encrypt(key, parameters, {
      data,
      ivCounterNonce,
      additionalData,
      tag: undefined,
    })
    return { result: Buffer.concat([output.data, output.tag ?? NOTHING]), done }
  },
  decrypt: async (call, active, data) => {
    const { key } = await useKey(call, 'decrypt', active)
    const { iv: ivCounterNonce, additionalData, parameters, tagLength } = active
    if (data.length < tagLength) throw new CryptokiError('ENCRYPTED_DATA_LEN_RANGE')
    const [text, tag] = [data.subarray(0, data.length - tagLength), data.subarray(data.length - tagLength)]
    const input = { data: text, ivCounterNonce, additionalData, tag: tagLength === 0 ? undefined : tag }
    return { result: await call.context.keys.decrypt(key, parameters, input), done: nothingMore }
  },
  digest: ({ context }, { parameters }, data) =>
    Promise.resolve({ result: context.keys.hash(parameters, data), done: nothingMore }),
  sign: async (call, active, data) => {
    const { object, key, done } = await protectingKey(call, 'sign', active, data)
    const { keys } = call.context
    if (active.isMac) return { result: await keys.mac(key, active.parameters, data), done }
    const signature = await keys.sign(key, active.parameters, signedInput(active, data))
    return { result: toCryptoki(object, signature), done }
  },
}

const signedInput = ({ isDigested }: Active, data: Buffer) =>
  isDigested ? { data: undefined, digested: data } : { data, digested: undefined }

/** What an answer may be longer than its data: blocks, tags, and signatures of the largest keys. */
const MARGIN = 1024

/**
 * Tells what has come of the data, if there is room for it. Where the caller has asked for the length only, or has too
 * little room, it can ask again.
 */
const deliver = async (call: Call, handle: number, kind: keyof typeof WORK, data: Buffer): Promise<Buffer> => {
  const active = activeIn(call, handle, kind)
  const room = call.input.room()
  call.input.end()
  if (room === undefined) return count(data.length + MARGIN)
  setActive(call, handle, kind, undefined)
  const { result, done } = await WORK[kind](call, active, data)
  if (result.length > room) {
    setActive(call, handle, kind, active)
    throw new CryptokiError('BUFFER_TOO_SMALL', count(result.length))
  }
  done()
  return counted(result)
}

/** C_Encrypt and its relatives: all at once. */
export const whole =
  (kind: keyof typeof WORK) =>
  async (call: Call): Promise<Buffer> => {
    const handle = call.input.ulong()
    const data = call.input.bytes()
    if (activeIn(call, handle, kind).parts !== undefined) throw new CryptokiError('OPERATION_ACTIVE')
    return deliver(call, handle, kind, data)
  }

/** C_EncryptUpdate and its relatives. Nothing comes out yet; some have no output at all. */
export const part =
  (kind: ActiveKind, hasOutput: boolean) =>
  (call: Call): Buffer => {
    const { input } = call
    const handle = input.ulong()
    const data = Buffer.from(input.bytes())
    const room = hasOutput ? input.room() : undefined
    input.end()
    const active = activeIn(call, handle, kind)
    if (hasOutput && room === undefined) return count(0)
    if (!mayHold(call, data.length)) {
      setActive(call, handle, kind, undefined)
      throw new CryptokiError('DATA_LEN_RANGE')
    }
    setActive(call, handle, kind, { ...active, parts: withPart(active, data) })
    return hasOutput ? count(0) : NOTHING
  }

/** C_EncryptFinal and its relatives. */
export const last =
  (kind: keyof typeof WORK) =>
  async (call: Call): Promise<Buffer> => {
    const handle = call.input.ulong()
    const { parts = [] } = activeIn(call, handle, kind)
    return deliver(call, handle, kind, Buffer.concat(parts))
  }

// Verify ----------------------------------------------------------------------------------------------------------------

const verify = async (call: Call, active: Active, data: Buffer, signature: Buffer): Promise<void> => {
  const { object, key } = await useKey(call, 'verify', active)
  const { keys } = call.context
  if (active.isMac) {
    if (await keys.isMac(key, active.parameters, data, signature)) return
    throw new CryptokiError('SIGNATURE_INVALID')
  }
  const given = fromCryptoki(object, signature)
  if (given === undefined) throw new CryptokiError('SIGNATURE_LEN_RANGE')
  const { validity } = await keys.verify(key, active.parameters, signedInput(active, data), given)
  if (validity !== 'Valid') throw new CryptokiError('SIGNATURE_INVALID')
}

/** C_Verify, and C_VerifyFinal with what has been gathered. */
export const verifyWith =
  (isWhole: boolean) =>
  async (call: Call): Promise<Buffer> => {
    const { input } = call
    const handle = input.ulong()
    const active = activeIn(call, handle, 'verify')
    if (isWhole && active.parts !== undefined) throw new CryptokiError('OPERATION_ACTIVE')
    const data = isWhole ? input.bytes() : Buffer.concat(active.parts ?? [])
    const signature = input.bytes()
    input.end()
    setActive(call, handle, 'verify', undefined)
    await verify(call, active, data, signature)
    return NOTHING
  }

// Random numbers --------------------------------------------------------------------------------------------------------

/** Most bytes in one answer, as of RNG Retrieve. */
const MOST_RANDOM = 65_536

export const generateRandom = async (call: Call): Promise<Buffer> => {
  sessionIn(call, call.input.ulong())
  const length = call.input.count()
  if (length > MOST_RANDOM) throw new CryptokiError('ARGUMENTS_BAD')
  return counted(length === 0 ? NOTHING : await call.context.keys.random(length))
}

export const seedRandom = async (call: Call): Promise<Buffer> => {
  sessionIn(call, call.input.ulong())
  await call.context.keys.seedRandom(call.input.bytes())
  return NOTHING
}
