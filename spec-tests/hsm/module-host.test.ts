import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import {
  DECRYPT,
  DESTROY,
  ENCRYPT,
  FIND,
  GENERATE_KEY,
  INSPECT,
  LIST_MECHANISMS,
  RANDOM,
  READ,
} from '../../src/keystore/pkcs11/calls.ts'
import type { ModuleHost } from '../../src/keystore/pkcs11/module-host.ts'
import { CKM, PARAMETERS } from '../../src/keystore/pkcs11/numbers.ts'
import { createRefusedPins } from '../../src/keystore/pkcs11/refused-pins.ts'
import type { TokenOptions } from '../../src/keystore/pkcs11/supervisor.ts'
import { CKA, CKK, CKO } from '../../src/protocol/pkcs11/constants.ts'
import { faultOf, type Lines, logTo, openHost, prepareToken } from '../helpers/hsm-host.ts'
import { nss } from '../helpers/hsm-nss.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/* The process that holds a PKCS#11 module, with real modules (PKCS#11 2.40 and 3.0). */

const aesKey = (id: Buffer) => [
  { type: CKA.CLASS, value: CKO.SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.AES },
  { type: CKA.TOKEN, value: true },
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: true },
  { type: CKA.EXTRACTABLE, value: false },
  { type: CKA.ENCRYPT, value: true },
  { type: CKA.DECRYPT, value: true },
  { type: CKA.VALUE_LEN, value: 32 },
  { type: CKA.ID, value: id },
  { type: CKA.LABEL, value: 'a key' },
]

const generate = (host: ModuleHost, id: Buffer) =>
  host.call(GENERATE_KEY, { mechanism: { mechanism: CKM.AES_KEY_GEN }, template: aesKey(id) })

const gcm = (iv: Buffer) => ({
  mechanism: CKM.AES_GCM,
  parameter: { type: PARAMETERS.GCM, iv, ivBits: iv.length * 8, aad: Buffer.from('name'), tagBits: 128 },
})

/** Processes that this one has started and that hold a module. */
const modulePids = (): readonly number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('module-process'))
    .map((line) => Number.parseInt(line, 10))

const killModule = (signal: NodeJS.Signals): void => {
  for (const pid of modulePids()) process.kill(pid, signal)
}

