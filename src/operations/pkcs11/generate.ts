import { makeObject, makerOf } from '../../domain/made-object.ts'
import type { Attribute } from '../../protocol/attribute-instance.ts'
import {
  CRYPTOGRAPHIC_USAGE_MASK,
  type CryptographicUsageMask,
  type RecommendedCurve,
} from '../../protocol/enumerations.ts'
import { ulong } from '../../protocol/pkcs11/codec.ts'
import { CKA } from '../../protocol/pkcs11/constants.ts'
import { makePair, pairWithDefaults } from '../create-key-pair.ts'
import { type Call, checkRoom, CryptokiError, handleOf, sessionIn } from './call.ts'
import { type ChosenMechanism, readMechanism } from './mechanisms.ts'
import { attributesOf, numberIn, readTemplate, type Template } from './templates.ts'

/* C_GenerateKey and C_GenerateKeyPair (PKCS#11 3.0 section 5.18): objects of the client like any others. */

const uses = (...names: readonly CryptographicUsageMask[]): number => CRYPTOGRAPHIC_USAGE_MASK.of(...names)

/** Objects that one function makes at most. */
const MOST_MADE = 2

/** @throws CryptokiError where a session can only read */
export const checkWritable = (call: Call, handle: number): void => {
  checkRoom(call, MOST_MADE)
  if (!sessionIn(call, handle).isReadWrite) throw new CryptokiError('SESSION_READ_ONLY')
}

const algorithmOf = ({ kind, parameters }: ChosenMechanism, wanted: ChosenMechanism['kind']) => {
  const algorithm = parameters.cryptographicAlgorithm
  if (kind !== wanted || algorithm === undefined) throw new CryptokiError('MECHANISM_INVALID')
  return algorithm
}

const BITS = 8

const lengthIn = (template: Template): readonly Attribute[] => {
  const length = numberIn(template, CKA.VALUE_LEN)
  return length === undefined ? [] : [{ name: 'CryptographicLength', value: length * BITS }]
}

export const generateKey = async (call: Call): Promise<Buffer> => {
  const { context, input } = call
  checkWritable(call, input.ulong())
  const algorithm = algorithmOf(readMechanism(input), 'generate')
  const template = readTemplate(input)
  input.end()
  if (algorithm === 'AES' && !template.has(CKA.VALUE_LEN)) throw new CryptokiError('TEMPLATE_INCOMPLETE')
  const isCipher = algorithm === 'AES' || algorithm === 'DES3'
  const usage = isCipher ? uses('Encrypt', 'Decrypt') : uses('MACGenerate', 'MACVerify')
  const given: readonly Attribute[] = [
    { name: 'CryptographicAlgorithm', value: algorithm },
    ...lengthIn(template),
    ...attributesOf(template, usage, context.now),
  ]
  const id = await makeObject(context, 'SymmetricKey', makerOf('SymmetricKey', context.keys), given)
  return ulong(handleOf(call, id))
}

/** CKA_EC_PARAMS: the curve by its object identifier in DER. */
const CURVES: ReadonlyMap<string, RecommendedCurve> = new Map<string, RecommendedCurve>([
  ['06052b81040021', 'P_224'],
  ['06082a8648ce3d030107', 'P_256'],
  ['06052b81040022', 'P_384'],
  ['06052b81040023', 'P_521'],
  ['06052b8104000a', 'SECP256K1'],
])

const curveIn = (template: Template): Attribute => {
  const spelled = template.get(CKA.EC_PARAMS)
  if (spelled === undefined) throw new CryptokiError('TEMPLATE_INCOMPLETE')
  const recommendedCurve = CURVES.get(spelled.toString('hex'))
  if (recommendedCurve === undefined) throw new CryptokiError('CURVE_NOT_SUPPORTED')
  return { name: 'CryptographicDomainParameters', value: { recommendedCurve } }
}

const sizeIn = (template: Template, algorithm: unknown): Attribute => {
  if (algorithm === 'EC') return curveIn(template)
  const bits = numberIn(template, CKA.MODULUS_BITS)
  if (bits === undefined) throw new CryptokiError('TEMPLATE_INCOMPLETE')
  return { name: 'CryptographicLength', value: bits }
}

export const generateKeyPair = async (call: Call): Promise<Buffer> => {
  const { context, input } = call
  checkWritable(call, input.ulong())
  const algorithm = algorithmOf(readMechanism(input), 'generate-pair')
  const forPublic = readTemplate(input)
  const forPrivate = readTemplate(input)
  input.end()
  const shared: readonly Attribute[] = [
    { name: 'CryptographicAlgorithm', value: algorithm },
    sizeIn(forPublic, algorithm),
  ]
  const isRsa = algorithm === 'RSA'
  const given = await pairWithDefaults(context, {
    private: [...shared, ...attributesOf(forPrivate, isRsa ? uses('Sign', 'Decrypt') : uses('Sign'), context.now)],
    public: [...shared, ...attributesOf(forPublic, isRsa ? uses('Verify', 'Encrypt') : uses('Verify'), context.now)],
  })
  const made = await makePair(context, given)
  const publicHandle = handleOf(call, made.publicKeyUniqueIdentifier)
  return Buffer.concat([ulong(publicHandle), ulong(handleOf(call, made.privateKeyUniqueIdentifier))])
}
