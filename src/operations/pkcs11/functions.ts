import type { MaybePromise } from '../../domain/maybe-promise.ts'
import type { Pkcs11Function } from '../../protocol/enumerations.ts'
import type { Call } from './call.ts'
import { begin, generateRandom, last, part, seedRandom, verifyWith, whole } from './crypto.ts'
import * as general from './general.ts'
import { generateKey, generateKeyPair } from './generate.ts'
import * as objects from './objects.ts'

/** What a function does: it reads its parameters and answers what it has to tell. */
export type CryptokiFunction = (call: Call) => MaybePromise<Buffer>

/** The functions that there are besides C_Initialize and C_Finalize; any other is CKR_FUNCTION_NOT_SUPPORTED. */
export const FUNCTIONS: Readonly<Partial<Record<Pkcs11Function, CryptokiFunction>>> = {
  C_GetInfo: general.getInfo,
  C_GetSlotList: general.getSlotList,
  C_GetSlotInfo: general.getSlotInfo,
  C_GetTokenInfo: general.getTokenInfo,
  C_GetMechanismList: general.getMechanismList,
  C_GetMechanismInfo: general.getMechanismInfo,
  C_OpenSession: general.openNewSession,
  C_CloseSession: general.closeSession,
  C_CloseAllSessions: general.closeAllSessions,
  C_GetSessionInfo: general.getSessionInfo,
  C_Login: general.login,
  C_Logout: general.logout,
  C_GetFunctionStatus: general.getFunctionStatus,
  C_CancelFunction: general.getFunctionStatus,
  C_WaitForSlotEvent: general.waitForSlotEvent,
  C_CreateObject: objects.createObject,
  C_DestroyObject: objects.destroyObject,
  C_GetAttributeValue: objects.getAttributeValue,
  C_SetAttributeValue: objects.setAttributeValue,
  C_FindObjectsInit: objects.findObjectsInit,
  C_FindObjects: objects.findObjects,
  C_FindObjectsFinal: objects.findObjectsFinal,
  C_EncryptInit: begin('encrypt'),
  C_Encrypt: whole('encrypt'),
  C_EncryptUpdate: part('encrypt', true),
  C_EncryptFinal: last('encrypt'),
  C_DecryptInit: begin('decrypt'),
  C_Decrypt: whole('decrypt'),
  C_DecryptUpdate: part('decrypt', true),
  C_DecryptFinal: last('decrypt'),
  C_DigestInit: begin('digest'),
  C_Digest: whole('digest'),
  C_DigestUpdate: part('digest', false),
  C_DigestFinal: last('digest'),
  C_SignInit: begin('sign'),
  C_Sign: whole('sign'),
  C_SignUpdate: part('sign', false),
  C_SignFinal: last('sign'),
  C_VerifyInit: begin('verify'),
  C_Verify: verifyWith(true),
  C_VerifyUpdate: part('verify', false),
  C_VerifyFinal: verifyWith(false),
  C_GenerateKey: generateKey,
  C_GenerateKeyPair: generateKeyPair,
  C_SeedRandom: seedRandom,
  C_GenerateRandom: generateRandom,
}
