import { type Bindings, copyBindings, takeBindings, timeOf } from './bindings.ts'
import type { Item } from './decode.ts'
import { fieldIn, secondsOf } from './encode.ts'
import { codeOf, tagOf } from './names.ts'
import type { Element } from './parse.ts'

/*
 * An answer against the one that a case expects. What a server chooses may differ, and nothing else. All that is let
 * pass, and why:
 *
 * - identifiers (IDENTIFIERS), and correlation values of streams and asynchronous requests (RENEWED);
 * - times that are the present one (isPresent), unless the client has given them;
 * - texts for people and what the server calls itself (SERVER_CHOSEN, infoNamed), of which some may be left out (OPTIONAL);
 * - random bytes (RANDOM) of what the server has made (isMaking) or does by chance (isRandom), of the same length (SIZED);
 * - the order of attributes (isAttributes), and of a made object the index of a Name or Link (withoutIndex);
 * - more entries where a reply, or a Put, tells everything (freedomOf, compareRequest).
 */

/** How far a time may be from the one expected, in seconds: the cases are played at once. */
const TOLERANCE = 120

/** What only the server can know. */
const SERVER_CHOSEN: ReadonlySet<string> = new Set([
  'ResultMessage',
  'VendorIdentification',
  'ServerInformation',
  'ServerCorrelationValue',
])

/** What a server may say besides. */
const OPTIONAL: ReadonlySet<string> = new Set(['ResultMessage', 'ServerCorrelationValue'])

/** Parts of an answer in which the order says nothing, and whether more may be there. */
type Freedom = { readonly order: boolean; readonly extra: boolean }

const STRICT: Freedom = { order: false, extra: false }

const isListRequest = (request: Element): boolean =>
  !request.children.some(({ name }) => name === 'AttributeName' || name === 'AttributeReference')

/** What the reply to an operation may do differently. */
const freedomOf = (operation: string | undefined, request: Element | undefined): Freedom => {
  if (operation === 'Query' || operation === 'GetAttributeList') return { order: true, extra: true }
  // Which version the server prefers is not free, but it may know more of them.
  if (operation === 'DiscoverVersions') return { order: false, extra: request?.children.length === 0 }
  if (operation === 'GetAttributes') return { order: true, extra: request === undefined || isListRequest(request) }
  return STRICT
}

const bigInteger = (hex: string): string => {
  const digits = hex.replace(/^0x/, '').toLowerCase()
  const sign = /^[89a-f]/.test(digits) ? 'f' : '0'
  return digits.padStart(Math.ceil(digits.length / 16) * 16, sign)
}

const normal = (element: Element, field: string, value: string): string => {
  switch (element.type) {
    case 'Integer':
      return String(codeOf(field, value) | 0)
    case 'Enumeration':
      return String(codeOf(field, value) >>> 0)
    case 'DateTime':
      return String(secondsOf(value))
    case 'LongInteger':
    case 'DateTimeExtended':
      return String(BigInt(value))
    case 'BigInteger':
      return bigInteger(value)
    case 'ByteString':
      return value.toLowerCase()
    case 'TextString':
      return field === 'AttributeName' ? value.replace(/\s+/g, ' ') : value
    default:
      return value
  }
}

/** Identifiers are the server's to choose, also where a case has kept those of another server. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  'UniqueIdentifier',
  'ShortUniqueIdentifier',
  'PrivateKeyUniqueIdentifier',
  'PublicKeyUniqueIdentifier',
  'LinkedObjectIdentifier',
])

/**
 * Each stream and each asynchronous request has a value of its own, though a case has one name for all of them; and so has
 * each key of a pair its own digest (AKLC-O-1-30).
 */
const RENEWED: ReadonlySet<string> = new Set(['CorrelationValue', 'AsynchronousCorrelationValue', 'DigestValue'])

const compareVariable = (variable: string, actual: Item, bindings: Bindings): string | undefined => {
  const time = timeOf(variable, bindings)
  const value = actual.value ?? ''
  if (time !== undefined) return Math.abs(Number(value) - time) <= TOLERANCE ? undefined : `${value} is not ${variable}`
  const bound = bindings.values.get(variable)
  if (bound === undefined) bindings.values.set(variable, value)
  else if (bound !== value) return `${value} is not ${variable} (${bound})`
  return undefined
}

