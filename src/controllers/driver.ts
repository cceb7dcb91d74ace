import { type Clock, DeviceError, type Entropy, type Log } from '../host/host.ts'
import { type Inbox, newInbox } from '../lib/inbox.ts'
import { uuid } from '../lib/uuid.ts'
import { sleep } from '../lib/wait.ts'
import { NoQuorumError, type StoreView, type StoreWriter, UnknownOutcomeError } from '../store/types.ts'
import { hearingControllers, newControllers } from './all.ts'
import { commitSteps } from './commit.driver.ts'
import { newRecorder, type Recorder } from './events.ts'
import { type FoundingNode, type FoundingToken, foundingTxn } from './founding.ts'
import type { HeardState } from './nodes.ts'
import { planStep } from './plan.ts'
import { type Now, newWork, type Work } from './round.ts'
import type { Membership } from './voters.ts'

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
  /** Of the authority that signs for the API; pods are told it. */
  readonly caCertificatePem: string
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

const faultDelayMsMin = 200
const faultDelayMsMax = 5_000
/** Silence means something only to a leader that has listened for so long. */
const settleMs = 10_000
/** Events are told, not waited for: they are written together now and then. */
const eventsEveryMs = 250
const eventsPerWriteMax = 100
/** Between two rounds that wrote nothing others get their turn. */
const breathMs = 1

/** What the callbacks and the loop share. */
interface Shared {
  readonly inbox: Inbox<'look'>
  /** Null: this node does not lead, or has not begun to. */
  work: Work | null
}

/** Runs the controllers while this node leads. Ends only by the signal, or rejects on a bug. */
export async function driveControllers(parts: ControllersParts, signal: AbortSignal): Promise<void> {
  const shared: Shared = { inbox: newInbox<'look'>(1), work: null }
  const wake = (): void => void shared.inbox.offer('look')
  const news = (): void => {
    shared.work?.wake(hearingControllers)
    wake()
  }
  const changed = parts.view.subscribe((changes) => {
    shared.work?.follow(changes)
    wake()
  })
  const ends = [changed, parts.raft.watch(news), parts.heard.subscribe(news)]
  const startedMs = parts.clock.monotonicMs()
  let tries = 0
  try {
    for (;;) {
      const term = leading(parts.raft)
      if (term === null) {
        await shared.inbox.takeAll(signal)
        continue
      }
      try {
        // A new leader's view may not yet show what its predecessors wrote.
        await parts.writer.barrier(signal)
        await lead(parts, term, startedMs, shared, signal)
        tries = 0
      } catch (cause) {
        if (!isFault(cause)) throw cause
        if (tries === 0) parts.log.warn('controllers wait for the cluster', { reason: cause.message })
        await sleep(parts.clock.after, faultDelayMs(++tries), signal)
      } finally {
        shared.work = null
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

/** Round after round, until the term is over. What is remembered ends with it. */
async function lead(
  parts: ControllersParts,
  term: number,
  startedMs: number,
  shared: Shared,
  signal: AbortSignal,
): Promise<void> {
  const { view, raft, clock, log } = parts
  const recorder = newRecorder()
  let toldMs = clock.monotonicMs()
  log.info('controllers run', { term })
  if (leading(raft) === term) await found(parts, signal)
  const work = newWork(view, newControllers(inputOf(parts, startedMs)))
  shared.work = work
  while (leading(raft) === term) {
    const round = work.next(nowOf(clock))
    if (round.membership !== null && round.membership !== undefined) {
      const { voters, learners } = round.membership
      log.debug('membership decided', { voters, learners })
      raft.changeMembers(voters, learners)
    }
    const ends = await commitSteps(parts, round.steps, () => leading(raft) === term, signal)
    work.ended(round, ends, nowOf(clock))
    recorder.note(
      round.steps.flatMap(({ events = [] }, i) => (ends[i] === 'done' ? events : [])),
      clock.nowMs(),
    )
    if (recorder.size > 0 && clock.monotonicMs() - toldMs >= eventsEveryMs) {
      await tellEvents(parts, recorder, () => leading(raft) === term, signal)
      toldMs = clock.monotonicMs()
    }
    const waitMs = work.waitMs(nowOf(clock))
    if (waitMs === 0 && round.steps.length === 0) await sleep(clock.after, breathMs, signal)
    const untilToldMs = recorder.size > 0 ? eventsEveryMs : null
    if (waitMs !== 0) await wokenOrAfter(clock, shortest(waitMs, untilToldMs), shared.inbox, signal)
  }
  log.info('controllers rest', { term })
}

function inputOf({ raft, heard, clock, node, caCertificatePem }: ControllersParts, startedMs: number) {
  return {
    leader: node.identity,
    caCertificatePem,
    hearing: () => {
      const { active, configuration } = raft.status()
      const monotonicMs = clock.monotonicMs()
      return {
        heard: new Map(heard.members().map(({ identity, state }) => [identity, state])),
        active: new Set(active),
        configuration,
        monotonicMs,
        settled: monotonicMs - startedMs >= settleMs,
      }
    },
  }
}

async function found(
  { view, writer, founding, node, entropy, clock, log }: ControllersParts,
  signal: AbortSignal,
): Promise<void> {
  if (founding === null || view.revision > 0) return
  const drawUid = (): string => uuid(entropy.bytes(16))
  await writer.commit(foundingTxn(node, founding.joinToken, drawUid, clock.nowMs()), signal)
  log.info('cluster founded')
}

/** An event that somebody else wrote at the same time is told the next time. */
async function tellEvents(
  parts: ControllersParts,
  recorder: Recorder,
  goOn: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const writes = recorder.take(parts.view, parts.clock.nowMs(), eventsPerWriteMax)
  await commitSteps(
    parts,
    writes.map((write) => planStep('event told', write)),
    goOn,
    signal,
  )
}

function nowOf(clock: Clock): Now {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() }
}

function shortest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}

/** Waits for news, at most so long. */
async function wokenOrAfter(clock: Clock, ms: number | null, inbox: Inbox<'look'>, signal: AbortSignal): Promise<void> {
  const cancel = ms === null ? null : clock.after(ms, () => void inbox.offer('look'))
  try {
    await inbox.takeAll(signal)
  } finally {
    cancel?.()
  }
}

function faultDelayMs(tries: number): number {
  return Math.min(faultDelayMsMin * 2 ** Math.min(tries - 1, 16), faultDelayMsMax)
}

/** A fault of the world, which passes; anything else is a bug. */
function isFault(cause: unknown): cause is Error {
  return cause instanceof DeviceError || cause instanceof UnknownOutcomeError || cause instanceof NoQuorumError
}
