import type { Clock } from '../../domain/clock.ts'
import { ConflictError, type ObjectStore } from '../../domain/object-store.ts'
import { messageOf } from '../../domain/outbox.ts'
import type { StoredRecord } from '../../domain/records.ts'
import { SUBSCRIPTION_TENANT, type Subscription } from '../../domain/subscription.ts'
import type { Log } from '../../observe/log.ts'
import type { ClientChannel } from '../message-handler.ts'
import type { EngineParts } from '../run-item.ts'
import { composeMessage } from './compose.ts'
import { type Acquaintance, agreedUpon, exchange, getAcquainted } from './dialogue.ts'
import type { Subscriptions } from './subscriptions.ts'

/*
 * Delivers the messages of the outbox: in their order for each client, at least once, and not for ever. A client is
 * reached over a connection that it has turned, or where the operator says it listens.
 */

/** Opens a connection to where the operator says that a client listens. Rejects where nobody is, or somebody else. */
export type Dial = (subscription: Subscription) => Promise<ClientChannel>

export type CourierDependencies = {
  readonly parts: EngineParts
  readonly store: ObjectStore
  readonly subscriptions: Subscriptions
  readonly dial: Dial
  /** Whether a client may still be told anything: not once it is revoked. */
  readonly isWelcome: (client: string) => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds between looks at what others have put into the outbox. */
  readonly interval?: number
}

export type Reached = { readonly channel: ClientChannel; readonly acquaintance: Acquaintance }

/** What is known of one client. */
export type Mailbox = {
  readonly client: string
  /** Connections that it has turned, the newest last. */
  readonly turned: Reached[]
  working: Promise<void> | undefined
  /** Woken while at work. */
  again: boolean
  /** Failures in a row, and when to try again, on the monotonic clock. */
  failures: number
  notBefore: number
  /** The message that the client has refused, and how often. */
  refused: { readonly id: string; times: number } | undefined
}

const LISTED = 20

/** How often a client may say no to a message before the next one has its turn. */
const MOST_REFUSALS = 5

const FIRST_WAIT = 1_000

const LONGEST_WAIT = 300_000

const waitAfter = (failures: number): number => Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures - 1, 20))

/** The client does not want the message now; it may later. */
class RefusedError extends Error {
  constructor(reason: string) {
    super(`the client answered ${reason}`)
    this.name = 'RefusedError'
  }
}

export type Office = CourierDependencies & {
  readonly mailboxes: Map<string, Mailbox>
  /** Connections of our own. */
  readonly dialled: Set<ClientChannel>
  isStopped: boolean
}

type End = 'Success' | 'OperationFailed'

const remove = async ({ store, clock }: Office, record: StoredRecord, outcome: End): Promise<void> => {
  const { operation, object } = messageOf(record)
  const entry = { time: clock.now(), principal: record.owner, operation, objectId: object, outcome }
  try {
    await store.commit({ changes: [], audit: [entry], records: [{ kind: 'remove', record }] })
  } catch (error) {
    // Another process has delivered it at the same time: it was told twice, which does no harm.
    if (!(error instanceof ConflictError)) throw error
  }
}

/** Says that a message will not be delivered, and forgets it. */
export const giveUp = async (office: Office, record: StoredRecord, reason: string): Promise<void> => {
  const { operation, object } = messageOf(record)
  office.log.warn('message not delivered', { principal: record.owner, operation, uid: object, reason })
  await remove(office, record, 'OperationFailed')
}

const deliver = async (office: Office, box: Mailbox, { channel, acquaintance }: Reached, record: StoredRecord) => {
  const message = messageOf(record)
  const wrapping = office.subscriptions.all.get(box.client)?.wrapping
  const composed = await composeMessage(office.parts, message, { wrapping }, acquaintance)
  if (composed.bytes === undefined) {
    await giveUp(office, record, composed.reason)
    return
  }
  const outcome = await exchange(channel, acquaintance.version, message.operation, composed.bytes)
  if (!outcome.succeeded) throw new RefusedError(outcome.reason)
  await remove(office, record, 'Success')
}

