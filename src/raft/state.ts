import { must } from '../lib/assert.ts'
import type { Random } from '../lib/random.ts'
import { isVoter } from './configuration.ts'
import { type EntryType, type LogMark, sealEntry } from './entry.ts'
import type { IncomingSnapshot } from './incoming.ts'
import type { RaftLog } from './log.ts'
import type { StateImage } from './machine.ts'
import type { Envelope, Message } from './message.ts'
import type { RaftOptions } from './options.ts'
import type { Progress } from './progress.ts'
import type { ReadState, Reads } from './reads.ts'
import type { PeerId, Role } from './types.ts'

/**
 * All that a peer knows. The role files change it, `raft.ts` turns what has gathered in it into a Ready. Nothing in
 * here waits, and nothing asks the time: `nowMs` is that of the last call.
 */
export interface RaftState {
  readonly self: PeerId
  readonly options: RaftOptions
  readonly random: Random
  readonly log: RaftLog
  /** The state machine's whole state as it is applied now. */
  readonly image: () => StateImage
  nowMs: number
  /** Ticks since the start. */
  tick: number
  term: number
  votedFor: PeerId | null
  role: Role
  leader: PeerId | null
  /** Ticks since the leader was heard, or since the campaign began; at `electionDeadline` a campaign begins. */
  electionElapsed: number
  electionDeadline: number
  /**
   * The leader to which the connection closed, or that is said to be dead, and when. What is heard from it shortly after
   * was on its way before, so it is trusted again only with what comes later.
   */
  lost: { readonly peer: PeerId; readonly tick: number } | null
  /** Answers to this campaign. */
  votes: Map<PeerId, boolean>
  /** On the leader only. */
  leadership: Leadership | null
  /** A snapshot that is coming in. */
  incoming: IncomingSnapshot | null
  /** A whole one, to be installed with the next Ready. */
  restored: { readonly mark: LogMark; readonly slices: readonly Uint8Array[] } | null
  /** Proposals for the leader. */
  forwards: Uint8Array[]
  forwardBytes: number
  /** Messages that may leave at once, and those that promise what must be on disk first. */
  early: Envelope[]
  late: Envelope[]
  readStates: ReadState[]
}

export interface Leadership {
  /** Of every member, this peer included. */
  readonly progress: Map<PeerId, Progress>
  readonly reads: Reads
  heartbeatElapsed: number
  uncommittedBytes: number
  /** A transfer under way (thesis 3.10): to whom, until which tick, and when it was last asked to take over. */
  transferee: { readonly to: PeerId; readonly untilTick: number; askedTick: number | null } | null
  /** Counts snapshots sent. */
  transfers: number
}

/** Messages that speak for what this peer holds or voted: they leave after it is on disk. */
const promises: ReadonlySet<Message['type']> = new Set(['vote', 'voteReply', 'appendReply', 'snapshotReply'])

export function send(state: RaftState, to: PeerId, message: Message): void {
  const queue = promises.has(message.type) ? state.late : state.early
  queue.push({ to, message })
}

/**
 * Whether this peer may stand for election: a voter; also one that the latest configuration no longer counts, until
 * that is committed, for its log may be the only one long enough to be elected (thesis 4.2.2). A peer that joins has
 * no configuration and waits.
 */
export function mayCampaign(state: RaftState): boolean {
  const { log, self } = state
  return isVoter(log.configuration, self) || isVoter(log.configurationAt(log.commit), self)
}

/** Appends an entry of this leader's own. The caller has checked the limits. */
export function appendOwn(state: RaftState, type: EntryType, data: Uint8Array): void {
  const { log } = state
  const timeMs = Math.max(log.lastTimeMs, Math.floor(state.nowMs))
  log.append([sealEntry({ index: log.lastIndex + 1, term: state.term, timeMs, type, data, previous: log.lastHash })])
}

export function leadershipOf(state: RaftState): Leadership {
  return must(state.leadership, 'a leader has a leadership')
}

/** The leader's term has something committed: only then is its commit index the cluster's (thesis 3.6.2, 6.4). */
export function committedInTerm(state: RaftState): boolean {
  return state.log.termAt(state.log.commit) === state.term
}

export function becomeFollower(state: RaftState, term: number, leader: PeerId | null): void {
  const { electionTicks } = state.options
  if (term !== state.term) {
    state.term = term
    state.votedFor = null
  }
  state.role = 'follower'
  state.leader = leader
  state.leadership = null
  state.votes = new Map()
  state.electionElapsed = 0
  state.electionDeadline = electionTicks + state.random.below(electionTicks)
}

/** The campaign goes on without an answer in sight; the next try comes soon (see `campaignTicks`). */
export function retrySoon(state: RaftState): void {
  const { campaignTicks } = state.options
  state.electionElapsed = 0
  state.electionDeadline = campaignTicks + state.random.below(campaignTicks)
}

/** How long silence is borne from a leader that was lost and heard again: a heartbeat may be late, two may not. */
export function doubtTicks(state: RaftState): number {
  return 2 * state.options.heartbeatTicks + 1
}
