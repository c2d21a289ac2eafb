import type { StreamedOperation } from '../../src/domain/key-store.ts'
import type { Version } from '../../src/schema/version.ts'
import type { Payload, TestClient } from './harness.ts'

/* Data sent in parts (1.4 section 4, 2.1 section 6.1). */

/** Bytes of a field of an answer, whatever form it has; none where it is not there. */
export const bytesIn = (value: unknown): Buffer => {
  if (value === undefined) return Buffer.alloc(0)
  const data: unknown = typeof value === 'object' && value !== null && 'data' in value ? value.data : value
  if (!Buffer.isBuffer(data)) throw new Error('no bytes in the answer')
  return data
}

/** Cuts data where it is told. */
export const cut = (data: Buffer, ...at: readonly number[]): readonly Buffer[] =>
  [0, ...at].map((from, index) => data.subarray(from, at[index] ?? data.length))

/** Sends parts one after the other: all answers. `first` goes with the first part, `always` with each, `last` with the last. */
export const sendParts = async (
  client: TestClient,
  version: Version,
  operation: StreamedOperation,
  parts: readonly Buffer[],
  { first = {}, always = {}, last = {} }: { first?: Payload; always?: Payload; last?: Payload },
): Promise<readonly Payload[]> => {
  const answers: Payload[] = []
  let more: Payload = { ...first, initIndicator: true }
  for (const [index, data] of parts.entries()) {
    const end = index === parts.length - 1 ? { ...last, finalIndicator: true } : {}
    const answer = await client.call(version, operation, { ...always, ...more, data, ...end })
    answers.push(answer)
    more = { correlationValue: answer['correlationValue'] }
  }
  return answers
}

/** The first part: its Correlation Value. */
export const openStream = async (
  client: TestClient,
  version: Version,
  operation: StreamedOperation,
  request: Payload,
): Promise<Buffer> =>
  bytesIn((await client.call(version, operation, { ...request, initIndicator: true }))['correlationValue'])
