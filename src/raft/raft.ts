import { assert } from '../lib/assert.ts'
import type { Random } from '../lib/random.ts'
import { membersOf } from './configuration.ts'
import { campaign, noteLeaderLost, tickElection } from './election.ts'
import type { Entry, HardState, LogMark } from './entry.ts'
import {
  isActive,
  noteUnreachable,
  proposeLeading,
  proposeMembers,
  readLeading,
  settle,
  tickLeader,
  transferTo,
} from './leader.ts'
import type { RaftLog } from './log.ts'
import type { AppliedMark, StateImage } from './machine.ts'
import type { Envelope, Message } from './message.ts'
import type { RaftOptions } from './options.ts'
import type { ReadState } from './reads.ts'
import { becomeFollower, mayCampaign, type RaftState, send } from './state.ts'
import { step } from './step.ts'
import type { PeerId, RaftStatus } from './types.ts'

/**
 * Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014) as a step machine in the manner of etcd's: no socket,
 * file, timer or promise. Whoever drives it goes round this loop:
 *
 *     raft.step(from, message, nowMs) …      everything that has come
 *     raft.tick(nowMs)                       when the time has come
 *     for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
 *       send ready.early                     if ready.urgent, only after the next line
 *       write ready.snapshot, ready.entries, ready.hardState; sync
 *       send ready.late
 *       apply ready.committed, answer ready.reads
 *       raft.advance(ready)
 *     }
 *
 * Nothing is stepped between `ready` and its `advance`. Core invariants (thesis 3.2) are asserted where they could
 * break: one leader a term, append-only leaders, log matching, complete leaders.
 */
export interface Raft {
  readonly log: RaftLog
  /** Null while none is known. */
  readonly leader: PeerId | null
  tick(nowMs: number): void
  step(from: PeerId, message: Message, nowMs: number): void
  /** False when it was surely not taken: no leader, or full. */
  propose(data: Uint8Array, nowMs: number): boolean
  /** See `proposeMembers`. False when nothing was appended. */
  proposeConfiguration(voters: readonly PeerId[], learners: readonly PeerId[], nowMs: number): boolean
  /** Asks for a read index under a token that was never used before. False when there is nobody to ask. */
  readIndex(token: string): boolean
  transferLeadership(to: PeerId): void
  /** The connection to this peer closed, or others say that it is dead. */
  hintDead(peer: PeerId, nowMs: number): void
  /** Stands for election now, if it may. */
  campaign(nowMs: number): void
  /** What there is to do; null when nothing. Must be followed by `advance`. */
  ready(): Ready | null
  advance(ready: Ready): void
  /** Up to where the log may be cut: what is applied and not needed by a snapshot on its way. */
  compactable(): number
  compact(index: number): void
  status(): RaftStatus
  /** As it should be on disk. */
  readonly hardState: HardState
}

export interface Ready {
  /** To write whenever something is written. */
  readonly hardState: HardState
  /** Term or vote changed: nothing at all may be sent before it is on disk. */
  readonly urgent: boolean
  /** A snapshot to install; it replaces the whole log on disk. */
  readonly snapshot: { readonly mark: LogMark; readonly slices: readonly Uint8Array[] } | null
  /** To write; what the disk holds from the first of them on is void. */
  readonly entries: readonly Entry[]
  readonly early: readonly Envelope[]
  readonly late: readonly Envelope[]
  /** On disk here, committed, and next to be applied. `mark` stands at the last of them. */
  readonly committed: { readonly entries: readonly Entry[]; readonly mark: AppliedMark } | null
  readonly reads: readonly ReadState[]
}

export interface RaftStart {
  readonly self: PeerId
  readonly options: RaftOptions
  readonly random: Random
  readonly hardState: HardState
  /** As it is on disk, with `applied` set to what the state machine holds. */
  readonly log: RaftLog
  readonly image: () => StateImage
}

