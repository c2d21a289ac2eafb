import { test } from 'tap'
import { HSM_MODULES } from '../helpers/hsm-modules.ts'
import { probe } from '../helpers/hsm-probes.ts'
import type { HsmModule } from '../helpers/hsm-token.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/*
 * What real modules can do, tried with pkcs11js alone: the ground that the server stands on with each of them. A module
 * that learns something fails here too, so that the table stays true.
 */

const AES_WRAP = 'AES key wrap by C_WrapKey'
const AES_WRAP_PAD = 'AES key wrap with padding by C_WrapKey'
const AES_WRAP_DATA = 'AES key wrap by C_Encrypt'
const AES_WRAP_PAD_DATA = 'AES key wrap with padding by C_Encrypt'
const ALL_WRAPS = [AES_WRAP, AES_WRAP_PAD, AES_WRAP_DATA, AES_WRAP_PAD_DATA]
const GCM = ['AES-GCM', 'AES-GCM with the parameters of PKCS#11 2.40']

const GAPS: Readonly<Record<HsmModule['name'], readonly string[]>> = {
  // AES key wrap is for keys only; OAEP takes SHA-1 only.
  softhsm: [AES_WRAP_DATA, AES_WRAP_PAD_DATA, 'RSA-OAEP with SHA-256'],
  // GCM has the parameters of 2.40 before its errata; the key of a CMAC is of another type.
  nss: ['AES-GCM', 'AES-CMAC'],
  // A TPM makes and uses RSA and EC keys.
  tpm2: ['AES key', ...GCM, 'AES-CBC-PAD', ...ALL_WRAPS, 'AES-CMAC', 'HMAC key', 'HMAC-SHA-256'],
  // 3.8: neither authenticated encryption nor wrapping by AES, nor elliptic curves; RSA signs what is digested already.
  opencryptoki: [
    ...GCM,
    ...ALL_WRAPS,
    'AES-CMAC',
    'RSA PKCS#1 1.5 signature with SHA-256',
    'EC key pair',
    'ECDSA over P-256',
  ],
}

for (const module of HSM_MODULES) {
  const why = module.missing()
  const options = why === undefined ? {} : { skip: why }
  void test(`PKCS#11 2.40 §5: what ${module.title} can do`, options, async (t) => {
    const token = await module.prepare(temporaryDirectory('token'))
    t.teardown(() => token.remove())
    const verdicts = Object.entries(await probe(token))
    t.ok(verdicts.length > 0)
    const gaps = verdicts.filter(([, error]) => error !== null).map(([use]) => use)
    t.same(
      gaps,
      verdicts.map(([use]) => use).filter((use) => GAPS[module.name].includes(use)),
    )
    t.same(gaps.toSorted(), GAPS[module.name].toSorted(), 'every gap has the name of a use')
  })
}
