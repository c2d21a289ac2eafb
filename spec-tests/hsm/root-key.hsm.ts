import { join } from 'node:path'
import { test } from 'tap'
import { CREATE, DESTROY, GENERATE_KEY, type Template } from '../../src/keystore/pkcs11/calls.ts'
import type { ModuleHost } from '../../src/keystore/pkcs11/module-host.ts'
import { CKM } from '../../src/keystore/pkcs11/numbers.ts'
import { hsmRootKey, openHsmRootKey } from '../../src/keystore/pkcs11/root/hsm-root-key.ts'
import { makeRoot } from '../../src/keystore/pkcs11/root/make-root.ts'
import { requireRoot, type RootObject } from '../../src/keystore/pkcs11/root/root-object.ts'
import { tryMethods } from '../../src/keystore/pkcs11/root/try-methods.ts'
import { WRAPPING_METHODS } from '../../src/keystore/pkcs11/root/wrapping-methods.ts'
import { RootKeyUnavailableError } from '../../src/keystore/root-key.ts'
import { CKA, CKK, CKO } from '../../src/protocol/pkcs11/constants.ts'
import { faultOf, openHost, prepareToken } from '../helpers/hsm-host.ts'
import { HSM_MODULES } from '../helpers/hsm-modules.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { command, type HsmModule } from '../helpers/hsm-token.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/* The root key in an HSM: made inside, looked at before it is trusted, wrapping by what the token really has. */

const LABEL = 'kmipd root'
const KEY = Buffer.alloc(32, 0x5a)
const NAME = Buffer.from('kmipd store key 1')

const rejection = async (job: Promise<unknown>): Promise<Error> => {
  try {
    await job
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('it should have failed')
}

/** Methods that the modules lack, in the versions of Debian. */
const LACKING: Readonly<Record<string, readonly string[]>> = {
  softhsm: ['AES key wrap with padding (KWP)', 'RSA-OAEP, SHA-256 with HMAC-SHA-256'],
}

for (const module of HSM_MODULES.filter(({ name }) => name === 'softhsm' || name === 'nss')) {
  const missing = module.missing()
  const skip = missing === undefined ? false : missing

  void test(
    `root key: ${module.title}: store keys come back as they went in, and only under their names`,
    { skip },
    async (t) => {
      const host = openHost(t, await prepareToken(module))
      const object = await makeRoot(host, LABEL)
      const root = hsmRootKey(host, object)
      t.match(root.id, /^[0-9a-f]{16}$/)
      const wrapped = await root.wrap(KEY, NAME)
      t.notOk(wrapped.includes(KEY))
      t.same(await root.unwrap(wrapped, NAME), KEY)
      t.same(await (await openHsmRootKey(host, { label: LABEL })).unwrap(wrapped, NAME), KEY, 'found by its label')
      for (let at = 0; at < wrapped.length; at += 7) {
        const changed = Buffer.from(wrapped)
        changed[at] = (changed[at] ?? 0) ^ 0x10
        const error = await rejection(root.unwrap(changed, NAME))
        t.notOk(error instanceof RootKeyUnavailableError, `a change of byte ${at}`)
      }
      await rejection(root.unwrap(wrapped, Buffer.from('kmipd store key 2')))
      await rejection(root.unwrap(Buffer.alloc(0), NAME))
      await rejection(root.unwrap(wrapped.subarray(0, 20), NAME))
      const other = hsmRootKey(host, await makeRoot(host, 'another'))
      await rejection(other.unwrap(wrapped, NAME))
      await host.close()
      t.ok((await rejection(root.unwrap(wrapped, NAME))) instanceof RootKeyUnavailableError, 'nobody to ask')
    },
  )

  void test(`root key: ${module.title}: each method that it does not lack wraps`, { skip }, async (t) => {
    const host = openHost(t, await prepareToken(module))
    const aesRoot = await makeRoot(host, 'one', ['aes'])
    const rsaRoot = await makeRoot(host, 'two', ['rsa'])
    const trials = [...(await tryMethods(host, aesRoot)), ...(await tryMethods(host, rsaRoot))]
    t.same(
      trials.map(({ method }) => method),
      WRAPPING_METHODS,
    )
    for (const { method, problem } of trials) {
      const lacks = LACKING[module.name]?.includes(method.title) === true
      t.equal(problem === undefined, !lacks, `${method.title}: ${problem ?? 'works'}`)
    }
  })
}

/** What the other modules, which cannot be in this process, make of a root key. */
const ELSEWHERE: readonly (readonly [HsmModule['name'], string, readonly string[]])[] = [
  ['tpm2', 'rsa', ['RSA-OAEP, SHA-256 with HMAC-SHA-256', 'RSA-OAEP, SHA-1 with HMAC-SHA-256']],
  ['opencryptoki', 'aes', ['AES-CBC-PAD with HMAC-SHA-256']],
]

for (const [name, kind, works] of ELSEWHERE) {
  const module = HSM_MODULES.find((one) => one.name === name)
  const why = module === undefined ? 'unknown' : module.missing()
  const title = `root key: ${module?.title ?? name}: store keys come back as they went in, by what it can do`
  void test(title, why === undefined ? {} : { skip: why }, async (t) => {
    const token = await module?.prepare(temporaryDirectory('token'))
    if (token === undefined) return
    t.teardown(() => token.remove())
    const { within, env } = token
    const program = join(import.meta.dirname, '../helpers/hsm-root-trial.ts')
    const words = [...within, process.execPath, '--no-warnings', program, JSON.stringify(token)]
    t.same(JSON.parse(await command(words, env)), {
      kind,
      works,
      opens: true,
      hides: true,
      noticesChange: true,
      noticesName: true,
    })
  })
}

const missing = softHsm.missing()
const skip = missing === undefined ? false : missing

const aes = (id: string, more: Template): Template => [
  { type: CKA.CLASS, value: CKO.SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.AES },
  { type: CKA.TOKEN, value: true },
  { type: CKA.ID, value: Buffer.from(id, 'hex') },
  { type: CKA.LABEL, value: LABEL },
  ...more,
]

const INSIDE: Template = [
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: true },
  { type: CKA.EXTRACTABLE, value: false },
]