export function newRaft(start: RaftStart): Raft {
  const state = begin(start)
  const { log } = state
  let saved = start.hardState
  let pending: Ready | null = null

  function at(nowMs: number): void {
    assert(pending === null, 'nothing is stepped between ready and advance')
    state.nowMs = nowMs
  }

  const raft: Raft = {
    log,
    get leader() {
      return state.leader
    },
    get hardState() {
      return { term: state.term, votedFor: state.votedFor, commit: log.commit }
    },
    tick(nowMs) {
      at(nowMs)
      state.tick += 1
      if (state.role === 'leader') tickLeader(state)
      else tickElection(state)
    },
    step(from, message, nowMs) {
      at(nowMs)
      assert(from !== state.self, 'nobody sends to itself')
      step(state, from, message)
    },
    propose(data, nowMs) {
      at(nowMs)
      return propose(state, data)
    },
    proposeConfiguration(voters, learners, nowMs) {
      at(nowMs)
      return state.role === 'leader' && proposeMembers(state, voters, learners)
    },
    readIndex(token) {
      if (state.role === 'leader') return readLeading(state, { from: state.self, token })
      if (state.leader === null) return false
      send(state, state.leader, { type: 'read', term: state.term, token })
      return true
    },
    transferLeadership(to) {
      if (state.role === 'leader') transferTo(state, to)
    },
    hintDead(peer, nowMs) {
      at(nowMs)
      if (state.role === 'leader') noteUnreachable(state, peer)
      else if (state.role === 'follower' && state.leader === peer) noteLeaderLost(state, peer)
    },
    campaign(nowMs) {
      at(nowMs)
      if (state.role !== 'leader' && mayCampaign(state)) campaign(state, 'pre-vote')
    },
    ready() {
      assert(pending === null, 'a Ready is advanced before the next')
      if (state.role === 'leader') settle(state)
      flushForwards(state)
      pending = takeReady(state, saved)
      return pending
    },
    advance(ready) {
      assert(ready === pending, 'the Ready that is advanced is the last one')
      pending = null
      saved = ready.hardState
      log.stableTo(log.lastIndex)
      if (ready.committed !== null) log.appliedTo(ready.committed.mark.index)
    },
    compactable() {
      const held = [...(state.leadership?.progress.values() ?? [])].flatMap(
        ({ snapshot }) => snapshot?.mark.index ?? [],
      )
      return Math.min(log.applied, ...held)
    },
    compact: (index) => log.compact(index),
    status: () => statusOf(state),
  }
  return raft
}

function begin(start: RaftStart): RaftState {
  const { self, options, random, hardState, log, image } = start
  assert(hardState.term >= log.lastTerm, 'the term is never behind the log')
  log.commitTo(hardState.commit)
  const state: RaftState = {
    self,
    options,
    random,
    log,
    image,
    nowMs: 0,
    tick: 0,
    term: hardState.term,
    votedFor: hardState.votedFor,
    role: 'follower',
    leader: null,
    electionElapsed: 0,
    electionDeadline: 0,
    lost: null,
    votes: new Map(),
    leadership: null,
    incoming: null,
    restored: null,
    forwards: [],
    forwardBytes: 0,
    early: [],
    late: [],
    readStates: [],
  }
  becomeFollower(state, hardState.term, null)
  return state
}

function propose(state: RaftState, data: Uint8Array): boolean {
  assert(data.length <= state.options.entryBytesMax, 'a proposal is not larger than entryBytesMax')
  if (state.role === 'leader') return proposeLeading(state, data)
  if (state.leader === null) return false
  if (state.forwardBytes > 0 && state.forwardBytes + data.length > state.options.forwardBytesMax) return false
  state.forwards.push(data)
  state.forwardBytes += data.length
  return true
}

/** Proposals for the leader, many in a message. */
function flushForwards(state: RaftState): void {
  const { leader, forwards, options } = state
  if (forwards.length === 0) return
  state.forwards = []
  state.forwardBytes = 0
  if (leader === null || leader === state.self) return
  let data: Uint8Array[] = []
  let bytes = 0
  for (const item of forwards) {
    if (data.length > 0 && bytes + item.length > options.messageBytesMax) {
      send(state, leader, { type: 'propose', term: state.term, data })
      data = []
      bytes = 0
    }
    data.push(item)
    bytes += item.length + 8
  }
  send(state, leader, { type: 'propose', term: state.term, data })
}

function takeReady(state: RaftState, saved: HardState): Ready | null {
  const { log, restored, early, late, readStates } = state
  const urgent = state.term !== saved.term || state.votedFor !== saved.votedFor
  const entries = log.unstable()
  const committed = takeCommitted(state)
  const idle = !urgent && restored === null && committed === null
  if (idle && entries.length + early.length + late.length + readStates.length === 0) return null
  state.restored = null
  state.early = []
  state.late = []
  state.readStates = []
  const hardState = { term: state.term, votedFor: state.votedFor, commit: log.commit }
  return { hardState, urgent, snapshot: restored, entries, early, late, committed, reads: readStates }
}

function takeCommitted(state: RaftState): Ready['committed'] {
  const { log, options } = state
  const through = Math.min(log.commit, log.stable)
  if (log.applied >= through) return null
  const entries = log.slice(log.applied + 1, through, options.applyEntriesMax, options.applyBytesMax)
  const last = entries.at(-1)
  assert(last !== undefined, 'what is committed is in the log')
  const configuration = log.configurationAt(last.index)
  return { entries, mark: { index: last.index, term: last.term, configuration } }
}

function statusOf(state: RaftState): RaftStatus {
  const { self, role, term, leader, log, leadership } = state
  const active = membersOf(log.configuration).filter((peer) => {
    const progress = leadership?.progress.get(peer)
    return progress !== undefined && (peer === self || (progress.heard && isActive(state, progress)))
  })
  const { commit, applied, lastIndex, configuration } = log
  return { self, role, term, leader, commitIndex: commit, appliedIndex: applied, lastIndex, configuration, active }
}