/** Bytes that come of the server's random numbers, and what a certificate has of the authority that issued it. */
const RANDOM: ReadonlySet<string> = new Set([
  'KeyMaterial',
  'DigestValue',
  'Data',
  'IVCounterNonce',
  'AuthenticatedEncryptionTag',
  'MACData',
  'SignatureData',
  'Modulus',
  'PrivateExponent',
  'P',
  'Q',
  'PrimeExponentP',
  'PrimeExponentQ',
  'CRTCoefficient',
  'CertificateValue',
  'CertificateLength',
  'CertificateSerialNumber',
  'SerialNumber',
  'Issuer',
  'IssuerDistinguishedName',
  'CertificateIssuerDistinguishedName',
])

/** Random bytes that are as long as others. DER is not: an integer in it may need an octet more. */
const SIZED: ReadonlySet<string> = new Set([
  'KeyMaterial',
  'DigestValue',
  'Data',
  'IVCounterNonce',
  'AuthenticatedEncryptionTag',
  'MACData',
  'SignatureData',
])

const isAsLong = (field: string, wanted: string, given: string): boolean =>
  !SIZED.has(field) || wanted.startsWith('30') || wanted.length === given.length

/** Dates that are the server's to set, whatever a request says of them: Import may, and the client of a Put is told. */
const SERVERS_OWN: ReadonlySet<string> = new Set(['TimeStamp', 'InitialDate', 'LastChangeDate', 'OriginalCreationDate'])

/** A time that the server has taken from its clock while the case was played, and not one that the client has given. */
const isPresent = (actual: Item, field: string, wanted: string, { now, dates }: Bindings): boolean =>
  actual.type === 'DateTime' &&
  Math.abs(Number(actual.value) - now) <= TOLERANCE &&
  (SERVERS_OWN.has(field) || !dates.has(wanted))

const compareValue = (expected: Element, actual: Item, field: string, bindings: Bindings): readonly string[] => {
  const where = field
  if (expected.type !== actual.type) return [`${where} is a ${actual.type}, not a ${expected.type}`]
  const value = expected.value ?? ''
  if (RENEWED.has(field)) bindings.values.delete(value)
  if (value.startsWith('$') || IDENTIFIERS.has(field)) {
    const problem = compareVariable(value, actual, bindings)
    return problem === undefined ? [] : [`${where}: ${problem}`]
  }
  const wanted = normal(expected, field, value)
  if (bindings.random && RANDOM.has(field) && isAsLong(field, wanted, actual.value ?? '')) return []
  if (isPresent(actual, field, wanted, bindings)) return []
  return wanted === actual.value ? [] : [`${where} is ${actual.value ?? ''}, not ${wanted} (${value})`]
}

/** Each expected child in any order; a trial that fails leaves no variable bound. */
const compareUnordered = (
  expected: readonly Element[],
  actual: readonly Item[],
  extra: boolean,
  bindings: Bindings,
): readonly string[] => {
  const left = [...actual]
  const problems: string[] = []
  for (const child of expected) {
    const found = left.findIndex((candidate) => {
      const trial = copyBindings(bindings)
      if (compare(child, candidate, expected, trial, STRICT).length > 0) return false
      takeBindings(bindings, trial)
      return true
    })
    if (found < 0) problems.push(`no ${describe(child)}`)
    else left.splice(found, 1)
  }
  if (!extra) problems.push(...left.map((item) => `unexpected ${describeItem(item)}`))
  return problems
}

const describe = (element: Element): string =>
  element.children.length === 0
    ? `${element.name} ${element.value ?? ''}`
    : `${element.name} {${element.children.map(describe).join(', ')}}`

const describeItem = (item: Item): string =>
  item.children.length === 0
    ? `${item.name} ${item.value ?? ''}`
    : `${item.name} {${item.children.map(describeItem).join(', ')}}`

/** The expected children in their order, with others in between. */
const compareAmongOthers = (
  expected: readonly Element[],
  actual: readonly Item[],
  bindings: Bindings,
): readonly string[] => {
  let from = 0
  return expected.flatMap((child) => {
    const found = actual.findIndex(
      (item, index) => index >= from && compare(child, item, expected, bindings, STRICT).length === 0,
    )
    if (found < 0) return [`no ${describe(child)} in this place`]
    from = found + 1
    return []
  })
}

const compareOrdered = (
  expected: readonly Element[],
  actual: readonly Item[],
  bindings: Bindings,
): readonly string[] => {
  const names = new Set(expected.map(({ name }) => name))
  const items = actual.filter(({ name }) => names.has(name) || !OPTIONAL.has(name))
  const wanted = expected.filter(({ name }) => !OPTIONAL.has(name) || items.some((item) => item.name === name))
  const problems = wanted.flatMap((child, index) => {
    const item = items[index]
    return item === undefined ? [`no ${describe(child)}`] : compare(child, item, expected, bindings, STRICT)
  })
  return [...problems, ...items.slice(wanted.length).map((item) => `unexpected ${describeItem(item)}`)]
}

