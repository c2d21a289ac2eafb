import { test } from 'tap'
import { RESULT_REASON } from '../../src/protocol/enumerations.ts'
import { hasEquivalents, reasonFor } from '../../src/protocol/reasons.ts'
import { VERSIONS } from '../../src/schema/version.ts'

void test('1.4 §11 / 2.1 §11.46: every reason says something in every version', (t) => {
  for (const reason of RESULT_REASON.names) {
    t.ok(hasEquivalents(reason), reason)
    for (const version of VERSIONS) {
      const said = reasonFor(reason, version)
      t.ok(RESULT_REASON.knownIn(said, version), `${reason} in ${version} is ${said}`)
      if (RESULT_REASON.knownIn(reason, version)) t.equal(said, reason, 'a reason that the version has stays')
    }
  }
  t.end()
})

void test('1.4 §11 / 2.1 §11.46: what older and newer versions say instead', (t) => {
  const cases = [
    ['ObjectNotFound', '1.4', 'ItemNotFound'],
    ['ObjectNotFound', '2.0', 'ObjectNotFound'],
    ['UnsupportedProtocolVersion', '1.0', 'InvalidMessage'],
    ['WrappingObjectArchived', '1.2', 'ObjectArchived'],
    ['AttestationRequired', '1.1', 'AuthenticationNotSuccessful'],
    ['IllegalOperation', '2.1', 'PermissionDenied'],
    ['UnknownObjectGroup', '2.0', 'InvalidField'],
    ['InternalServerError', '1.4', 'GeneralFailure'],
    ['GeneralFailure', '1.0', 'GeneralFailure'],
  ] as const
  for (const [reason, version, said] of cases) t.equal(reasonFor(reason, version), said, `${reason} in ${version}`)
  t.end()
})
