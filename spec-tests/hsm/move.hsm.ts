import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { t as file, test, type Test } from 'tap'
import { ensureRoot } from '../../src/keystore/pkcs11/administration.ts'
import type { HsmOptions } from '../../src/keystore/pkcs11/open-hsm.ts'
import type { TokenPlace } from '../../src/keystore/root-keeper.ts'
import { createRootKey } from '../../src/keystore/software/root-key.ts'
import { describeStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createSystemClock } from '../../src/system.ts'
import { of, registerKey } from '../helpers/calls.ts'
import { quiet } from '../helpers/harness.ts'
import { prepareToken } from '../helpers/hsm-host.ts'
import { initSoftHsm, softHsm } from '../helpers/hsm-softhsm.ts'
import type { HsmToken } from '../helpers/hsm-token.ts'
import {
  keyBytes,
  keyBytesIn,
  type RotatingServer,
  type ServerOptions,
  startRotating,
  storeKeysInUse,
} from '../helpers/key-rotation.ts'
import { kmipd, startKmipd, temporaryData } from '../helpers/server.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/*
 * The root key moves from a file into a token, from one token to another, and back, while the server keeps serving; and every
 * store key is wrapped under each token there is, so that losing one loses nothing.
 */

file.setTimeout(300_000)

const missing = softHsm.missing()
const options = missing === undefined ? {} : { skip: missing }

const hsmOptions = (token: HsmToken, directory: string, name: string): HsmOptions => ({
  module: token.module,
  parameters: undefined,
  token: { label: token.label, serial: undefined },
  pin: token.pin,
  root: { label: 'kmipd root' },
  sessions: 2,
  deadline: 20_000,
  refusedPins: join(directory, `${name}-pins.json`),
  lastFault: join(directory, `${name}-fault.json`),
  clock: createSystemClock(),
  log: quiet,
})

type Tokens = { readonly one: TokenPlace; readonly two: TokenPlace; readonly ids: readonly [string, string] }

/** Two tokens of one SoftHSM, each with a root key of its own. */
const twoTokens = async (directory: string): Promise<Tokens> => {
  const first = await prepareToken(softHsm)
  const second = await initSoftHsm(first.env, 'another')
  const one = { name: 'hsm', options: hsmOptions(first, directory, 'one'), leaving: false }
  const two = { name: 'hsm2', options: hsmOptions(second, directory, 'two'), leaving: false }
  const roots = [await ensureRoot(one.options), await ensureRoot(two.options)] as const
  return { one, two, ids: [roots[0].root.id, roots[1].root.id] }
}

const COUNT = 40

type Site = {
  readonly directory: string
  readonly ids: readonly string[]
  /** Runs a server with these tokens, until `use` is done; every key must be what it was. */
  with(
    tokens: readonly TokenPlace[],
    use: (server: RotatingServer) => Promise<void>,
    more?: ServerOptions,
  ): Promise<void>
}

const siteFor = async (t: Test): Promise<Site> => {
  const directory = temporaryDirectory('move')
  await createRootKey({ path: join(directory, 'root.key') })
  const start = async (tokens: readonly TokenPlace[], more: ServerOptions = {}) =>
    startRotating(await openSqliteStore({ path: join(directory, 'kmipd.db') }), directory, { tokens, ...more })
  const first = await start([])
  const client = first.client()
  const ids = await Promise.all(
    Array.from({ length: COUNT }, (_, index) => registerKey(client, '2.1', keyBytes(index))),
  )
  await first.stop()
  const wrong = async (server: RotatingServer): Promise<readonly number[]> => {
    const answers = await Promise.all(ids.map((id) => server.client().attempt('2.1', 'Get', of(id))))
    return answers.flatMap(({ payload }, index) =>
      keyBytesIn(payload) === keyBytes(index).toString('hex') ? [] : [index],
    )
  }
  return {
    directory,
    ids,
    with: async (tokens, use, more) => {
      const server = await start(tokens, more)
      try {
        t.same(await wrong(server), [])
        await use(server)
        t.same(await wrong(server), [])
      } finally {
        await server.stop()
      }
    },
  }
}

const rootsOf = async ({ store }: RotatingServer): Promise<readonly (readonly string[])[]> =>
  (await describeStoreKeys(store.objects.settings)).map(({ roots }) => roots.toSorted())

const rotated = async (t: Test, server: RotatingServer, storeKey: number): Promise<void> => {
  await server.wish()
  t.match(await server.settled(), { phase: 'done', storeKey, left: 0, reason: '' })
  t.same(await storeKeysInUse(server.store), [storeKey])
}

