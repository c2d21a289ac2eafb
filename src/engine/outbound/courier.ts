import { SUBSCRIPTION_TENANT } from '../../domain/subscription.ts'
import { endpointRole } from '../../operations/set-endpoint-role.ts'
import type { Version } from '../../schema/version.ts'
import type { ClientChannel, Session } from '../message-handler.ts'
import type { Outbox } from '../objects/unit-of-work.ts'
import {
  type CourierDependencies,
  giveUp,
  type Mailbox,
  mailboxOf,
  type Office,
  type Reached,
  wake,
} from './deliver.ts'
import { askClient, getAcquainted } from './dialogue.ts'

export type Courier = {
  readonly outbox: Outbox
  /** Takes a connection that a client has turned. */
  readonly turned: (session: Session, channel: ClientChannel, version: Version) => void
  /** Resolves once it is known who is told what. */
  readonly ready: Promise<void>
  /** Resolves once nothing is in work any more. */
  stop(): Promise<void>
}

const INTERVAL = 1_000

/** Turned connections of one client: one does the work, the others stand by. */
const MOST_TURNED = 4

// Turned connections ------------------------------------------------------------------------------------------------

const forget = (box: Mailbox, reached: Reached): void => {
  const at = box.turned.indexOf(reached)
  if (at >= 0) box.turned.splice(at, 1)
}

/** Asks the client to be one again: a connection on which nothing happens is not kept for this alone. */
const handBack = async ({ log }: Office, box: Mailbox, reached: Reached): Promise<void> => {
  const { channel, acquaintance } = reached
  // What has to be told from now on takes another way.
  forget(box, reached)
  try {
    const role = { endpointRole: 'Client' } as const
    const outcome = await askClient(channel, acquaintance.version, 'SetEndpointRole', endpointRole, role)
    if (outcome.succeeded) channel.turnBack()
    else channel.close(outcome.reason)
  } catch (error) {
    log.debug('connection not turned back', { principal: box.client, error })
    channel.close('not turned back')
  }
}

const takeTurned = async (
  office: Office,
  session: Session,
  channel: ClientChannel,
  version: Version,
): Promise<void> => {
  const box = mailboxOf(office, session.principal.id)
  try {
    const reached = { channel, acquaintance: await getAcquainted(channel, version) }
    if (!channel.isOpen) return
    channel.onIdle = () => void (box.working === undefined && handBack(office, box, reached))
    box.turned.push(reached)
    box.notBefore = 0
    void channel.ended.then(() => forget(box, reached))
    for (const { channel: oldest } of box.turned.slice(0, -MOST_TURNED)) oldest.close('too many turned connections')
    wake(office, box)
  } catch (error) {
    office.log.warn('turned connection not understood', { principal: box.client, peer: session.peer, error })
    channel.close('the client is not understood')
  }
}

// What others write ---------------------------------------------------------------------------------------------------

/** Every so many looks, all that may have been missed is looked at, too, and what is too old is given up. */
const THOROUGH = 30

const sweepExpired = async (office: Office): Promise<void> => {
  const { store, clock } = office
  for (const record of await store.records.expired('outbox', clock.now(), 100)) {
    await giveUp(office, record, 'it has waited too long')
  }
}

const lookAround = async (office: Office, isThorough: boolean, after: number): Promise<number> => {
  await office.subscriptions.refresh(isThorough)
  if (isThorough) {
    await sweepExpired(office)
    for (const client of office.subscriptions.all.keys()) mailboxOf(office, client)
  }
  const fresh = await office.store.records.list(SUBSCRIPTION_TENANT, { kind: 'outbox', after, limit: 1000 })
  for (const client of new Set(fresh.map(({ owner }) => owner))) wake(office, mailboxOf(office, client))
  for (const box of office.mailboxes.values()) if (isThorough || box.failures > 0) wake(office, box)
  return fresh.at(-1)?.sequence ?? after
}

const startLooking = (office: Office): Pick<Courier, 'ready' | 'stop'> => {
  let after = 0
  let rounds = 0
  let looking: Promise<void> | undefined
  const look = async (): Promise<void> => {
    try {
      after = await lookAround(office, rounds % THOROUGH === 0, after)
      rounds += 1
    } catch (error) {
      office.log.error('the outbox cannot be read', { error })
    }
    looking = undefined
  }
  const timer = setInterval(() => {
    looking ??= look()
  }, office.interval ?? INTERVAL)
  timer.unref()
  const ready = look()
  looking = ready
  return {
    ready,
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

/** Starts to deliver, what a server before this one has left included. */
export const createCourier = (dependencies: CourierDependencies): Courier => {
  const office: Office = { ...dependencies, mailboxes: new Map(), dialled: new Set(), isStopped: false }
  const looking = startLooking(office)
  return {
    outbox: {
      messagesFor: (change) => office.subscriptions.messagesFor(change),
      written: (messages) => {
        for (const client of new Set(messages.map(({ owner }) => owner))) wake(office, mailboxOf(office, client))
      },
    },
    ready: looking.ready,
    turned: (session, channel, version) => void takeTurned(office, session, channel, version),
    stop: async () => {
      office.isStopped = true
      for (const channel of office.dialled) channel.close('the server stops')
      await looking.stop()
      await Promise.all([...office.mailboxes.values()].flatMap(({ working }) => working ?? []))
    },
  }
}
