import { createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { createFile, MODE, readIfThere } from './files.ts'
import { PkiError } from './pki-error.ts'

/** A new EC P-256 private key. */
export const makeKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const generate = promisify(generateKeyPair)

export const makeRsaKey = async (bits: number): Promise<KeyObject> =>
  (await generate('rsa', { modulusLength: bits })).privateKey

/** PKCS #8 in PEM. */
export const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Subject Public Key Info in DER. */
export const publicKeyOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' })

export const readKey = async (path: string): Promise<KeyObject | undefined> => {
  const pem = await readIfThere(path)
  if (pem === undefined) return undefined
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new PkiError(`${path} holds no private key in PEM`, { cause: error })
  }
}

/** The key in the file; a new one where there is no file. Of two that come at once, both get the key that won. */
export const ensureKey = async (
  path: string,
  make: () => KeyObject | Promise<KeyObject> = makeKey,
): Promise<KeyObject> => {
  const known = await readKey(path)
  if (known !== undefined) return known
  const made = await make()
  if (await createFile(path, keyPem(made), MODE.secret)) return made
  return (await readKey(path)) ?? made
}