const generated = (host: ModuleHost, template: Template, mechanism: number = CKM.AES_KEY_GEN) =>
  host.call(GENERATE_KEY, { mechanism: { mechanism }, template: [...template] })

void test('root key: one that could leave the token is refused, and why', { skip }, async (t) => {
  const host = openHost(t, await prepareToken(softHsm))
  const cases: readonly (readonly [string, RegExp, () => Promise<void>])[] = [
    [
      'extractable',
      /taken out of the token \(CKA_EXTRACTABLE\)/,
      () =>
        generated(
          host,
          aes('01', [
            { type: CKA.PRIVATE, value: true },
            { type: CKA.SENSITIVE, value: true },
            { type: CKA.EXTRACTABLE, value: true },
            { type: CKA.VALUE_LEN, value: 32 },
          ]),
        ),
    ],
    [
      'public',
      /used without a login/,
      () =>
        generated(
          host,
          aes('01', [
            { type: CKA.PRIVATE, value: false },
            { type: CKA.SENSITIVE, value: true },
            { type: CKA.EXTRACTABLE, value: false },
            { type: CKA.VALUE_LEN, value: 32 },
          ]),
        ),
    ],
    [
      'short',
      /does not have 256 bits/,
      () => generated(host, aes('01', [...INSIDE, { type: CKA.VALUE_LEN, value: 16 }])),
    ],
    [
      'brought from outside',
      /not made inside the token/,
      () => host.call(CREATE, { template: [...aes('01', [...INSIDE, { type: CKA.VALUE, value: KEY }])] }),
    ],
  ]
  for (const [what, message, make] of cases) {
    await make()
    const fault = await faultOf(requireRoot(host, { label: LABEL }))
    t.equal(fault.fault, 'setup')
    t.match(fault.message, message, what)
    await host.call(DESTROY, { object: { class: CKO.SECRET_KEY, id: Buffer.from('01', 'hex') } })
  }
})

void test('root key: which one is meant is never guessed', { skip }, async (t) => {
  const host = openHost(t, await prepareToken(softHsm))
  t.match(
    (await faultOf(requireRoot(host, { label: LABEL }))).message,
    /"kmipd test" \(\w+\) has no key labelled "kmipd root"/,
  )
  const first = await makeRoot(host, LABEL)
  const second = await makeRoot(host, LABEL)
  const both = (await faultOf(requireRoot(host, { label: LABEL }))).message
  for (const { id } of [first, second]) t.match(both, id.toString('hex'))
  const same = (one: RootObject) => requireRoot(host, { label: LABEL, id: one.id })
  t.same([await same(first), await same(second)], [first, second])
})