for (const module of [softHsm, nss]) {
  const missing = module.missing()
  const skip = missing === undefined ? false : missing

  void test(
    `PKCS#11 §5: ${module.title}: keys are made and used inside, found by id, and destroyed`,
    { skip },
    async (t) => {
      const host = openHost(t, await prepareToken(module))
      const facts = await host.ready()
      t.equal(facts.token.label, 'kmipd test')
      const key = { class: CKO.SECRET_KEY, id: Buffer.from('0102030405060708', 'hex') }
      await generate(host, key.id)
      const data = Buffer.from('what is to be kept secret')
      const sealed = await host.call(ENCRYPT, { key, mechanism: gcm(Buffer.alloc(12, 1)), data })
      t.equal(sealed.length, data.length + 16)
      t.same(await host.call(DECRYPT, { key, mechanism: gcm(Buffer.alloc(12, 1)), data: sealed }), data)

      const changed = Buffer.from(sealed)
      changed[3] = (changed[3] ?? 0) ^ 1
      const fault = await faultOf(host.call(DECRYPT, { key, mechanism: gcm(Buffer.alloc(12, 1)), data: changed }))
      t.equal(fault.fault, 'refused', 'a wrong ciphertext is no failure of the module')
      t.same(
        await host.call(DECRYPT, { key, mechanism: gcm(Buffer.alloc(12, 1)), data: sealed }),
        data,
        'nor of a session',
      )

      const [value, extractable] = await host.call(READ, { object: key, types: [CKA.VALUE, CKA.EXTRACTABLE] })
      t.same([value, extractable], [undefined, Buffer.from([0])], 'its value stays inside')
      const found = await host.call(FIND, { template: [{ type: CKA.LABEL, value: 'a key' }], most: 10 })
      t.same(found, [{ class: CKO.SECRET_KEY, id: key.id, label: 'a key', keyType: CKK.AES }])
      await host.call(DESTROY, { object: key })
      await host.call(DESTROY, { object: key })
      t.equal((await faultOf(host.call(ENCRYPT, { key, mechanism: gcm(Buffer.alloc(12)), data }))).fault, 'handle')

      t.equal((await host.call(RANDOM, { length: 40 })).length, 40)
      const mechanisms = await host.call(LIST_MECHANISMS, undefined)
      t.ok(mechanisms.some(({ type }) => type === CKM.AES_GCM))
      t.equal((await host.call(INSPECT, undefined)).label, 'kmipd test')
    },
  )

  void test(`PKCS#11 §5: ${module.title}: many calls at once, over few sessions`, { skip }, async (t) => {
    const host = openHost(t, await prepareToken(module), { sessions: 2 })
    const key = { class: CKO.SECRET_KEY, id: Buffer.from('0a', 'hex') }
    await generate(host, key.id)
    const datas = Array.from({ length: 200 }, (_, index) => Buffer.alloc(64, index))
    const sealed = await Promise.all(
      datas.map((data, index) => host.call(ENCRYPT, { key, mechanism: gcm(Buffer.alloc(12, index)), data })),
    )
    const opened = await Promise.all(
      sealed.map((data, index) => host.call(DECRYPT, { key, mechanism: gcm(Buffer.alloc(12, index)), data })),
    )
    t.same(opened, datas)
  })

  void test(`PKCS#11 §5: ${module.title}: a process that is killed is replaced`, { skip }, async (t) => {
    const lines: Lines = []
    const host = openHost(t, await prepareToken(module), { log: logTo(lines) })
    const key = { class: CKO.SECRET_KEY, id: Buffer.from('0b', 'hex') }
    await generate(host, key.id)
    const encrypt = () => host.call(ENCRYPT, { key, mechanism: gcm(Buffer.alloc(12, 2)), data: Buffer.from('x') })
    await encrypt()
    const calls = Array.from({ length: 20 }, encrypt)
    killModule('SIGSEGV')
    t.equal((await Promise.all(calls)).length, 20, 'calls that may be repeated are')
    t.match(lines.join('\n'), /SIGSEGV/)
    t.equal(modulePids().length, 1, 'there is one again')
    t.match(host.lastFault?.message, /SIGSEGV/)
  })
}

const missing = softHsm.missing()
const skip = missing === undefined ? false : missing

void test('PKCS#11 §5.6.6: a wrong PIN is shown to the token once', { skip }, async (t) => {
  const token = await prepareToken(softHsm)
  const path = join(temporaryDirectory('pins'), 'pins.json')
  const refusedPins = createRefusedPins(path)
  const lines: Lines = []
  const wrong = { pin: '99999999', refusedPins, log: logTo(lines) }
  const first = openHost(t, token, wrong)
  t.match(await faultOf(first.ready()), { fault: 'pin', code: 'CKR_PIN_INCORRECT' })
  t.match(await faultOf(first.call(RANDOM, { length: 8 })), { fault: 'pin' })
  t.same(modulePids(), [], 'nothing is started again')
  const restarted = await faultOf(openHost(t, token, wrong).ready())
  t.equal(restarted.fault, 'pin')
  t.match(restarted.message, path, 'the operator learns what remembers it')
  t.equal(restarted.code, undefined, 'the token was not asked')
  t.notMatch(lines.join('\n') + readFileSync(path, 'utf8') + restarted.message, /99999999/)
  await openHost(t, token, { ...wrong, pin: token.pin }).ready()
  t.equal((await faultOf(openHost(t, token, wrong).ready())).code, undefined, 'and it is still remembered')
})

