import { protocolVersion } from '../protocol/message.ts'
import { TAG } from '../protocol/tags.ts'
import { repeated } from '../schema/struct.ts'
import { VERSIONS, versionNumbers } from '../schema/version.ts'
import { defineOperation } from './define-operation.ts'

type ProtocolVersion = { readonly major: number; readonly minor: number }

const isSame = (a: ProtocolVersion, b: ProtocolVersion): boolean => a.major === b.major && a.minor === b.minor

/** In the server's order of preference: the newest first. */
const SPOKEN: readonly ProtocolVersion[] = VERSIONS.toReversed().map(versionNumbers)

/** In the client's order of preference, and never more than it asked for: some clients take the first, or want one only. */
const common = (asked: readonly ProtocolVersion[]): readonly ProtocolVersion[] =>
  asked.filter((version) => SPOKEN.some((spoken) => isSame(spoken, version)))

/** Discover Versions: the versions that client and server share (1.4 section 4.26, 2.1 section 6.1.16). */
export const discoverVersions = defineOperation({
  name: 'DiscoverVersions',
  spec: { '1.4': '4.26', '2.1': '6.1.16' },
  request: { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) },
  response: { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) },
  handle: (_context, { protocolVersions }) => ({
    protocolVersions: protocolVersions.length === 0 ? SPOKEN : common(protocolVersions),
  }),
})
