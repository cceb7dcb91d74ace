import { type Clock, DeviceError, type Entropy, type Log } from '../host/host.ts'
import { type Inbox, newInbox } from '../lib/inbox.ts'
import { uuid } from '../lib/uuid.ts'
import { sleep } from '../lib/wait.ts'
import {
  InvalidTxnError,
  NoQuorumError,
  type StoreView,
  type StoreWriter,
  UnknownOutcomeError,
} from '../store/types.ts'
import { type FoundingNode, type FoundingToken, foundingTxn } from './founding.ts'
import { type Absences, absencesNow, candidatesOf, type Hearing, nextAbsenceMs } from './hearing.ts'
import { reconcileNamespaces } from './namespaces.ts'
import { type HeardState, reconcileNodes } from './nodes.ts'
import { nodesOf, podsOf } from './objects.ts'
import { reconcileOrphans } from './orphans.ts'
import type { Plan, PlanStep } from './plan.ts'
import { reconcileScheduling, type SchedulerMemory } from './scheduler.ts'
import { decideVoters, type Membership } from './voters.ts'

export interface ControllersParts {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly raft: Voting
  readonly heard: Heard
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Log
  readonly node: FoundingNode
  /** On the node that founds the cluster: what it brings while the store is empty. */
  readonly founding: { readonly joinToken: FoundingToken } | null
}

/** Raft, as far as controllers need it. */
export interface Voting {
  status(): {
    readonly role: string
    readonly term: number
    readonly configuration: Membership & { readonly votersOutgoing: readonly string[] }
    /** On the leader: whom it hears, itself included. */
    readonly active: readonly string[]
  }
  /** Calls back when role, term or configuration changed; the returned function ends it. */
  watch(listener: () => void): () => void
  changeMembers(voters: readonly string[], learners: readonly string[]): void
}

/** Gossip, as far as controllers need it. */
export interface Heard {
  members(): readonly { readonly identity: string; readonly state: HeardState }[]
  subscribe(listener: () => void): () => void
}

const commitsMax = 64
const faultDelayMsMin = 200
const faultDelayMsMax = 5_000
/** Silence means something only to a leader that has listened for so long. */
const settleMs = 10_000
/** Raft tells of changes, but not of whom it hears: so much later a change of that is noticed. */
const lookEveryMs = 1_000

/** Runs the controllers while this node leads. Ends only by the signal, or rejects on a bug. */
export async function driveControllers(parts: ControllersParts, signal: AbortSignal): Promise<void> {
  const inbox = newInbox<'look'>(1)
  const wake = (): void => void inbox.offer('look')
  const ends = [parts.view.subscribe(wake), parts.raft.watch(wake), parts.heard.subscribe(wake)]
  const startedMs = parts.clock.monotonicMs()
  let tries = 0
  try {
    for (;;) {
      const term = leading(parts.raft)
      if (term === null) {
        await inbox.takeAll(signal)
        continue
      }
      try {
        // A new leader's view may not yet show what its predecessors wrote.
        await parts.writer.barrier(signal)
        await lead(parts, term, startedMs, inbox, signal)
        tries = 0
      } catch (cause) {
        if (!isFault(cause)) throw cause
        if (tries === 0) parts.log.warn('controllers wait for the cluster', { reason: cause.message })
        await sleep(parts.clock.after, faultDelayMs(++tries), signal)
      }
    }
  } finally {
    for (const end of ends) end()
  }
}

/** The term that this node leads; null: it does not. */
function leading(raft: Voting): number | null {
  const { role, term } = raft.status()
  return role === 'leader' ? term : null
}

/** What is remembered from one look to the next; a new leader begins without. */
interface Memory {
  readonly scheduler: SchedulerMemory
  readonly absences: Absences
}

/** One look at everything after the other, until the term is over. */
async function lead(
  parts: ControllersParts,
  term: number,
  startedMs: number,
  inbox: Inbox<'look'>,
  signal: AbortSignal,
): Promise<void> {
  const { view, writer, raft, clock, log } = parts
  let memory: Memory = { scheduler: new Map(), absences: new Map() }
  let conflicts = 0
  log.info('controllers run', { term })
  while (leading(raft) === term) {
    if (parts.founding !== null && view.revision === 0) {
      const drawUid = (): string => uuid(parts.entropy.bytes(16))
      await writer.commit(foundingTxn(parts.node, parts.founding.joinToken, drawUid, clock.nowMs()), signal)
      log.info('cluster founded')
    }
    const look = decide(parts, memory, startedMs)
    memory = look.memory
    const refused = await commitAll(parts, look.plan.steps, term, signal)
    // Refused: somebody else wrote first. The view shows it by now, but who is that quick may be so again.
    conflicts = refused ? conflicts + 1 : 0
    const waitMs = refused ? faultDelayMs(conflicts) : Math.min(look.plan.retryAfterMs ?? lookEveryMs, lookEveryMs)
    if (refused) await sleep(clock.after, waitMs, signal)
    else await wokenOrAfter(clock, waitMs, inbox, signal)
  }
  log.info('controllers rest', { term })
}

