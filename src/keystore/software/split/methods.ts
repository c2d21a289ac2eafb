import type { SplitKeyMethod } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { GF2_16, GF2_8 } from './binary-field.ts'
import { binarySharing } from './binary-sharing.ts'
import { exclusiveOrSharing } from './exclusive-or.ts'
import { fieldSize } from './prime-field.ts'
import { primeSharing } from './prime-sharing.ts'
import type { Sharing } from './sharing.ts'

/** Bytes times parts times threshold: what is calculated for one client while the others wait. */
export const MOST_WORK = 2 ** 23

/** What is told of a split by each of its parts. */
export type SplitTerms = {
  readonly splitKeyParts: number
  readonly splitKeyThreshold: number
  readonly splitKeyMethod: SplitKeyMethod
  readonly primeFieldSize?: Buffer | undefined
}

type Method = {
  readonly sharing: (primeFieldSize: Buffer | undefined) => Sharing
  /** Part numbers are elements of the field, and zero is where the secret stands. */
  readonly mostParts: number
}

const METHODS: Readonly<Record<SplitKeyMethod, Method>> = {
  XOR: { sharing: () => exclusiveOrSharing, mostParts: Infinity },
  PolynomialSharingGF2_8: { sharing: () => binarySharing(GF2_8), mostParts: 0xff },
  PolynomialSharingGF2_16: { sharing: () => binarySharing(GF2_16), mostParts: 0xffff },
  PolynomialSharingPrimeField: {
    sharing: (size) => primeSharing(fieldSize(size)),
    mostParts: Infinity,
  },
}

/**
 * Whether parts can be counted like this (1.4 section 2.2.5, 2.1 sections 2.8 and 13.1).
 * @throws KmipError InvalidField
 */
export const checkTerms = ({
  splitKeyParts: parts,
  splitKeyThreshold: threshold,
  splitKeyMethod,
}: SplitTerms): void => {
  const counts = threshold >= 1 && threshold <= parts && parts <= METHODS[splitKeyMethod].mostParts
  const allNeeded = splitKeyMethod !== 'XOR' || threshold === parts
  if (!counts || !allNeeded) throw new KmipError('InvalidField', 'The parts of the Split Key cannot be counted so')
}

export const sharingOf = ({ splitKeyMethod, primeFieldSize }: SplitTerms): Sharing =>
  METHODS[splitKeyMethod].sharing(primeFieldSize)
