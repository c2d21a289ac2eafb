import type { Ids } from '../../domain/clock.ts'
import { messagesFor, type ObjectChange, outboxRecord } from '../../domain/outbox.ts'
import type { RecordStore, ServerRecord } from '../../domain/records.ts'
import { SUBSCRIPTION_TENANT, type Subscription, subscriptionOf } from '../../domain/subscription.ts'

/** Who is told what: read again and again, since the operator changes it beside the running server. */
export type Subscriptions = {
  readonly all: ReadonlyMap<string, Subscription>
  /** `thoroughly`: counts what waits for each client, too. */
  refresh(thoroughly: boolean): Promise<void>
  messagesFor(change: ObjectChange): readonly ServerRecord[]
}

/** Clients that are told anything. */
const MOST_SUBSCRIPTIONS = 10_000

/** Messages that may wait for one client: past that it has to look for itself. */
const MOST_WAITING = 10_000

export const createSubscriptions = (records: RecordStore, ids: Ids): Subscriptions => {
  let all: ReadonlyMap<string, Subscription> = new Map()
  let full: ReadonlySet<string> = new Set()

  const countWaiting = async (): Promise<void> => {
    const found = new Set<string>()
    for (const client of all.keys()) {
      if ((await records.count('outbox', SUBSCRIPTION_TENANT, client)) >= MOST_WAITING) found.add(client)
    }
    full = found
  }

  const messagesOf = (subscription: Subscription, change: ObjectChange): readonly ServerRecord[] =>
    messagesFor(subscription, change).map((message) => ({
      ...outboxRecord(subscription.client, ids.next(), message, change.now),
      tenant: change.after.tenant,
      version: 1,
      createdAt: change.now,
    }))

  return {
    get all() {
      return all
    },
    refresh: async (thoroughly) => {
      const stored = await records.list(SUBSCRIPTION_TENANT, { kind: 'subscription', limit: MOST_SUBSCRIPTIONS })
      all = new Map(stored.map((record) => [record.owner, subscriptionOf(record)]))
      if (thoroughly) await countWaiting()
    },
    messagesFor: (change) => {
      if (all.size === 0 || change.after.tenant !== SUBSCRIPTION_TENANT) return []
      return [...all.values()].flatMap((subscription) =>
        full.has(subscription.client) ? [] : messagesOf(subscription, change),
      )
    },
  }
}
