import { ModuleError } from '../../src/keystore/pkcs11/module-error.ts'
import { createModuleHost } from '../../src/keystore/pkcs11/module-host.ts'
import { hsmRootKey } from '../../src/keystore/pkcs11/root/hsm-root-key.ts'
import { makeRoot } from '../../src/keystore/pkcs11/root/make-root.ts'
import { tryMethods } from '../../src/keystore/pkcs11/root/try-methods.ts'
import { optionsFor } from './hsm-host.ts'
import type { HsmToken } from './hsm-token.ts'

/*
 * Makes a root key in a token and wraps with it, in a process of its own, which may run where alone the token can be
 * reached. The description of the token comes as an argument; prints a line of JSON.
 */

const token = JSON.parse(process.argv[2] ?? '') as Omit<HsmToken, 'remove'>
const host = createModuleHost(optionsFor({ ...token, remove: () => Promise.resolve() }))

const KEY = Buffer.alloc(32, 0x5a)
const NAME = Buffer.from('kmipd store key 1')

const isRefused = async (job: Promise<unknown>): Promise<boolean> => {
  try {
    await job
    return false
  } catch (error) {
    return error instanceof ModuleError && error.fault === 'refused'
  }
}

try {
  const object = await makeRoot(host, 'kmipd root')
  const root = hsmRootKey(host, object)
  const wrapped = await root.wrap(KEY, NAME)
  const changed = Buffer.from(wrapped)
  changed.writeUInt8(changed.readUInt8(wrapped.length - 1) ^ 1, wrapped.length - 1)
  const trials = await tryMethods(host, object)
  console.log(
    JSON.stringify({
      kind: object.kind,
      works: trials.filter(({ problem }) => problem === undefined).map(({ method }) => method.title),
      opens: (await root.unwrap(wrapped, NAME)).equals(KEY),
      hides: !wrapped.includes(KEY),
      noticesChange: await isRefused(root.unwrap(changed, NAME)),
      noticesName: await isRefused(root.unwrap(wrapped, Buffer.from('kmipd store key 2'))),
    }),
  )
} finally {
  await host.close()
}
