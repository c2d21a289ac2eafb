import type { AttributeName } from '../../protocol/attributes.ts'
import { valueOf } from '../../domain/attribute-set.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import type { DateFact, SearchFacts } from '../../domain/object-store.ts'
import { rotationDue } from '../../domain/rotation.ts'

/** Which column tells the date of an attribute. */
const DATE_FACTS: Partial<Record<AttributeName, DateFact>> = {
  ActivationDate: 'activationDate',
  ArchiveDate: 'archiveDate',
  CompromiseDate: 'compromiseDate',
  CompromiseOccurrenceDate: 'compromiseOccurrenceDate',
  DeactivationDate: 'deactivationDate',
  DestroyDate: 'destroyDate',
  InitialDate: 'initialDate',
  LastChangeDate: 'lastChangeDate',
  OriginalCreationDate: 'originalCreationDate',
  ProcessStartDate: 'processStartDate',
  ProtectStopDate: 'protectStopDate',
  RotateDate: 'rotateDate',
}

/** The column of a date; undefined for what is no date. */
export const dateFact = (name: AttributeName): DateFact | undefined => DATE_FACTS[name]

/** What searches by range and by bits go by, beside the dates that the State follows from. */
export const searchFacts = (object: ManagedObject): SearchFacts => {
  const { attributes } = object
  const limits = valueOf(attributes, 'UsageLimits')
  return {
    initialDate: valueOf(attributes, 'InitialDate'),
    lastChangeDate: valueOf(attributes, 'LastChangeDate'),
    originalCreationDate: valueOf(attributes, 'OriginalCreationDate'),
    processStartDate: valueOf(attributes, 'ProcessStartDate'),
    protectStopDate: valueOf(attributes, 'ProtectStopDate'),
    compromiseOccurrenceDate: valueOf(attributes, 'CompromiseOccurrenceDate'),
    rotateDate: valueOf(attributes, 'RotateDate'),
    rotationDue: rotationDue(object),
    usageMask: valueOf(attributes, 'CryptographicUsageMask'),
    storageMask: valueOf(attributes, 'ProtectionStorageMask'),
    limitTotal: limits?.usageLimitsTotal,
    limitCount: limits?.usageLimitsCount ?? limits?.usageLimitsTotal,
  }
}
