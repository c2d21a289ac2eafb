import { test, type Test } from 'tap'
import { probe, type Verdicts } from '../helpers/hsm-probes.ts'
import { CKR, type Fault, type FaultKind, type ShimmedToken, withShim } from '../helpers/hsm-shim.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/* The shim makes the faults that it is told to make, and no others: what the tests of faults stand on. */

const why = softHsm.missing()
const options = why === undefined ? {} : { skip: why }

/** One token for all tests: it takes a while to build the shim. */
const shimmed = async (): Promise<ShimmedToken> => {
  const folder = temporaryDirectory('shim')
  return withShim(await softHsm.prepare(folder), folder)
}

let made: Promise<ShimmedToken> | undefined

const fresh = async (...faults: readonly Fault[]): Promise<ShimmedToken> => {
  const token = await (made ??= shimmed())
  token.setFaults(...faults)
  token.forgetCalls()
  return token
}

void test(
  'PKCS#11 2.40 §5: without a fault, the module behind the shim does what it does alone',
  options,
  async (t) => {
    const token = await fresh()
    t.same(await probe(token), await probe({ ...token, module: token.env['HSM_SHIM_MODULE'] ?? '' }))
    t.ok(token.calls('C_EncryptInit').length > 0)
    t.ok(token.calls('C_Login').every((call) => call.answer === '0'))
  },
)

const use = 'AES-CBC-PAD'

/** One call of C_Encrypt with a key of AES goes wrong; then everything works again. */
const CASES: readonly {
  readonly fault: Exclude<FaultKind, 'hang' | 'segv' | 'die'>
  readonly verdict: string | null
}[] = [
  { fault: CKR.sessionHandleInvalid, verdict: 'CKR_SESSION_HANDLE_INVALID' },
  { fault: CKR.deviceRemoved, verdict: 'CKR_DEVICE_REMOVED' },
  { fault: CKR.tokenNotPresent, verdict: 'CKR_TOKEN_NOT_PRESENT' },
  { fault: CKR.userNotLoggedIn, verdict: 'CKR_USER_NOT_LOGGED_IN' },
  { fault: CKR.deviceMemory, verdict: 'CKR_DEVICE_MEMORY' },
  { fault: CKR.pinIncorrect, verdict: 'CKR_PIN_INCORRECT' },
  { fault: 'sleep:50', verdict: null },
  { fault: 'flip', verdict: 'something else comes back' },
]

const oneFault = (t: Test, verdicts: Verdicts, verdict: string | null): void => {
  // AES-CBC is malleable: what comes back is garbage, or its padding is none.
  t.ok(verdict === null ? verdicts[use] === null : verdicts[use] !== null)
  if (verdict?.startsWith('CKR_')) t.equal(verdicts[use], verdict)
  t.equal(verdicts['RSA-PSS'], null, 'what comes afterwards works')
}

for (const { fault, verdict } of CASES) {
  void test(`PKCS#11 2.40 §5.1: the shim makes the fault ${fault}, once`, options, async (t) => {
    // The first two are of AES-GCM.
    const token = await fresh({ of: 'C_Encrypt', fault: 'sleep:0', times: 2 }, { of: 'C_Encrypt', fault, times: 1 })
    oneFault(t, await probe(token), verdict)
    t.equal(
      token.calls('C_Encrypt').filter((call) => call.answer === fault.split(':')[0]).length,
      fault === 'sleep:50' ? 3 : 1,
    )
  })
}

void test('PKCS#11 2.40 §5: the shim ends the process, before the call and after it', options, async (t) => {
  for (const [fault, signal] of [
    ['segv', 'SIGSEGV'],
    ['die', 'SIGKILL'],
  ] as const) {
    const token = await fresh({ of: 'C_GenerateKeyPair', fault, times: 1 })
    const { signal: how } = await probe(token).then(
      () => ({ signal: undefined }),
      (error: unknown) => Object(error) as { signal?: string },
    )
    t.equal(how, signal)
    await t.resolves(probe(token), 'the fault is used up')
  }
})
