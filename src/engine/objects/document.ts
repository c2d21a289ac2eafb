import { storedAttribute } from '../../protocol/attribute-wire.ts'
import { TAG } from '../../protocol/tags.ts'
import { repeated, struct } from '../../schema/struct.ts'
import { Writer } from '../../ttlv/writer.ts'
import type { AttributeSet } from '../../domain/attribute-set.ts'

const document = struct('Stored Attributes', { attributes: repeated(TAG.Attribute, storedAttribute) }).compile(
  'storage',
)

const writer = new Writer()

/** The attributes of an object as one document of its row. */
export const encodeDocument = (attributes: AttributeSet): Buffer => {
  writer.reset()
  document.write(writer, TAG.Attributes, { attributes })
  return Buffer.from(writer.bytes())
}

/** Reads a document that has been authenticated: nothing here guards against a hostile one. */
export const decodeDocument = (bytes: Buffer): AttributeSet => document.read(bytes, 0).attributes