void test('hsm: the root key moves into a token, to another, and back into a file', options, async (t) => {
  const site = await siteFor(t)
  const { one, two, ids } = await twoTokens(site.directory)
  await site.with([one], async (server) => {
    await rotated(t, server, 2)
    t.same(await rootsOf(server), [[], [ids[0]]])
  })
  const old = (await readdir(site.directory)).filter((name) => name.startsWith('root.key'))
  t.match(old, [/^root\.key\.[0-9a-f]{16}\.old$/], 'the file is put away')
  for (const name of old) await rm(join(site.directory, name))

  await site.with([{ ...one, leaving: true }, two], async (server) => {
    await rotated(t, server, 3)
    t.same(await rootsOf(server), [[], [], [ids[1]]])
  })
  await site.with([{ ...two, leaving: true }], async (server) => {
    await rotated(t, server, 4)
  })
  await site.with([], async (server) => {
    await rotated(t, server, 5)
  })
})

void test('hsm: every store key is wrapped under each token, and losing one loses nothing', options, async (t) => {
  const site = await siteFor(t)
  const { one, two, ids } = await twoTokens(site.directory)
  await site.with([one], (server) => rotated(t, server, 2))
  await site.with([one, two], async (server) => {
    while ((await rootsOf(server))[1]?.length !== 2) await setTimeout(20)
    t.same(await rootsOf(server), [[], ids.toSorted()])
  })
  await site.with([two], () => Promise.resolve())

  const lines: string[] = []
  const gone = { ...one, options: { ...one.options, token: { label: 'gone', serial: undefined } } }
  await site.with(
    [gone, two],
    async (server) => {
      t.match(lines.join('\n'), /no token.*gone/, 'it is said')
      await server.wish().catch((error: unknown) => t.match(error, /gone/))
      t.same(await rootsOf(server), [[], ids.toSorted()], 'and nothing is changed without it')
    },
    { log: { ...quiet, error: (_event, fields) => void lines.push(String(fields?.error)) } },
  )
  await site.with([{ ...gone, leaving: true }, two], async (server) => {
    await rotated(t, server, 3)
    t.same(await rootsOf(server), [[], [], [ids[1]]], 'but it can be left')
  })
})

void test('hsm: a token that is added or left while the server serves', options, async (t) => {
  const site = await siteFor(t)
  const { one, two, ids } = await twoTokens(site.directory)
  const file = { path: join(site.directory, 'root.key') }
  await site.with([], async (server) => {
    await server.roots.move({ file, tokens: [one, two] })
    await rotated(t, server, 2)
    t.same(await rootsOf(server), [[], ids.toSorted()])
    await server.roots.move({ file, tokens: [one, { ...two, leaving: true }] })
    await rotated(t, server, 3)
    t.same(await rootsOf(server), [[], [], [ids[0]]])
  })
  await site.with([one], () => Promise.resolve())
  await t.rejects(
    site.with([two], () => Promise.resolve()),
    { message: new RegExp(`store key 3 needs the root key ${ids[0]}`) },
  )
})

void test('hsm: kmipd hsm init, SIGHUP and kmipd hsm rotate, while the server serves', options, async (t) => {
  const { data, remove } = await temporaryData()
  t.teardown(remove)
  const token = await prepareToken(softHsm)
  const pin = join(temporaryDirectory('pin'), 'pin')
  await writeFile(pin, `${token.pin}\n`, { mode: 0o600 })
  const server = await startKmipd(data)
  t.teardown(() => server.kill())
  const words = ['--hsm-module', token.module, '--hsm-token', token.label, '--hsm-pin-file', pin, '--data', data]
  await kmipd('hsm', 'init', ...words)
  process.kill(server.pid, 'SIGHUP')
  while (!server.output().includes('tokens reloaded')) await setTimeout(50)
  t.match(await kmipd('root', 'status', '--data', data), /root\.key +store keys 1\n/)
  t.match(await kmipd('hsm', 'rotate', '--wait', '--data', data), /done: .* under store key 2/)
  const status = await kmipd('root', 'status', '--data', data)
  t.match(status, /token kmipd test +store keys 2\n/)
  t.notMatch(status, /root\.key/)
  t.notOk((await readdir(data)).includes('root.key'))
  t.equal(await server.stop(), 0)
  const again = await startKmipd(data)
  t.match(await kmipd('client', 'list', '--data', data), 'admin', 'commands need no root key in a file')
  t.equal(await again.stop(), 0)
})
