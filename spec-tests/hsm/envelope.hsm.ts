import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { t as file, test } from 'tap'
import { HSM_MODULES } from '../helpers/hsm-modules.ts'
import { initialize, modulePids, newSite, run, serve } from '../helpers/hsm-server.ts'
import type { HsmModule } from '../helpers/hsm-token.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { create, destroy, registerAes } from '../wire/requests.ts'
import { doneBy, materialOf } from './stored-key.ts'

/*
 * A server whose root key is in a token, with each real module: set up by one command, served, stopped and served again,
 * through KMIP over TLS.
 */

// Room for a machine that does much else: each start of the program takes a while there.
file.setTimeout(600_000)

/** How the root key of each wraps: by the best method that the module has. */
const METHODS: Readonly<Record<HsmModule['name'], RegExp>> = {
  softhsm: /AES-256, wraps by AES-GCM$/m,
  nss: /AES-256, wraps by AES-GCM$/m,
  tpm2: /RSA, wraps by RSA-OAEP, SHA-256 with HMAC-SHA-256$/m,
  opencryptoki: /AES-256, wraps by AES-CBC-PAD with HMAC-SHA-256$/m,
}

const MATERIAL = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

for (const module of HSM_MODULES) {
  const why = module.missing()
  const options = why === undefined ? {} : { skip: why }

  void test(
    `1.4 §4.1, §4.3, §4.11: the root key in ${module.title}: what was stored is there again`,
    options,
    async (t) => {
      const token = await module.prepare(temporaryDirectory('token'))
      t.teardown(() => token.remove())
      const site = newSite(token)
      const said = await initialize(site)
      t.match(said, METHODS[module.name])

      const first = await serve(t, site)
      t.equal(modulePids(first).length, 1, 'the module has a process of its own')
      const made = await doneBy(first, create('2.1'))
      const registered = await doneBy(first, registerAes('1.4', MATERIAL))
      const gone = await doneBy(first, create('1.2'))
      await doneBy(first, destroy('1.2', gone))
      const material = await materialOf(first, made)
      t.ok(Buffer.isBuffer(material))
      t.equal(await first.stop(), 0)

      const second = await serve(t, site)
      t.same(await materialOf(second, made), material)
      t.same(await materialOf(second, registered), MATERIAL)
      t.equal(await materialOf(second, gone), undefined)
      t.equal(await second.stop(), 0)
      t.notOk(existsSync(join(site.data, 'root.key')), 'there is no root key beside the one of the token')
      t.notMatch(first.output() + second.output(), token.pin)

      t.match(await initialize(site), /^found root key/m, 'a second time it is the same')
      const status = await run(site, 'hsm', 'status')
      t.match(status, { code: 0, out: METHODS[module.name] })
      t.match(await run(site, 'hsm', 'test'), { code: 0, out: /^works +wrap store keys/m })
    },
  )
}
