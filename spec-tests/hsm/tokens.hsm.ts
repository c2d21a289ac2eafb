import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { t as file, test, type Test } from 'tap'
import { initialize, newSite, refusal, run, serve, type Site } from '../helpers/hsm-server.ts'
import { initSoftHsm, softHsm } from '../helpers/hsm-softhsm.ts'
import type { HsmToken } from '../helpers/hsm-token.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { leaveKey, materialOf } from './stored-key.ts'

/* A start without the token, with another one, or with one that was set up anew: refused, with the key that is needed. */

file.setTimeout(600_000)

const why = softHsm.missing()
const options = why === undefined ? {} : { skip: why }

const MATERIAL = Buffer.from('202122232425262728292a2b2c2d2e2f', 'hex')

type Filled = { readonly site: Site; readonly folder: string; readonly id: string; readonly rootId: string }

/** A site with a key in it, not served any more. */
const filled = async (t: Test): Promise<Filled> => {
  const folder = temporaryDirectory('token')
  const site = newSite(await softHsm.prepare(folder))
  const rootId = /"kmipd root" ([0-9a-f]+)/.exec(await initialize(site))?.[1] ?? 'none'
  return { site, folder, id: await leaveKey(t, site, MATERIAL), rootId }
}

void test('PKCS#11 2.40 §5.4: a start without the module is refused', options, async (t) => {
  const { site, id } = await filled(t)
  const missing = await refusal(site, '--hsm-module', '/nowhere/module.so')
  t.equal(missing.code, 1)
  t.match(missing.err, '/nowhere/module.so')
  const wrong = await refusal(site, '--hsm-module', process.execPath)
  t.equal(wrong.code, 1)
  t.match(wrong.err, /module/)
  t.same(await materialOf(await serve(t, site), id), MATERIAL)
})

void test('PKCS#11 2.40 §5.5: a start without the token is refused, and names it', options, async (t) => {
  const { site } = await filled(t)
  const other = await softHsm.prepare(temporaryDirectory('other'))
  const ended = await refusal({ ...site, token: { ...other, label: 'kmipd test' } }, '--hsm-token', 'no such token')
  t.equal(ended.code, 1)
  t.match(ended.err, 'no such token')
})

/** The same label, in the same place, and nothing in it. */
const anew = async (folder: string, { env, label }: HsmToken): Promise<void> => {
  await rm(join(folder, 'tokens'), { recursive: true })
  await mkdir(join(folder, 'tokens'))
  await initSoftHsm(env, label)
}

void test(
  'PKCS#11 2.40 §5.5: a start with a token that was set up anew is refused, and names the key that is needed',
  options,
  async (t) => {
    const { site, folder, rootId } = await filled(t)
    await anew(folder, site.token)
    const ended = await refusal(site)
    t.equal(ended.code, 1)
    t.match(ended.err, 'kmipd root')
    t.match(ended.err, rootId)
  },
)

void test(
  'PKCS#11 2.40 §4.8: a start with another root key is refused, and names the key that is needed',
  options,
  async (t) => {
    const { site, folder, rootId } = await filled(t)
    await anew(folder, site.token)
    // Made by the command of another data directory: the same label, another key.
    const other = newSite(site.token)
    const otherId = /"kmipd root" ([0-9a-f]+)/.exec(await initialize(other))?.[1] ?? 'none'
    const ended = await refusal(site, '--hsm-key-id', otherId)
    t.equal(ended.code, 1)
    t.match(ended.err, rootId)
    t.match(ended.err, otherId)
  },
)

void test(
  'PKCS#11 2.40 §4.8: hsm init is no way around it: it makes no key beside one that is configured',
  options,
  async (t) => {
    const { site, folder, rootId } = await filled(t)
    await anew(folder, site.token)
    const ended = await run(site, 'hsm', 'init')
    const started = await refusal(site)
    t.equal(started.code, 1)
    t.match(`${ended.err}${started.err}`, rootId)
  },
)
