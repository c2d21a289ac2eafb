import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type HsmModule, initToken, libraryFile, PIN } from './hsm-token.ts'

const moduleFile = (): string | undefined => libraryFile('libsoftokn3.so', 'nss/libsoftokn3.so')

/** The name that softokn gives the token of its database unless told otherwise. */
const LABEL = 'kmipd test'

/**
 * The software token of NSS: objects are in a certificate database. Its parameters come with C_Initialize. pkcs11js cuts
 * the last character of them off, hence the blank.
 */
const parameters = (folder: string): string =>
  `configdir='sql:${folder}' certPrefix='' keyPrefix='' secmod='' flags=noModDB dbTokenDescription='${LABEL}' `

export const nss: HsmModule = {
  name: 'nss',
  title: 'NSS softokn',
  missing: () => (moduleFile() === undefined ? 'libnss3 is not installed' : undefined),
  prepare: async (folder) => {
    const database = join(folder, 'nss')
    await mkdir(database)
    const token = {
      module: moduleFile() ?? '',
      label: LABEL,
      pin: PIN,
      soPin: '',
      libraryParameters: parameters(database),
      env: {},
      within: [],
    }
    await initToken(token, '')
    return { ...token, remove: () => Promise.resolve() }
  },
}