void test('PKCS#11 §5.6.6: a wrong PIN that cannot be written down is shown once nonetheless', { skip }, async (t) => {
  const token = await prepareToken(softHsm)
  const lines: Lines = []
  const known = createRefusedPins(join(temporaryDirectory('pins'), 'pins.json'))
  const refusedPins = { ...known, add: () => Promise.reject(new Error('no space left')) }
  const host = openHost(t, token, { pin: '99999999', refusedPins, log: logTo(lines) })
  t.match(await faultOf(host.ready()), { fault: 'pin', code: 'CKR_PIN_INCORRECT' })
  t.match(await faultOf(host.call(RANDOM, { length: 8 })), { fault: 'pin' })
  t.same(modulePids(), [], 'nothing is started again')
  t.match(lines.join('\n'), /could not be written down/)
  t.notMatch(lines.join('\n'), /99999999/)
})

void test('PKCS#11 §5.6.6: PINs that several tokens refuse in the same moment are all remembered', async (t) => {
  const directory = temporaryDirectory('pins')
  const path = join(directory, 'pins.json')
  const uses = ['first', 'second', 'third'].map((token) => ({ module: 'module', token, pin: '1234' }))
  await Promise.all(uses.map((use) => createRefusedPins(path).add(use)))
  for (const use of uses) t.ok(await createRefusedPins(path).has(use), use.token)
  t.same(readdirSync(directory), ['pins.json'], 'nothing else is left')
})

void test('PKCS#11 §5.4: what is configured is looked for before it is used', { skip }, async (t) => {
  const token = await prepareToken(softHsm)
  const cases: readonly (readonly [Partial<TokenOptions>, string, RegExp])[] = [
    [{ module: '/nowhere/libnone.so' }, 'setup', /libnone\.so cannot be loaded/],
    [{ module: process.execPath }, 'setup', /cannot be loaded/],
    [{ token: { label: 'other' } }, 'lost', /no token labelled "other"; it has "kmipd test"/],
    [{ token: { serial: '123' } }, 'lost', /no token number 123/],
    [{ pin: undefined }, 'setup', /needs a PIN/],
  ]
  for (const [more, fault, message] of cases) {
    const failure = await faultOf(openHost(t, token, more).ready())
    t.equal(failure.fault, fault, failure.message)
    t.match(failure.message, message)
  }
})

void test('PKCS#11 §5: a process that hangs is replaced, and costs one deadline', { skip }, async (t) => {
  const host = openHost(t, await prepareToken(softHsm), { deadline: 3000 })
  await host.ready()
  killModule('SIGSTOP')
  t.match(await faultOf(host.call(RANDOM, { length: 8 })), { fault: 'timeout' })
  t.equal((await host.call(RANDOM, { length: 8 })).length, 8, 'the next call is served')
})

void test(
  'PKCS#11 §5: while the token stays away, calls fail at once; it is back without a restart',
  { skip },
  async (t) => {
    const token = await prepareToken(softHsm)
    const right = process.env['SOFTHSM2_CONF']
    const host = openHost(t, token)
    await host.ready()
    process.env['SOFTHSM2_CONF'] = '/nowhere/softhsm2.conf'
    killModule('SIGKILL')
    const faults: string[] = []
    while (!faults.includes('unavailable')) faults.push((await faultOf(host.call(RANDOM, { length: 8 }))).fault)
    t.match(host.lastFault?.message, /no token|CKR_/)
    process.env['SOFTHSM2_CONF'] = right
    let back: Buffer | undefined
    while (back === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      back = await host.call(RANDOM, { length: 8 }).catch(() => undefined)
    }
    t.equal(back.length, 8)
  },
)

void test('PKCS#11 §5: a PIN of our environment is not in that of the process', { skip }, async (t) => {
  const token = await prepareToken(softHsm)
  process.env['KMIPD_HSM_PIN'] = token.pin
  const host = openHost(t, token)
  await host.ready()
  delete process.env['KMIPD_HSM_PIN']
  for (const pid of modulePids()) {
    t.notMatch(
      readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
      token.pin,
    )
  }
})
