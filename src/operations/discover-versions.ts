import { protocolVersion } from '../protocol/message.ts'
import { TAG } from '../protocol/tags.ts'
import { type Infer, repeated } from '../schema/struct.ts'
import { type Version, versionNumbers, versionOf } from '../schema/version.ts'
import { defineOperation } from './define-operation.ts'

type ProtocolVersion = Infer<typeof protocolVersion.fields>

/** Each version that both speak once, in the order in which the client prefers them. */
const shared = (wanted: readonly ProtocolVersion[], spoken: readonly Version[]): readonly Version[] => {
  const known = wanted.flatMap(({ major, minor }) => versionOf(major, minor) ?? [])
  return [...new Set(known)].filter((version) => spoken.includes(version))
}

/**
 * Discover Versions: never more than the client asked for, since clients take the first one, or insist on just one (1.4
 * section 4.26, 2.1 section 6.1.16).
 */
export const discoverVersions = defineOperation({
  name: 'DiscoverVersions',
  spec: { '1.4': '4.26', '2.1': '6.1.16' },
  request: { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) },
  response: { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) },
  handle: ({ server: { versions } }, { protocolVersions }) => {
    // Newest first: the order in which this server would choose.
    const spoken = protocolVersions.length === 0 ? versions.toReversed() : shared(protocolVersions, versions)
    return { protocolVersions: spoken.map(versionNumbers) }
  },
})