/**
 * Without the index of an instance: which of two Names or Links that Re-certify sets comes first is the server's choice,
 * since the same case of 1.0 and of 1.2 (TC_134) expects them in different orders.
 */
const withoutIndex = <T extends { readonly name: string; readonly value: string | undefined }>(
  children: readonly T[],
  { random }: Bindings,
): readonly T[] =>
  random && children.some(({ name, value = '' }) => name === 'AttributeName' && /^(Name|Link)$/.test(value))
    ? children.filter(({ name }) => name !== 'AttributeIndex')
    : children

const isAttributes = (element: Element): boolean =>
  element.name.endsWith('Attributes') || element.children.filter(({ name }) => name === 'Attribute').length > 1

/** What is wrong with an item; empty where nothing is. */
export const compare = (
  expected: Element,
  actual: Item,
  siblings: readonly Element[],
  bindings: Bindings,
  freedom: Freedom,
): readonly string[] => {
  if (tagOf(expected.name, expected.tag) !== actual.tag) return [`${actual.name} where ${expected.name} should be`]
  const field = fieldIn(expected, siblings)
  if (SERVER_CHOSEN.has(field)) return expected.type === actual.type ? [] : [`${field} is a ${actual.type}`]
  if (expected.type !== 'Structure') return compareValue(expected, actual, field, bindings)
  if (actual.type !== 'Structure') return [`${expected.name} is no structure`]
  const wanted = withoutIndex(expected.children, bindings)
  const given = withoutIndex(actual.children, bindings)
  if (freedom.order || isAttributes(expected)) return compareUnordered(wanted, given, freedom.extra, bindings)
  return freedom.extra ? compareAmongOthers(wanted, given, bindings) : compareOrdered(wanted, given, bindings)
}

const child = (element: Element, name: string): Element | undefined =>
  element.children.find((candidate) => candidate.name === name)

const itemsOf = (message: Element): readonly Element[] => message.children.filter(({ name }) => name === 'BatchItem')

const MAKING: ReadonlySet<string> = new Set([
  'Create',
  'CreateKeyPair',
  'ReKey',
  'ReKeyKeyPair',
  'Certify',
  'ReCertify',
  'CreateSplitKey',
])

/** Random by nature, whatever the key: random numbers, and what is encrypted with some of them. */
const isRandom = (operation: string | undefined, { randomized }: Bindings): boolean =>
  operation === 'RNGRetrieve' || (operation === 'Encrypt' && randomized)

/** What the server has encrypted before is what it was, whatever the key. */
const isRestoring = (operation: string | undefined, request: Element | undefined): boolean =>
  operation === 'Decrypt' &&
  request?.children.some(({ name, value }) => name === 'Data' && value?.startsWith('$')) === true

const identifiersIn = (payload: Item | undefined): readonly string[] =>
  payload?.children.flatMap(({ name, value }) =>
    name.endsWith('UniqueIdentifier') && value !== undefined ? [value] : [],
  ) ?? []

/** Whether a request is about an object whose material is random. */
const usesMade = (request: Element | undefined, { made, values }: Bindings): boolean =>
  request?.children.some(
    ({ name, value }) => name === 'UniqueIdentifier' && value !== undefined && made.has(values.get(value) ?? value),
  ) ?? false

const hasText = (element: Element, value: string): boolean =>
  element.value === value || element.children.some((child) => hasText(child, value))

/** Nobody puts anything into the default group: what is found there the server has made. */
const asksDefaultGroup = (request: Element | undefined): boolean =>
  request !== undefined && hasText(request, 'GroupMemberFresh') && hasText(request, 'default')

/** What the server makes is random, and so is what is derived from it. */
const isMaking = (operation: string | undefined, request: Element | undefined, bindings: Bindings): boolean =>
  (operation !== undefined && MAKING.has(operation)) ||
  (operation === 'DeriveKey' && usesMade(request, bindings)) ||
  (operation === 'Locate' && asksDefaultGroup(request))

/** What the server calls itself in CK_INFO: manufacturer and library, 32 bytes each, behind two and behind ten more. */
const unnamed = (info: string): string => `${info.slice(0, 4)}${info.slice(68, 84)}${info.slice(148)}`

