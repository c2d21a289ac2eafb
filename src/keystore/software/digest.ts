import { createHash } from 'node:crypto'
import type { StandardAttribute } from '../../protocol/attribute-instance.ts'
import type { KeyFormatType } from '../../protocol/enumerations.ts'
import type { KeyMaterial } from '../../protocol/structures/key-block.ts'
import { encodeMaterial } from './object-codec.ts'

/**
 * The mandatory Digest, SHA-256 (1.4 section 3.17, 2.1 section 4.21): over bytes as they are, over a structure as it is
 * encoded.
 */
export const digestOf = (material: KeyMaterial, keyFormatType?: KeyFormatType | number): StandardAttribute => {
  const bytes = Buffer.isBuffer(material) ? material : encodeMaterial(material)
  const digestValue = createHash('sha256').update(bytes).digest()
  if (bytes !== material) bytes.fill(0)
  return { name: 'Digest', value: { hashingAlgorithm: 'SHA_256', digestValue, keyFormatType } }
}
