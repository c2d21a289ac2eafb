import { KmipError } from '../protocol/kmip-error.ts'
import type { EndpointRole, Operation, UniqueIdentifier } from '../protocol/enumerations.ts'
import type { ObjectReference } from '../protocol/structures/unique-identifier.ts'
import type { BatchIdentifiers } from '../domain/operation-context.ts'

/** Data that an operation has answered with (2.1 section 7.9). */
export type MadeData = { readonly operation: Operation; readonly data: Buffer }

type Produced = { readonly operation: Operation; readonly ids: readonly string[] }

/** What a batch has produced so far: one for each message, shared by its items. */
export type BatchState = {
  placeholder: string | undefined
  readonly history: Produced[]
  /** The Data that operations have made; absent where no other item can use them. */
  readonly outputs: MadeData[] | undefined
  /** The Unique Identifiers in the response so far; absent where no other item can mean them. */
  readonly answered: string[] | undefined
  /** The role that this server is to have once the answer has gone out. */
  role: EndpointRole | undefined
}

/** @param items - how many the batch has */
export const emptyBatchState = (items: number): BatchState => ({
  placeholder: undefined,
  history: [],
  outputs: items > 1 ? [] : undefined,
  answered: items > 1 ? [] : undefined,
  role: undefined,
})

/** A point to go back to, where an item has to be run again. */
export type BatchMark = Pick<BatchState, 'placeholder' | 'role'> & {
  readonly ids: number
  readonly outputs: number
  readonly answered: number
}

export const markBatch = ({ placeholder, history, outputs, answered, role }: BatchState): BatchMark => ({
  placeholder,
  role,
  ids: history.length,
  outputs: outputs?.length ?? 0,
  answered: answered?.length ?? 0,
})

export const rewindBatch = (state: BatchState, mark: BatchMark): void => {
  state.placeholder = mark.placeholder
  state.role = mark.role
  state.history.length = mark.ids
  if (state.outputs !== undefined) state.outputs.length = mark.outputs
  if (state.answered !== undefined) state.answered.length = mark.answered
}

/** Which identifiers of which operation a Unique Identifier enumeration means: one, or all (2.1 section 11.58). */
const MEANING: Readonly<Record<Exclude<UniqueIdentifier, 'IDPlaceholder'>, readonly [Operation, number?]>> = {
  Certify: ['Certify'],
  Create: ['Create'],
  CreateKeyPair: ['CreateKeyPair'],
  CreateKeyPairPrivateKey: ['CreateKeyPair', 0],
  CreateKeyPairPublicKey: ['CreateKeyPair', 1],
  CreateSplitKey: ['CreateSplitKey'],
  DeriveKey: ['DeriveKey'],
  Import: ['Import'],
  JoinSplitKey: ['JoinSplitKey'],
  Locate: ['Locate'],
  Register: ['Register'],
  ReKey: ['ReKey'],
  ReCertify: ['ReCertify'],
  ReKeyKeyPair: ['ReKeyKeyPair'],
  ReProvision: ['ReProvision'],
  CreateUser: ['CreateUser'],
  CreateGroup: ['CreateGroup'],
  CreateCredential: ['CreateCredential'],
  ReKeyKeyPairPrivateKey: ['ReKeyKeyPair', 0],
  ReKeyKeyPairPublicKey: ['ReKeyKeyPair', 1],
}

const missing = (): KmipError => new KmipError('ObjectNotFound', 'The ID Placeholder is not set')

/** The identifiers that an enumeration means, of the most recent operation of its name. */
export const resultsOf = (state: BatchState, result: UniqueIdentifier): readonly string[] => {
  if (result === 'IDPlaceholder') return state.placeholder === undefined ? [] : [state.placeholder]
  const [operation, index] = MEANING[result]
  const ids = state.history.findLast((item) => item.operation === operation)?.ids ?? []
  return index === undefined ? ids : ids.slice(index, index + 1)
}

const lookUp = (state: BatchState, reference: ObjectReference | undefined): string | undefined => {
  if (reference === undefined) return state.placeholder
  switch (reference.by) {
    case 'id':
      return reference.id
    case 'result':
      // Where several are meant, the item has been repeated; what cannot be repeated means the first.
      return resultsOf(state, reference.of)[0]
    case 'position':
      return state.answered?.at(reference.position)
  }
}

/** A class for the same reason as the unit of work: one is made for every item. */
class ItemIdentifiers implements BatchIdentifiers {
  readonly #state: BatchState
  readonly #operation: Operation

  constructor(state: BatchState, operation: Operation) {
    this.#state = state
    this.#operation = operation
  }

  resolve(reference: ObjectReference | undefined): string {
    const id = lookUp(this.#state, reference)
    if (id === undefined) throw missing()
    return id
  }

  produced(...ids: readonly string[]): void {
    this.#state.history.push({ operation: this.#operation, ids })
    this.#state.placeholder = ids[0]
  }

  clear(): void {
    this.#state.placeholder = undefined
  }
}

/** The batch as one operation of it sees it (1.4 section 4, 2.1 section 6). */
export const batchIdentifiers = (state: BatchState, operation: Operation): BatchIdentifiers =>
  new ItemIdentifiers(state, operation)