/** C_GetInfo is to PKCS#11 what Query Server Information is here: the names are the server's own. */
const infoNamed = (payload: Element, actual: Item | undefined): Element => {
  if (child(payload, 'PKCS_11Function')?.value !== 'C_GetInfo') return payload
  const told = actual?.children.find(({ name }) => name === 'PKCS_11OutputParameters')?.value ?? ''
  const isAlike = ({ value = '' }: Element): boolean => value.length === told.length && unnamed(value) === unnamed(told)
  const children = payload.children.map((field) =>
    field.name === 'PKCS_11OutputParameters' && isAlike(field) ? { ...field, value: told } : field,
  )
  return { ...payload, children }
}

const withInfoNamed = (expected: Element, answered: Item | undefined): Element => ({
  ...expected,
  children: expected.children.map((part) => (part.name === 'ResponsePayload' ? infoNamed(part, answered) : part)),
})

/** A batch item, of which the payload alone may be free. */
const compareItem = (
  expected: Element,
  actual: Item,
  payload: string,
  freedom: Freedom,
  bindings: Bindings,
): readonly string[] => {
  const expectedPayload = child(expected, payload)
  const actualPayload = actual.children.find(({ name }) => name === payload)
  if (expectedPayload === undefined || actualPayload === undefined)
    return compare(expected, actual, [], bindings, STRICT)
  const rest = { ...expected, children: expected.children.filter(({ name }) => name !== payload) }
  const actualRest = { ...actual, children: actual.children.filter(({ name }) => name !== payload) }
  return [
    ...compare(rest, actualRest, [], bindings, STRICT),
    ...compare(expectedPayload, actualPayload, [], bindings, freedom),
  ]
}

const compareBatchItem = (
  expected: Element,
  actual: Item,
  request: Element | undefined,
  bindings: Bindings,
): readonly string[] => {
  const operation = child(expected, 'Operation')?.value
  const payload = request === undefined ? undefined : child(request, 'RequestPayload')
  const freedom = freedomOf(operation, payload)
  const answered = actual.children.find(({ name }) => name === 'ResponsePayload')
  if (isMaking(operation, payload, bindings)) for (const id of identifiersIn(answered)) bindings.made.add(id)
  const isOfMade = identifiersIn(answered).some((id) => bindings.made.has(id))
  bindings.random = isRandom(operation, bindings) || (isOfMade && !isRestoring(operation, payload))
  return compareItem(withInfoNamed(expected, answered), actual, 'ResponsePayload', freedom, bindings)
}

/** Compares a whole response message. */
export const compareResponse = (
  expected: Element,
  actual: Item,
  request: Element,
  bindings: Bindings,
): readonly string[] => {
  const header = child(expected, 'ResponseHeader')
  const actualHeader = actual.children.find(({ name }) => name === 'ResponseHeader')
  if (header === undefined || actualHeader === undefined) return ['no Response Header']
  const requests = itemsOf(request)
  const expectedItems = itemsOf(expected)
  const actualItems = actual.children.filter(({ name }) => name === 'BatchItem')
  const count =
    expectedItems.length === actualItems.length ? [] : [`${actualItems.length} items, not ${expectedItems.length}`]
  const items = expectedItems.flatMap((item, index) => {
    const answer = actualItems[index]
    return answer === undefined ? [] : compareBatchItem(item, answer, requests[index], bindings)
  })
  return [...compare(header, actualHeader, [], bindings, STRICT), ...count, ...items]
}

/**
 * Whether what the server asks is what the case has it ask. A Put tells all attributes that the object has, and these are
 * those of the version, not only those that the server of the case had.
 */
export const compareRequest = (expected: Element, actual: Item, bindings: Bindings): readonly string[] => {
  const item = itemsOf(expected)[0]
  const actualItem = actual.children.find(({ name }) => name === 'BatchItem')
  const header = child(expected, 'RequestHeader')
  const actualHeader = actual.children.find(({ name }) => name === 'RequestHeader')
  if (item === undefined || actualItem === undefined || header === undefined || actualHeader === undefined)
    return ['no request of one item']
  const payload = actualItem.children.find(({ name }) => name === 'RequestPayload')
  bindings.random = identifiersIn(payload).some((id) => bindings.made.has(id))
  const freedom = child(item, 'Operation')?.value === 'Put' ? { order: true, extra: true } : STRICT
  return [
    ...compare(header, actualHeader, [], bindings, STRICT),
    ...compareItem(item, actualItem, 'RequestPayload', freedom, bindings),
  ]
}
