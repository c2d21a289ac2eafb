import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { prepareToken } from '../helpers/hsm-host.ts'
import { flagsFor, kmipdHere, newData, pinFile, settingsFor, startHere } from '../helpers/hsm-here.ts'
import { initSoftHsm, softHsm } from '../helpers/hsm-softhsm.ts'
import { connectTo, identityOf, type WireConnection } from '../helpers/server.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { find } from '../wire/message.ts'
import { create, get } from '../wire/requests.ts'
import { ask, idFrom } from '../wire/session.ts'

/* The commands of `kmipd hsm`, and starts of a server whose HSM is not what it should be, with SoftHSM. */

const missing = softHsm.missing()
const options = missing === undefined ? {} : { skip: missing }

/** What a server that must not start says. */
const refusal = async (...start: Parameters<typeof startHere>): Promise<string> => {
  try {
    await (await startHere(...start)).drain()
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  throw new Error('it should not have started')
}

void test(
  'HSM: a server whose token is not the right one does not start, and says which key it needs',
  options,
  async (t) => {
    const token = await prepareToken(softHsm)
    const data = newData()
    await kmipdHere('hsm', 'init', '--data', data, ...flagsFor(token))
    const rootId = /key-id = "([0-9a-f]+)"/.exec(readFileSync(join(data, 'kmipd.toml'), 'utf8'))?.[1] ?? ''
    t.match(rootId, /^[0-9a-f]{16}$/)
    await (await startHere(data)).drain()

    const right = process.env['SOFTHSM2_CONF'] ?? ''
    const empty = temporaryDirectory('no-token')
    await mkdir(join(empty, 'tokens'))
    writeFileSync(join(empty, 'conf'), `directories.tokendir = ${join(empty, 'tokens')}\n`)
    process.env['SOFTHSM2_CONF'] = join(empty, 'conf')
    t.match(await refusal(data), /the module has no token labelled "kmipd test"; it has none/)

    // A token of the same name, and of the same PIN: as after somebody has initialised it anew.
    const other = await initSoftHsm({ SOFTHSM2_CONF: join(empty, 'conf') }, token.label)
    t.match(await refusal(data), new RegExp(`has no key labelled "kmipd root" with the id ${rootId}`))

    // One with a root key of its own.
    await kmipdHere('hsm', 'init', '--data', newData(), ...flagsFor(other))
    const file = join(empty, 'none.toml')
    writeFileSync(file, '')
    t.match(
      await refusal(data, settingsFor(other), file),
      new RegExp(`store key 1 needs the root key ${rootId}; given: [0-9a-f]{16}`),
    )

    process.env['SOFTHSM2_CONF'] = right
    const wrong = { 'hsm.pin-file': pinFile('24682468') }
    t.match(await refusal(data, wrong), /CKR_PIN_INCORRECT/)
    t.match(await refusal(data, wrong), /refused this PIN before.*hsm-refused-pins\.json/)
    t.match(await refusal(data, { 'hsm.pin-file': pinFile(token.pin, 0o640) }), /run chmod 600/)
    t.ok(await (await startHere(data)).drain().then(() => true), 'with everything right it starts again')
  },
)

void test('HSM: the commands make a token, show it, and try it', options, async (t) => {
  const { module } = await prepareToken(softHsm)
  const data = newData()
  const said = await kmipdHere('hsm', 'init', '--data', data, '--hsm-module', module, '--hsm-token', 'fresh')
  t.match(said, /made token +"fresh"/)
  t.match(said, /keep elsewhere +.*hsm-so\.pin/)
  const status = await kmipdHere('hsm', 'status', '--data', data)
  for (const part of [
    /token +"fresh"/,
    /firmware +\d/,
    /sessions +the token does not say/,
    /root key +"kmipd root"/,
    /latency/,
    /AES_GCM/,
  ])
    t.match(status, part)
  t.match(status, /last fault +none/)
  const verdicts = await kmipdHere('hsm', 'test', '--data', data)
  t.match(verdicts, /^works +wrap store keys by AES-GCM$/m)
  t.match(verdicts, /^missing +wrap store keys by AES key wrap with padding \(KWP\) .*CKR_MECHANISM_INVALID$/m)
  t.match(await kmipdHere('hsm', 'list', '--data', data), /^secret key +AES +kmipd root +[0-9a-f]{16} +root key$/m)
  const second = ['--table', 'hsm2', '--data', data]
  t.match(
    await kmipdHere('hsm', 'init', ...second, '--hsm2-module', module, '--hsm2-token', 'other'),
    /made token +"other"/,
  )
  t.match(await kmipdHere('hsm', 'test', ...second), /^works +wrap store keys by AES-GCM$/m)
  t.match(await kmipdHere('hsm', 'list', ...second), /root key$/m)
  t.match(await kmipdHere('hsm', 'list', '--table', 'hsm9', '--data', data), /Allowed choices are hsm, hsm2, hsm3/)
  const again = await kmipdHere('hsm', 'init', '--data', data)
  t.match(again, /found root key/)
  t.match(again, /has a table \[hsm\] already/)
  await (await startHere(data, { 'random.hsm': 'true' })).drain()
})

void test('HSM: what the commands cannot do, they say', options, async (t) => {
  const token = await prepareToken(softHsm)
  const none = newData()
  t.match(await kmipdHere('hsm', 'init', '--data', none), /--hsm-module names its PKCS#11 module/)
  t.match(await kmipdHere('hsm', 'status', '--data', none), /no HSM is configured: kmipd hsm init/)
  const module = ['--hsm-module', token.module]
  t.match(
    await kmipdHere('hsm', 'init', '--data', none, ...module, '--hsm-token', token.label),
    /its PIN is needed: --hsm-pin-file, KMIPD_HSM_PIN/,
  )
  t.match(
    await kmipdHere('hsm', 'init', '--data', none, ...module, '--hsm-serial', '1234'),
    /no token with the serial number 1234/,
  )
  t.match(await kmipdHere('hsm', 'init', '--data', none, '--hsm-pin', '1234'), /unknown option '--hsm-pin'/)
  t.match(await kmipdHere('hsm', 'test', '--data', none, ...flagsFor(token)), /has no root key "kmipd root"/)
})

void test(
  'HSM: a data directory with a root key in a file goes on with it, and is told how to move',
  options,
  async (t) => {
    const token = await prepareToken(softHsm)
    const data = newData()
    const served = async <T>(use: (connection: WireConnection) => Promise<T>): Promise<T> => {
      const server = await startHere(data)
      const connection = await connectTo(server, await identityOf(data, 'admin'))
      try {
        return await use(connection)
      } finally {
        connection.close()
        await server.drain()
      }
    }
    const id = await served((connection) => idFrom(connection, create('2.1')))
    t.match(await kmipdHere('hsm', 'init', '--data', data, ...flagsFor(token)), /move to it +kmipd hsm rotate/)
    const item = await served((connection) => ask(connection, get('2.1', id)))
    t.ok(find(item.payload, 'SymmetricKey'))
  },
)
