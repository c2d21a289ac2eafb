import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { t as file, test } from 'tap'
import { initialize, newSite, refusal, run, serve, tokenFlags } from '../helpers/hsm-server.ts'
import { CKR, type Fault, type FaultKind, type ShimmedToken, withShim } from '../helpers/hsm-shim.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { create } from '../wire/requests.ts'
import { doneBy, leaveKey, materialOf } from './stored-key.ts'

/*
 * Modules that fail while a root key is made and while the server starts, with the shim before SoftHSM: the start is
 * refused and says why, nothing takes the place of the HSM, and afterwards everything is there.
 */

// Room for a machine that does much else: each start of the program takes a while there.
file.setTimeout(900_000)

const why = softHsm.missing()
const options = why === undefined ? {} : { skip: why }

const MATERIAL = Buffer.from('101112131415161718191a1b1c1d1e1f', 'hex')

/** A module that hangs is given up sooner than usual; the others have their time on a machine that does much else. */
const patienceFor = (fault: FaultKind): readonly string[] => ['--hsm-timeout', fault === 'hang' ? '3' : '20']

const shimmed = async (): Promise<ShimmedToken> => {
  const folder = temporaryDirectory('token')
  return withShim(await softHsm.prepare(folder), folder)
}

type StartCase = { readonly of: string; readonly fault: FaultKind; readonly says: RegExp }

/** The root key is found by C_FindObjects, and opens the store keys by C_Decrypt. */
const LASTING: readonly StartCase[] = [
  { of: '*', fault: CKR.deviceRemoved, says: /CKR_DEVICE_REMOVED/ },
  { of: 'C_OpenSession', fault: CKR.tokenNotPresent, says: /CKR_TOKEN_NOT_PRESENT/ },
  { of: 'C_Login', fault: CKR.deviceError, says: /CKR_DEVICE_ERROR/ },
  { of: 'C_FindObjectsInit', fault: CKR.sessionHandleInvalid, says: /CKR_SESSION_HANDLE_INVALID/ },
  { of: 'C_DecryptInit', fault: CKR.userNotLoggedIn, says: /CKR_USER_NOT_LOGGED_IN/ },
  { of: 'C_Decrypt', fault: CKR.deviceMemory, says: /CKR_DEVICE_MEMORY/ },
  { of: 'C_Decrypt', fault: CKR.generalError, says: /store key 1|CKR_GENERAL_ERROR/ },
  { of: 'C_Decrypt', fault: 'segv', says: /SIGSEGV/ },
  { of: 'C_Initialize', fault: 'hang', says: /takes longer than/ },
  { of: 'C_Decrypt', fault: 'hang', says: /takes longer than/ },
  { of: 'C_Decrypt', fault: 'flip', says: /store key 1 is damaged/ },
  { of: 'C_Decrypt', fault: 'lie', says: /store key 1 is damaged/ },
  { of: 'C_Decrypt', fault: 'huge', says: /store key 1|module/ },
  { of: 'C_GetAttributeValue', fault: CKR.functionFailed, says: /CKR_FUNCTION_FAILED/ },
]

void test('PKCS#11 2.40 §5.1: a module that fails for good refuses the start, and says why', options, async (t) => {
  const token = await shimmed()
  const site = newSite(token)
  await initialize(site)
  const id = await leaveKey(t, site, MATERIAL)
  for (const { of, fault, says } of LASTING) {
    token.setFaults({ of, fault })
    const { code, err, out } = await refusal(site, ...patienceFor(fault))
    t.equal(code, 1, `${of} ${fault}: it does not start`)
    t.match(err, says, `${of} ${fault}: it says why`)
    t.notMatch(err + out, token.pin, `${of} ${fault}: and not the PIN`)
    t.notOk(existsSync(join(site.data, 'root.key')), `${of} ${fault}: nothing takes the place of the HSM`)
  }
  token.setFaults()
  t.same(await materialOf(await serve(t, site), id), MATERIAL, 'nothing is lost')
})

/** What another attempt mends. */
const PASSING: readonly Fault[] = [
  { of: 'C_FindObjectsInit', fault: CKR.sessionHandleInvalid, times: 1 },
  { of: 'C_DecryptInit', fault: CKR.sessionHandleInvalid, times: 1 },
  { of: 'C_Decrypt', fault: CKR.deviceRemoved, times: 1 },
  { of: 'C_Decrypt', fault: CKR.userNotLoggedIn, times: 1 },
  { of: 'C_Decrypt', fault: 'segv', times: 1 },
  { of: 'C_Decrypt', fault: 'sleep:1000', times: 1 },
]

