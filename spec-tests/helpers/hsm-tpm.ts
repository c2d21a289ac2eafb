import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { command, commandFile, daemon, type HsmModule, libraryFile, PIN, SO_PIN } from './hsm-token.ts'

const moduleFile = (): string | undefined => libraryFile('libtpm2_pkcs11.so.1')

const COMMANDS = ['swtpm', 'swtpm_setup', 'tpm2', 'tpm2_ptool', 'tpm2-abrmd', 'dbus-daemon']
const STARTING_SECONDS = 20

const untilItWorks = async (words: readonly string[], env: Readonly<Record<string, string>>): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      await command(words, env)
      return
    } catch (error) {
      if (tries === STARTING_SECONDS * 10) throw error
    }
    await setTimeout(100)
  }
}

const GETRANDOM = ['tpm2', 'getrandom', '--hex', '1']

/**
 * A software TPM with a resource manager in front: a TPM has room for three objects, and a process that dies leaves its own
 * there. The two find each other over a bus of their own.
 */
const startTpm = async (folder: string) => {
  const state = join(folder, 'tpm')
  const socket = join(folder, 'tpm.sock')
  const bus = `unix:path=${join(folder, 'bus.sock')}`
  await mkdir(state)
  const swtpm = daemon([
    'swtpm',
    'socket',
    '--tpm2',
    ...['--tpmstate', `dir=${state}`],
    ...['--server', `type=unixio,path=${socket}`],
    ...['--ctrl', `type=unixio,path=${socket}.ctrl`],
    ...['--flags', 'not-need-init,startup-clear'],
  ])
  await untilItWorks(GETRANDOM, { TPM2TOOLS_TCTI: `swtpm:path=${socket}` })
  const messages = daemon(['dbus-daemon', '--session', '--nofork', `--address=${bus}`])
  const tcti = 'tabrmd:bus_type=session'
  const env = { DBUS_SESSION_BUS_ADDRESS: bus, TPM2_PKCS11_TCTI: tcti, TPM2TOOLS_TCTI: tcti }
  await untilItWorks(['test', '-S', join(folder, 'bus.sock')], {})
  const manager = daemon(['tpm2-abrmd', '--session', '--allow-root', `--tcti=swtpm:path=${socket}`], env)
  await untilItWorks(GETRANDOM, env)
  return {
    env,
    stop: async () => {
      for (const one of [manager, messages, swtpm]) await one.stop()
    },
  }
}

/** tpm2-pkcs11 on a software TPM: the store is a folder, the keys are wrapped by the TPM. Sockets have short names. */
export const tpm2: HsmModule = {
  name: 'tpm2',
  title: 'tpm2-pkcs11 on swtpm',
  missing: () => {
    if (moduleFile() === undefined) return 'libtpm2-pkcs11-1 is not installed'
    const absent = COMMANDS.find((name) => commandFile(name) === undefined)
    return absent === undefined ? undefined : `${absent} is not installed`
  },
  prepare: async (folder) => {
    const tpm = await startTpm(folder)
    const store = join(folder, 'store')
    await mkdir(store)
    const env = { ...tpm.env, TPM2_PKCS11_STORE: store }
    const label = 'kmipd test'
    await command(['tpm2_ptool', 'init', '--path', store], env)
    const pins = ['--sopin', SO_PIN, '--userpin', PIN]
    await command(['tpm2_ptool', 'addtoken', '--pid', '1', '--label', label, ...pins, '--path', store], env)
    return {
      module: moduleFile() ?? '',
      label,
      pin: PIN,
      soPin: SO_PIN,
      libraryParameters: undefined,
      env,
      within: [],
      remove: tpm.stop,
    }
  },
}
