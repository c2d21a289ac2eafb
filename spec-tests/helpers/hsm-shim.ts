import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { command, type HsmToken } from './hsm-token.ts'

/** What a module may answer instead of what it should (PKCS#11 2.40, section 5.1). */
export const CKR = {
  deviceError: 'rv:30',
  deviceMemory: 'rv:31',
  deviceRemoved: 'rv:32',
  functionFailed: 'rv:6',
  generalError: 'rv:5',
  pinIncorrect: 'rv:a0',
  sessionHandleInvalid: 'rv:b3',
  tokenNotPresent: 'rv:e0',
  userNotLoggedIn: 'rv:101',
} as const

export type FaultKind =
  (typeof CKR)[keyof typeof CKR] | 'hang' | 'segv' | 'die' | 'flip' | 'lie' | 'huge' | `sleep:${number}`

/** A fault of one function, or of all of them ('*'); for so many calls, or until it is taken away. */
export type Fault = { readonly of: string; readonly fault: FaultKind; readonly times?: number }

/** A call that reached the module: the process, the function, and its answer in hexadecimal or the fault. */
export type ModuleCall = { readonly pid: number; readonly name: string; readonly answer: string }

/** A token behind the shim: the token itself is as it was. */
export type ShimmedToken = HsmToken & {
  /** Puts these faults in place of those before. */
  setFaults(...faults: readonly Fault[]): void
  /** Since the last `forgetCalls`. */
  calls(name?: string): readonly ModuleCall[]
  forgetCalls(): void
}

const SOURCE = join(import.meta.dirname, '../hsm/shim.c')

const FOREVER = 999_999

/** Folder of the headers of the standard, which pkcs11js brings along. */
const headers = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('pkcs11js/package.json')), 'includes/pkcs11')

const lineOf = ({ of, fault, times = FOREVER }: Fault): string => `${of} ${fault} ${String(times).padStart(6, '0')}\n`

const callOf = (line: string): ModuleCall => {
  const [pid = '', name = '', answer = ''] = line.split(' ')
  return { pid: Number(pid), name, answer }
}

/** Builds the shim in the folder, and puts it before the module of the token. */
export const withShim = async (token: HsmToken, folder: string): Promise<ShimmedToken> => {
  const module = join(folder, 'shim.so')
  const control = join(folder, 'faults')
  const noted = `${control}.calls`
  const flags = ['-Wall', '-Wextra', '-Werror', '-Wno-cast-function-type', '-O1', '-shared', '-fPIC']
  await command(['gcc', ...flags, '-I', headers(), '-o', module, SOURCE, '-ldl'])
  const setFaults = (...faults: readonly Fault[]): void => writeFileSync(control, faults.map(lineOf).join(''))
  const forgetCalls = (): void => writeFileSync(noted, '')
  setFaults()
  forgetCalls()
  return {
    ...token,
    module,
    env: { ...token.env, HSM_SHIM_MODULE: token.module, HSM_SHIM_CONTROL: control },
    setFaults,
    forgetCalls,
    calls: (name) =>
      readFileSync(noted, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map(callOf)
        .filter((call) => name === undefined || call.name === name),
  }
}