void test('PKCS#11 2.40 §5.1: a module that fails once is asked again', options, async (t) => {
  const token = await shimmed()
  const site = newSite(token)
  await initialize(site)
  const id = await leaveKey(t, site, MATERIAL)
  for (const fault of PASSING) {
    token.setFaults(fault)
    const server = await serve(t, site)
    t.same(await materialOf(server, id), MATERIAL, `${fault.of} ${fault.fault}`)
    await server.stop()
  }
})

const nth = (of: string, fault: FaultKind, calls: number): readonly Fault[] => [
  ...(calls === 1 ? [] : [{ of, fault: 'sleep:0', times: calls - 1 } as const]),
  { of, fault, times: 1 },
]

const WRONG_ANSWERS: readonly (readonly Fault[])[] = [
  ...[1, 2].map((call) => nth('C_Encrypt', 'flip', call)),
  nth('C_Encrypt', 'lie', 2),
  ...[1, 6].map((call) => nth('C_Decrypt', 'flip', call)),
]

void test('PKCS#11 2.40 §5.8: no wrong answer while the first store key is made loses a key', options, async (t) => {
  const token = await shimmed()
  await initialize(newSite(token))
  for (const faults of WRONG_ANSWERS) {
    const { of, fault } = faults.at(-1) ?? { of: '', fault: '' }
    const title = `${of} ${fault}${faults.length > 1 ? ' later' : ''}`
    // A data directory of its own, with the same root key.
    const site = newSite(token)
    token.setFaults(...faults)
    // Either it notices, or it has got over it; what it may not do is to keep what nobody can open.
    const first = await serve(t, site, ...tokenFlags(site)).catch(() => undefined)
    const id = first && (await doneBy(first, create('1.4')))
    const material = first && id !== undefined ? await materialOf(first, id) : undefined
    await first?.stop()
    token.setFaults()
    const second = await serve(t, site, ...tokenFlags(site))
    if (id === undefined) t.pass(`${title}: noticed`)
    else t.same(await materialOf(second, id), material, title)
    await second.stop()
  }
})

void test('PKCS#11 2.40 §5.13: a root key is made once, whatever happens meanwhile', options, async (t) => {
  const token = await shimmed()
  const site = newSite(token)
  const words = tokenFlags(site)

  token.setFaults(
    { of: 'C_GenerateKey', fault: CKR.deviceMemory },
    { of: 'C_GenerateKeyPair', fault: CKR.deviceMemory },
  )
  const full = await run(site, 'hsm', 'init', ...words)
  t.equal(full.code, 1)
  t.match(full.err, /CKR_DEVICE_MEMORY/)
  t.notOk(existsSync(join(site.data, 'kmipd.toml')), 'nothing is configured')

  token.setFaults({ of: 'C_GenerateKey', fault: 'lie' })
  t.equal((await run(site, 'hsm', 'init', ...words)).code, 1, 'what was not made is not believed')

  token.setFaults({ of: 'C_GenerateKey', fault: 'die', times: 1 })
  t.equal((await run(site, 'hsm', 'init', ...words)).code, 1, 'killed after it was made')

  token.setFaults()
  token.forgetCalls()
  t.match(await initialize(site), /^found root key/m)
  t.same(token.calls('C_GenerateKey'), [])
  const listed = await run(site, 'hsm', 'list')
  t.equal(listed.out.split('\n').filter((line) => line.includes('kmipd root')).length, 1, 'there is one')
})

void test('PKCS#11 2.40 §5.6: a wrong PIN is shown to the token once, ever', options, async (t) => {
  const token = await shimmed()
  const site = newSite(token)
  await initialize(site)
  const id = await leaveKey(t, site, MATERIAL)
  token.forgetCalls()
  const wrong = newSite({ ...token, pin: '11111111' })
  const withWrongPin = ['--hsm-pin-file', wrong.pinFile]
  for (let start = 0; start < 3; start += 1) {
    const { code, err } = await refusal(site, ...withWrongPin)
    t.equal(code, 1)
    t.match(err, /PIN/)
    t.notMatch(err, '11111111')
  }
  const status = await run(site, 'hsm', 'status', ...withWrongPin)
  t.equal(status.code, 1)
  t.equal(token.calls('C_Login').length, 1)
  t.same(await materialOf(await serve(t, site), id), MATERIAL, 'with the right one everything is there')
})
