import { deletedAttributes, notifiedChanges } from '../protocol/attribute-wire.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** What a Notify says, whoever sends it: the object, and what has changed of it. */
export const notification = {
  uniqueIdentifier: required(TAG.UniqueIdentifier, identifier),
  changes: notifiedChanges(),
  deleted: deletedAttributes(),
}

/**
 * Notify: a key server tells what has changed of an object (1.4 section 5.1, 2.1 section 6.2.2). This server sends it
 * (engine/outbound); it may be sent one, too, by another that has this one for a client, and then says that it came: the
 * object is the sender's, and so is the change.
 */
export const notify = defineOperation({
  name: 'Notify',
  spec: { '1.4': '5.1', '2.1': '6.2.2' },
  request: notification,
  response: {},
  handle: () => ({}),
})
