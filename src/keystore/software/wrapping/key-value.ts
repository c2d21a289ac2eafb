import type { EncodingOption } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { type PlainKeyValue, plainKeyValue } from '../../../protocol/structures/key-block.ts'
import { TAG } from '../../../protocol/tags.ts'
import type { Version } from '../../../schema/version.ts'
import { tagAt } from '../../../ttlv/reader.ts'
import { scan } from '../../../ttlv/scan.ts'
import { Writer } from '../../../ttlv/writer.ts'

/** Cleared after each use: it holds keys. Nothing in here waits, so one is enough. */
const writer = new Writer()

/**
 * The bytes of a Key Value that are wrapped: all of it as TTLV, or the Key Material alone (1.4 section 2.1.5, 2.1 section
 * 3.3). They are the caller's to clear.
 * @throws KmipError EncodingOptionError for a structure or attributes without an encoding
 */
export const keyValueBytes = (value: PlainKeyValue, option: EncodingOption | undefined, version: Version): Buffer => {
  if (option === 'NoEncoding') {
    const { keyMaterial, attributes } = value
    if (Buffer.isBuffer(keyMaterial) && attributes.length === 0) return Buffer.from(keyMaterial)
    throw new KmipError('EncodingOptionError', 'The Key Value needs an encoding')
  }
  plainKeyValue.compile(version).write(writer, TAG.KeyValue, value)
  const bytes = Buffer.from(writer.bytes())
  writer.reset()
  return bytes
}

/**
 * The Key Value that bytes are, in the form of whatever version they were written.
 * @throws Error where they are none
 */
export const keyValueOf = (bytes: Buffer, option: EncodingOption | undefined): PlainKeyValue => {
  if (option === 'NoEncoding') return { keyMaterial: bytes, attributes: [] }
  scan(bytes, true)
  if (tagAt(bytes, 0) !== TAG.KeyValue) throw new Error('no Key Value')
  return plainKeyValue.compile('storage').read(bytes, 0)
}
