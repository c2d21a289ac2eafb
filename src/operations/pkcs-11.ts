import type { CryptokiInstance } from '../domain/pkcs11.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import {
  PKCS_11_FUNCTION,
  PKCS_11_RETURN_CODE,
  type Pkcs11Function,
  type Pkcs11ReturnCode,
} from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { createCryptokiReader, type CryptokiReader } from '../protocol/pkcs11/codec.ts'
import { TAG } from '../protocol/tags.ts'
import type { Kind } from '../schema/kind.ts'
import { bytes, enumerationCode, enumOf, text } from '../schema/primitives.ts'
import { inForms, type Infer, optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { CryptokiError, returnCodeOf } from './pkcs11/call.ts'
import { FUNCTIONS } from './pkcs11/functions.ts'

const request = {
  pkcs11Interface: optional(TAG.PKCS_11Interface, text),
  // A bare code: a function that nobody knows is told so.
  pkcs11Function: required(TAG.PKCS_11Function, enumerationCode),
  correlationValue: optional(TAG.CorrelationValue, bytes),
  inputParameters: optional(TAG.PKCS_11InputParameters, bytes),
}

type Correlation = { readonly value: Buffer; readonly isNew: boolean }

const correlation = (isAlwaysTold: boolean): Kind<Correlation> => ({
  ...bytes,
  compile: (target) => {
    const codec = bytes.compile(target)
    return {
      read: (buffer, at) => ({ value: codec.read(buffer, at), isNew: true }),
      write: (writer, tag, { value }) => codec.write(writer, tag, value),
      ...(isAlwaysTold ? {} : { fits: ({ isNew }: Correlation) => isNew }),
    }
  },
})

const response = {
  pkcs11Interface: optional(TAG.PKCS_11Interface, text),
  pkcs11Function: required(TAG.PKCS_11Function, enumOf(PKCS_11_FUNCTION)),
  // 2.1 tells it once; 3.0 has it in every answer (test case PKCS11-M-1).
  correlationValue: inForms(
    'optional',
    { tag: TAG.CorrelationValue, kind: correlation(false), until: '2.1' },
    { tag: TAG.CorrelationValue, kind: correlation(true), since: '3.0' },
  ),
  outputParameters: optional(TAG.PKCS_11OutputParameters, bytes),
  pkcs11ReturnCode: required(TAG.PKCS_11ReturnCode, enumOf(PKCS_11_RETURN_CODE)),
}

type Request = Infer<typeof request>
type Outcome = Pick<Infer<typeof response>, 'correlationValue' | 'outputParameters' | 'pkcs11ReturnCode'>

/** The interface of PKCS#11 3.0, which is meant where none is named. */
const INTERFACE = 'PKCS 11'

const NOTHING = Buffer.alloc(0)

const functionOf = ({ pkcs11Interface, pkcs11Function }: Request): Pkcs11Function => {
  if (pkcs11Interface !== undefined && pkcs11Interface !== INTERFACE) {
    throw new KmipError('PKCS_11InvalidInterface', 'The PKCS#11 interface is not known')
  }
  const name = PKCS_11_FUNCTION.nameOf(pkcs11Function)
  if (name === undefined) throw new KmipError('PKCS_11InvalidFunction', 'The PKCS#11 function is not known')
  return name
}

const only = (pkcs11ReturnCode: Pkcs11ReturnCode): Outcome => ({ pkcs11ReturnCode })

/** C_Initialize: its arguments are callbacks, which cannot be sent, and flags, which make no difference. */
const initialize = (context: OperationContext, input: CryptokiReader): Outcome => {
  if (input.left > 0 && input.flag() && input.left > 0) input.ulong()
  input.end()
  const instance = context.pkcs11().open()
  if (instance === undefined) return only('HOST_MEMORY')
  return { correlationValue: { value: instance.correlationValue, isNew: true }, pkcs11ReturnCode: 'OK' }
}

const finalize = (instance: CryptokiInstance, input: CryptokiReader): Outcome => {
  if (input.left > 0 && input.flag()) throw new CryptokiError('ARGUMENTS_BAD')
  input.end()
  instance.close()
  return only('OK')
}

const outputOf = (output: Buffer | undefined): Partial<Outcome> =>
  output === undefined || output.length === 0 ? {} : { outputParameters: output }

/** What fails is the function: how, its return code says. What cannot be read, or was not foreseen, fails the item. */
const failed = (error: unknown): Outcome => {
  const pkcs11ReturnCode = returnCodeOf(error)
  if (pkcs11ReturnCode === undefined) throw error
  return { ...outputOf(error instanceof CryptokiError ? error.output : undefined), pkcs11ReturnCode }
}

const perform = async (context: OperationContext, name: Pkcs11Function, given: Request): Promise<Outcome> => {
  const input = createCryptokiReader(given.inputParameters ?? NOTHING)
  const { correlationValue } = given
  if (name === 'C_Initialize') {
    if (correlationValue !== undefined) return only('CRYPTOKI_ALREADY_INITIALIZED')
    return initialize(context, input)
  }
  const instance = correlationValue && context.pkcs11().find(correlationValue)
  if (instance === undefined) return only('CRYPTOKI_NOT_INITIALIZED')
  if (name === 'C_Finalize') return finalize(instance, input)
  const work = FUNCTIONS[name]
  if (work === undefined) return only('FUNCTION_NOT_SUPPORTED')
  const before = instance.state
  try {
    const output = await work({ context, instance, input })
    input.end()
    return { ...outputOf(output), pkcs11ReturnCode: 'OK' }
  } catch (error) {
    // What could not be read to its end has not happened.
    if (returnCodeOf(error) === undefined) instance.state = before
    throw error
  }
}

/**
 * PKCS#11: a function of that standard, over the client's own managed objects (2.1 section 6.1.37). What is open between
 * two of them belongs to the Correlation Value that C_Initialize has answered.
 */
export const pkcs11 = defineOperation({
  name: 'PKCS_11',
  spec: { '2.1': '6.1.37' },
  isHeavy: { tag: TAG.PKCS_11Function, code: PKCS_11_FUNCTION.code.C_GenerateKeyPair },
  request,
  response,
  handle: async (context, given) => {
    const name = functionOf(given)
    const outcome = await perform(context, name, given).catch(failed)
    const { pkcs11Interface, correlationValue: value } = given
    const known = value && { value, isNew: false }
    return { pkcs11Interface, pkcs11Function: name, correlationValue: known, ...outcome }
  },
})