/** The connection to use, and whether it is ours to close. */
const reach = async (office: Office, box: Mailbox): Promise<(Reached & { readonly own: boolean }) | undefined> => {
  const turned = box.turned.at(-1)
  if (turned !== undefined) return { ...turned, own: false }
  const subscription = office.subscriptions.all.get(box.client)
  if (subscription?.address === undefined) return undefined
  const channel = await office.dial(subscription)
  office.dialled.add(channel)
  void channel.ended.then(() => office.dialled.delete(channel))
  try {
    const { version } = subscription
    const acquaintance = await (version === undefined
      ? getAcquainted(channel, undefined)
      : agreedUpon(channel, version))
    return { channel, acquaintance, own: true }
  } catch (error) {
    channel.close('the client is not understood')
    throw error
  }
}

const waiting = ({ store }: Office, { client }: Mailbox): Promise<readonly StoredRecord[]> =>
  Promise.resolve(store.records.list(SUBSCRIPTION_TENANT, { kind: 'outbox', owner: client, limit: LISTED }))

/** Counts a refusal; true where it was the last. */
const isLastRefusal = (box: Mailbox, id: string): boolean => {
  if (box.refused?.id !== id) box.refused = { id, times: 0 }
  box.refused.times += 1
  return box.refused.times >= MOST_REFUSALS
}

const deliverAll = async (office: Office, box: Mailbox, reached: Reached): Promise<void> => {
  for (;;) {
    const records = await waiting(office, box)
    if (records.length === 0) return
    for (const record of records) {
      if (office.isStopped || !(await office.isWelcome(box.client))) return
      try {
        await deliver(office, box, reached, record)
      } catch (error) {
        if (!(error instanceof RefusedError) || !isLastRefusal(box, record.id)) throw error
        await giveUp(office, record, error.message)
      }
    }
  }
}

const failed = (office: Office, box: Mailbox, reached: Reached | undefined, error: unknown): void => {
  box.failures += 1
  box.notBefore = performance.now() + waitAfter(box.failures)
  const fields = { principal: box.client, count: box.failures, error }
  office.log.warn('client not reached', fields)
  // Whatever it was, the connection has lost its place; a refusal leaves it as it is.
  if (!(error instanceof RefusedError)) reached?.channel.close('a message was not answered as it should be')
}

const attendOnce = async (office: Office, box: Mailbox): Promise<void> => {
  let reached: Awaited<ReturnType<typeof reach>>
  try {
    if (performance.now() < box.notBefore || (await waiting(office, box)).length === 0) return
    if (!(await office.isWelcome(box.client))) return // not even a connection
    reached = await reach(office, box)
    if (reached === undefined) return
    await deliverAll(office, box, reached)
    box.failures = 0
  } catch (error) {
    failed(office, box, reached, error)
  } finally {
    if (reached?.own === true) reached.channel.close('all is said')
  }
}

const isWokenAgain = ({ again }: Mailbox): boolean => again

const work = async (office: Office, box: Mailbox): Promise<void> => {
  box.again = false
  await attendOnce(office, box)
  box.working = undefined
  if (isWokenAgain(box)) wake(office, box)
}

/** Looks after the messages of a client, now or as soon as what is in work is done. */
export const wake = (office: Office, box: Mailbox): void => {
  box.again = true
  if (!office.isStopped) box.working ??= work(office, box)
}

export const mailboxOf = ({ mailboxes }: Office, client: string): Mailbox => {
  const known = mailboxes.get(client)
  if (known !== undefined) return known
  const box: Mailbox = {
    client,
    turned: [],
    working: undefined,
    again: false,
    failures: 0,
    notBefore: 0,
    refused: undefined,
  }
  mailboxes.set(client, box)
  return box
}
