import type { User, UserProof } from '../domain/users.ts'
import { HASH_NAMES, makeHashedProof } from './hashed-password.ts'
import { base32, makeOneTimeSecret } from './one-time-password.ts'
import { makeVerifier } from './password.ts'
import { openSecrets, sealSecrets, type SecretsKeeper } from './user-secrets.ts'

/** Which credentials a user shall be able to show besides Username and Password. */
export type ProofOptions = {
  /** One Time Passwords, which are needed then. */
  readonly oneTime: boolean
  /** Hashed Passwords. */
  readonly hashed: boolean
}

export type MadeProof = {
  readonly proof: UserProof
  /** For the user's authenticator, where it is new: told once and never again. */
  readonly oneTimeSecret: string | undefined
}

/** What is kept of a password, and of whatever else a user shows. The keystore is opened where it is needed. */
export const makeProof = async (
  openKeys: () => Promise<SecretsKeeper>,
  { id, name }: Pick<User, 'id' | 'name'>,
  password: string,
  { oneTime, hashed }: ProofOptions,
): Promise<MadeProof> => {
  const verifier = await makeVerifier(password)
  if (!oneTime && !hashed) {
    return { proof: { verifier, oneTime: false, secrets: undefined }, oneTimeSecret: undefined }
  }
  const secret = oneTime ? makeOneTimeSecret() : undefined
  const proofs = hashed ? HASH_NAMES.map((hash) => [hash, makeHashedProof(hash, name, password)] as const) : []
  const secrets = await sealSecrets(await openKeys(), id, { oneTime: secret, hashed: new Map(proofs) })
  return { proof: { verifier, oneTime, secrets }, oneTimeSecret: secret && base32(secret) }
}

/** As {@link makeProof}, for a user who goes on with the same authenticator. */
export const renewProof = async (
  openKeys: () => Promise<SecretsKeeper>,
  user: User,
  password: string,
): Promise<UserProof> => {
  const verifier = await makeVerifier(password)
  if (user.secrets === undefined) return { verifier, oneTime: user.oneTime, secrets: undefined }
  const keys = await openKeys()
  const before = await openSecrets(keys, user)
  const hashed = [...before.hashed.keys()].map((hash) => [hash, makeHashedProof(hash, user.name, password)] as const)
  const secrets = await sealSecrets(keys, user.id, { oneTime: before.oneTime, hashed: new Map(hashed) })
  return { verifier, oneTime: user.oneTime, secrets }
}
