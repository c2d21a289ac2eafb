// Made by `npm run gen`: do not edit.
import type { Operation } from './define-operation.ts'
import { activate } from './activate.ts'
import { addAttribute } from './add-attribute.ts'
import { adjustAttribute } from './adjust-attribute.ts'
import { archive } from './archive.ts'
import { check } from './check.ts'
import { createKeyPair } from './create-key-pair.ts'
import { create } from './create.ts'
import { decrypt } from './decrypt.ts'
import { deleteAttribute } from './delete-attribute.ts'
import { destroy } from './destroy.ts'
import { discoverVersions } from './discover-versions.ts'
import { encrypt } from './encrypt.ts'
import { getAttributeList } from './get-attribute-list.ts'
import { getAttributes } from './get-attributes.ts'
import { getUsageAllocation } from './get-usage-allocation.ts'
import { get } from './get.ts'
import { locate } from './locate.ts'
import { modifyAttribute } from './modify-attribute.ts'
import { obtainLease } from './obtain-lease.ts'
import { ping } from './ping.ts'
import { query } from './query.ts'
import { reKeyKeyPair } from './re-key-key-pair.ts'
import { reKey } from './re-key.ts'
import { recover } from './recover.ts'
import { register } from './register.ts'
import { revoke } from './revoke.ts'
import { setAttribute } from './set-attribute.ts'

/** Every operation of this server. */
export const OPERATIONS: readonly Operation[] = [
  activate,
  addAttribute,
  adjustAttribute,
  archive,
  check,
  createKeyPair,
  create,
  decrypt,
  deleteAttribute,
  destroy,
  discoverVersions,
  encrypt,
  getAttributeList,
  getAttributes,
  getUsageAllocation,
  get,
  locate,
  modifyAttribute,
  obtainLease,
  ping,
  query,
  reKeyKeyPair,
  reKey,
  recover,
  register,
  revoke,
  setAttribute,
]
