import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command, commandFile, type HsmModule, type HsmToken, libraryFile, PIN, SO_PIN } from './hsm-token.ts'

const moduleFile = (): string | undefined => libraryFile('softhsm/libsofthsm2.so')

/** Makes a token in the configuration that `prepare` has made, as often as wanted; `token` is one of them. */
export const initSoftHsm = async (env: Readonly<Record<string, string>>, label: string): Promise<HsmToken> => {
  const words = ['--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', SO_PIN]
  await command(['softhsm2-util', ...words], env)
  return {
    module: moduleFile() ?? '',
    label,
    pin: PIN,
    soPin: SO_PIN,
    libraryParameters: undefined,
    env,
    within: [],
    remove: () => Promise.resolve(),
  }
}

/** SoftHSM 2: objects are files in a folder that SOFTHSM2_CONF names. */
export const softHsm: HsmModule = {
  name: 'softhsm',
  title: 'SoftHSM 2',
  missing: () =>
    moduleFile() === undefined || commandFile('softhsm2-util') === undefined ? 'softhsm2 is not installed' : undefined,
  prepare: async (folder) => {
    await mkdir(join(folder, 'tokens'))
    const file = join(folder, 'softhsm2.conf')
    const lines = [
      `directories.tokendir = ${join(folder, 'tokens')}`,
      'objectstore.backend = file',
      'log.level = ERROR',
    ]
    await writeFile(file, `${lines.join('\n')}\n`)
    return initSoftHsm({ SOFTHSM2_CONF: file }, 'kmipd test')
  },
}