/** Waits for news, at most so long. */
async function wokenOrAfter(clock: Clock, ms: number, inbox: Inbox<'look'>, signal: AbortSignal): Promise<void> {
  const cancel = clock.after(ms, () => void inbox.offer('look'))
  try {
    await inbox.takeAll(signal)
  } finally {
    cancel()
  }
}

/** Asks every controller. The voters' decision is carried out at once: repeating it is harmless. */
function decide(
  { view, raft, heard, clock, log, node }: ControllersParts,
  before: Memory,
  startedMs: number,
): { readonly plan: Plan; readonly memory: Memory } {
  const [nowMs, wallMs] = [clock.monotonicMs(), clock.nowMs()]
  const { active, configuration } = raft.status()
  const hearing: Hearing = {
    heard: new Map(heard.members().map(({ identity, state }) => [identity, state])),
    active: new Set(active),
  }
  const [nodes, pods] = [nodesOf(view), podsOf(view)]
  const absences = absencesNow(before.absences, nodes, hearing, nowMs)
  const members = candidatesOf(nodes, hearing, absences, nowMs)
  const membership = decideVoters({ members, configuration, leader: node.identity })
  if (membership !== null) {
    log.debug('membership decided', { voters: membership.voters, learners: membership.learners })
    raft.changeMembers(membership.voters, membership.learners)
  }
  const settled = nowMs - startedMs >= settleMs
  const scheduling = reconcileScheduling(view, before.scheduler, wallMs)
  const plans = [
    reconcileNodes({ nodes, pods, ...hearing, settled, nowMs: wallMs }),
    scheduling.plan,
    reconcileNamespaces(view, wallMs),
    reconcileOrphans(nodes, pods),
  ]
  const waits = [...plans.map(({ retryAfterMs }) => retryAfterMs), nextAbsenceMs(absences, nowMs)]
  const retryAfterMs = waits.reduce<number | undefined>(earlier, undefined)
  const steps = plans.flatMap((plan) => plan.steps)
  return { plan: { steps, retryAfterMs }, memory: { scheduler: scheduling.memory, absences } }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

/** Commits all, some at a time, and waits until they are applied here. True when one was refused. */
async function commitAll(
  { writer, log, raft }: ControllersParts,
  steps: readonly PlanStep[],
  term: number,
  signal: AbortSignal,
): Promise<boolean> {
  let refused = false
  // Two controllers may want to write the same object: the first does, the other looks again.
  const written = new Set<string>()
  const distinct = steps.filter(({ txn }) => {
    const free = txn.writes.every(({ key }) => !written.has(key))
    for (const { key } of txn.writes) written.add(key)
    return free
  })
  for (let from = 0; from < distinct.length && leading(raft) === term; from += commitsMax) {
    const batch = distinct.slice(from, from + commitsMax)
    const outcomes = await Promise.all(batch.map(({ txn }) => writer.commit(txn, signal).catch(unfit)))
    for (const [i, outcome] of outcomes.entries()) {
      const { what, fields } = batch[i] as PlanStep
      if (outcome.type === 'done') log.debug(what, fields)
      else if (outcome.type === 'unfit') log.warn('not written', { what, ...fields, reason: outcome.reason })
      else log.debug('refused', { what, ...fields, refusals: outcome.refusals })
      refused ||= outcome.type === 'refused'
    }
  }
  return refused
}

/**
 * An object that its writers made as large as the store takes has no room for what is to be noted in it. That one step
 * is left out, and the others go on: ending here would end the next leader as well.
 */
function unfit(cause: unknown): { readonly type: 'unfit'; readonly reason: string } {
  if (cause instanceof InvalidTxnError) return { type: 'unfit', reason: cause.message }
  throw cause
}

function faultDelayMs(tries: number): number {
  return Math.min(faultDelayMsMin * 2 ** Math.min(tries - 1, 16), faultDelayMsMax)
}

/** A fault of the world, which passes; anything else is a bug. */
function isFault(cause: unknown): cause is Error {
  return cause instanceof DeviceError || cause instanceof UnknownOutcomeError || cause instanceof NoQuorumError
}
