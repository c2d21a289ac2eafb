import { nss } from './hsm-nss.ts'
import { opencryptoki } from './hsm-opencryptoki.ts'
import { softHsm } from './hsm-softhsm.ts'
import type { HsmModule } from './hsm-token.ts'
import { tpm2 } from './hsm-tpm.ts'

/** The modules that the server is tried with. */
export const HSM_MODULES: readonly HsmModule[] = [softHsm, nss, tpm2, opencryptoki]
