import pkcs11js from 'pkcs11js'
import type { HsmToken } from './hsm-token.ts'

/*
 * Sets up a token in a process of its own, as its environment says where it is: label, PIN of the security officer, PIN of
 * the user. The description of the token comes as an argument; these PINs guard nothing.
 */

const { CKF_OS_LOCKING_OK, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKU_SO } = pkcs11js

type Wanted = Omit<HsmToken, 'remove'> & { readonly oldSoPin: string }

const wanted = JSON.parse(process.argv[2] ?? '') as Wanted

const module = new pkcs11js.PKCS11()
module.load(wanted.module)
module.C_Initialize({
  flags: CKF_OS_LOCKING_OK,
  ...(wanted.libraryParameters === undefined ? {} : { libraryParameters: wanted.libraryParameters }),
})

const isWanted = (slot: Buffer): boolean => module.C_GetTokenInfo(slot).label.trim() === wanted.label

const asSecurityOfficer = (slot: Buffer, pin: string, use: (session: Buffer) => void): void => {
  const session = module.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
  module.C_Login(session, CKU_SO, pin)
  use(session)
  module.C_Logout(session)
  module.C_CloseSession(session)
}

try {
  const slots = module.C_GetSlotList(true)
  // NSS has its name from its parameters, and no PIN of a security officer.
  const named = slots.find(isWanted)
  const slot = named ?? slots[0]
  if (slot === undefined) throw new Error('the module has no token')
  if (named === undefined) {
    // A label has 32 characters, blanks included: some modules read that many, whatever there is.
    module.C_InitToken(slot, wanted.oldSoPin, wanted.label.padEnd(32))
    if (wanted.soPin !== wanted.oldSoPin)
      asSecurityOfficer(slot, wanted.oldSoPin, (session) => module.C_SetPIN(session, wanted.oldSoPin, wanted.soPin))
  }
  asSecurityOfficer(slot, wanted.soPin, (session) => module.C_InitPIN(session, wanted.pin))
  console.log(module.C_GetTokenInfo(slot).label)
} finally {
  module.C_Finalize()
}
