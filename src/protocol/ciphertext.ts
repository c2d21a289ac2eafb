import type { Kind } from '../schema/kind.ts'
import { bytes } from '../schema/primitives.ts'
import { type Field, inForms } from '../schema/struct.ts'
import { TAG } from './tags.ts'

/** What Encrypt makes: the encrypted data, and the tag of a mode that authenticates. */
export type Ciphertext = { readonly data: Buffer; readonly tag?: Buffer | undefined }

const withoutTag: Kind<Ciphertext> = {
  ...bytes,
  compile: (target) => {
    const codec = bytes.compile(target)
    return {
      read: (buffer, at) => ({ data: codec.read(buffer, at) }),
      write: (writer, tag, ciphertext) => codec.write(writer, tag, ciphertext.data),
    }
  },
}

const tagAppended: Kind<Ciphertext> = {
  ...withoutTag,
  compile: (target) => ({
    ...withoutTag.compile(target),
    write: (writer, tag, { data, tag: appended }) =>
      bytes.compile(target).write(writer, tag, appended === undefined ? data : Buffer.concat([data, appended])),
  }),
}

/**
 * Data of the answer to Encrypt. Up to 1.3 there is no field for the tag, and no word on where it goes: it stands at the
 * end of the data, where the clients of that time look for it, and Decrypt finds it there. Since 1.4 it has a field of
 * its own (1.4 section 4.29, 2.1 section 6.1.17).
 */
export const encryptedData = (): Field<Ciphertext, 'optional'> =>
  inForms<Ciphertext, 'optional'>(
    'optional',
    { tag: TAG.Data, kind: tagAppended, until: '1.3' },
    { tag: TAG.Data, kind: withoutTag, since: '1.4' },
  )
