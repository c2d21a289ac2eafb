import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { commandFile, daemon, type HsmModule, initToken, libraryFile, PIN, SO_PIN } from './hsm-token.ts'

const moduleFile = (): string | undefined => libraryFile('opencryptoki/libopencryptoki.so.0', 'libopencryptoki.so.0')

const STARTING_SECONDS = 20

/** What every token of it has until it is set up. */
const FIRST_SO_PIN = '87654321'

const canUnshare = (): boolean => {
  try {
    execFileSync('unshare', ['-m', '-i', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * Its folders are compiled into it: the daemon gets a namespace with folders of its own in their places, and who wants to
 * reach the token runs there too. Nothing of the machine is touched.
 */
const IN_ITS_PLACES = `
set -e
mount --make-rprivate /
mount --bind "$1/run" /run
mount --bind "$1/etc" /etc/opencryptoki
mount --bind "$1/var" /var/lib/opencryptoki
echo $$ > "$1/pid"
exec pkcsslotd -f
`

const startDaemon = async (folder: string): Promise<{ readonly pid: number; readonly stop: () => Promise<void> }> => {
  const places = { run: join(folder, 'run'), etc: join(folder, 'etc'), var: join(folder, 'var') }
  await cp('/var/lib/opencryptoki', places.var, {
    recursive: true,
    filter: (file) => !/TOK_OBJ\/.|NVTOK|MK_/.test(file),
  })
  await mkdir(join(places.run, 'lock/opencryptoki/swtok'), { recursive: true })
  await mkdir(places.etc)
  await writeFile(
    join(places.etc, 'opencryptoki.conf'),
    'version opencryptoki-3.1\nslot 0\n{\nstdll = libpkcs11_sw.so\n}\n',
  )
  const script = join(folder, 'daemon.sh')
  await writeFile(script, IN_ITS_PLACES)
  const slots = daemon(['unshare', '-m', '-i', '/bin/sh', script, folder])
  for (let tries = 0; !existsSync(join(places.run, 'pkcsslotd.socket')); tries += 1) {
    if (tries === STARTING_SECONDS * 20) throw new Error(`pkcsslotd does not start: ${slots.said()}`)
    await setTimeout(50)
  }
  return { pid: Number(await readFile(join(folder, 'pid'), 'utf8')), stop: slots.stop }
}

/** The software token of opencryptoki. */
export const opencryptoki: HsmModule = {
  name: 'opencryptoki',
  title: 'opencryptoki, software token',
  missing: () => {
    if (moduleFile() === undefined || commandFile('pkcsslotd') === undefined) return 'opencryptoki is not installed'
    if (process.getuid?.() !== 0) return 'pkcsslotd runs as root only'
    return canUnshare() ? undefined : 'there may be no namespace of its own for pkcsslotd'
  },
  prepare: async (folder) => {
    const { pid, stop } = await startDaemon(folder)
    const token = {
      module: moduleFile() ?? '',
      label: 'kmipd test',
      pin: PIN,
      soPin: SO_PIN,
      libraryParameters: undefined,
      env: {},
      within: ['nsenter', '-t', String(pid), '-m', '-i'],
    }
    await initToken(token, FIRST_SO_PIN)
    return { ...token, remove: stop }
  },
}
