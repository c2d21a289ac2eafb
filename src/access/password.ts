import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto'

/*
 * Passwords are kept as what scrypt (RFC 7914) makes of them: salted, and expensive to guess even for whoever has the
 * database. `scrypt$LOG2N$R$P$SALT$KEY`, so that a later version can raise the cost and still check older ones.
 */

const COST = { log2N: 15, r: 8, p: 1 } as const
const SALT_BYTES = 16
const KEY_BYTES = 32
const FORM = /^scrypt\$(\d{2})\$(\d{1,2})\$(\d)\$([\w-]+)\$([\w-]+)$/

type Cost = { readonly log2N: number; readonly r: number; readonly p: number }

const derive = (password: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> => {
  const N = 2 ** log2N
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** What is kept of a password. */
export const makeVerifier = async (password: string): Promise<string> => {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password, salt, COST)
  const { log2N, r, p } = COST
  return ['scrypt', log2N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Whether {@link makeVerifier} made `verifier` of that password. Takes the same time where it did not. */
export const isPassword = async (password: string, verifier: string): Promise<boolean> => {
  const [, log2N, r, p, salt = '', key = ''] = FORM.exec(verifier) ?? []
  if (log2N === undefined) throw new Error('a password is kept in a form that this version does not know')
  const wanted = Buffer.from(key, 'base64url')
  const made = await derive(password, Buffer.from(salt, 'base64url'), {
    log2N: Number(log2N),
    r: Number(r),
    p: Number(p),
  })
  return made.length === wanted.length && timingSafeEqual(made, wanted)
}

const NOBODY_SALT = Buffer.alloc(SALT_BYTES)

/** Takes as long as the check of a password, so that time does not tell who is registered. */
export const checkNobody = async (password: string): Promise<void> => {
  await derive(password, NOBODY_SALT, COST)
}
