import fc from 'fast-check'
import { type Attribute } from '../../src/protocol/attribute-instance.ts'
import { attributeRow } from '../../src/protocol/attribute-lookup.ts'
import type { AttributeName } from '../../src/protocol/attributes.ts'
import type { ObjectType } from '../../src/protocol/enumerations.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'
import type { Sealed } from '../../src/domain/bytes.ts'
import type { Deposit } from '../../src/domain/key-store.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import { type NewObject, newObject } from '../../src/domain/new-object.ts'
import { reasonIn } from '../../src/engine/failures.ts'
import type { Version } from '../../src/schema/version.ts'
import { shortIdentifier } from '../../src/system.ts'
import { arbitraryValue } from './arbitrary.ts'
import { thrown } from './thrown.ts'

/** The time of these tests, in seconds since 1970. */
export const NOW = 1_800_000_000

export const OBJECT_ID = '01890a5d-ac96-774b-bcce-b302099a8057'

const principal = { id: 'alice', name: 'Alice', tenant: 'default', role: 'client', groups: [] } as const

export const depositOf = (...attributes: readonly Attribute[]): Deposit => ({
  key: { objectId: OBJECT_ID, sealVersion: 1, ref: { kind: 'sealed', sealed: Buffer.from([1]) as Sealed } },
  attributes,
})

/** A new object, with what the test cares about. */
export const objectWith = (given: readonly Attribute[] = [], plan: Partial<NewObject> = {}): ManagedObject =>
  newObject({
    context: { now: NOW, principal, ids: { next: () => OBJECT_ID, short: shortIdentifier } },
    id: OBJECT_ID,
    objectType: 'SymmetricKey',
    deposit: depositOf(),
    generator: undefined,
    given,
    ...plan,
  })

/** Dates of an object's life, all to come and in order. */
const DATES: Readonly<Partial<Record<AttributeName, number>>> = {
  ActivationDate: NOW + 100,
  ProcessStartDate: NOW + 200,
  ProtectStopDate: NOW + 300,
  DeactivationDate: NOW + 400,
}

/** A value that the attribute may have, always the same one. */
export const sampleOf = (name: AttributeName): Attribute => {
  const row = attributeRow(name)
  const values = arbitraryValue(row.kind, '2.1').filter((value) => row.check?.(value) === undefined)
  const [value] = fc.sample(values, { numRuns: 1, seed: 7 })
  return { name, value: DATES[name] ?? value } as Attribute
}

/** An object type that has the attribute. */
export const typeFor = (name: AttributeName): ObjectType => {
  const { objectTypes } = attributeRow(name)
  const [first] = objectTypes
  return objectTypes.includes('SymmetricKey') ? 'SymmetricKey' : (first ?? 'SymmetricKey')
}

/** The failure with which `run` ends, or undefined; anything but a KmipError fails the test. */
const failureOf = (run: () => unknown): KmipError | undefined => {
  const error = thrown(run)
  if (error === undefined || error instanceof KmipError) return error
  throw new Error('not a KmipError', { cause: error })
}

/** The reason with which `run` fails, or undefined. */
export const reasonOf = (run: () => unknown): string | undefined => failureOf(run)?.reason

/** The same as a client of `version` is told. */
export const reasonFor = (version: Version, run: () => unknown): string | undefined => {
  const failure = failureOf(run)
  return failure === undefined ? undefined : reasonIn(failure, version)
}
