import { assert } from '../lib/assert.ts'
import { encodeConfiguration } from './codec.ts'
import { configurationOf, isJoint, isVoter, leaveJoint, membersOf, towards } from './configuration.ts'
import { entryBytes } from './entry.ts'
import type { AppendReply, HeartbeatReply, SnapshotReply } from './message.ts'
import { acknowledged } from './outgoing.ts'
import { becomeProbe, becomeReplicate, newProgress, noteMatched, noteRefused, type Progress } from './progress.ts'
import { hasQuorum, quorumReached } from './quorum.ts'
import { type Asked, confirmed, join, newReads, readsWaiting } from './reads.ts'
import { broadcastHeartbeat, flushAppends } from './replication.ts'
import {
  appendOwn,
  becomeFollower,
  committedInTerm,
  type Leadership,
  leadershipOf,
  type RaftState,
  send,
} from './state.ts'
import type { PeerId } from './types.ts'

/**
 * The leader (thesis 3.5, 3.6, 4, 6.4). Answers only note what they tell; what follows from it (commit, next step of a
 * membership change, reads confirmed, messages to send) is worked out once per Ready in `settle`, so that much
 * that came in together leaves together.
 */
export function becomeLeader(state: RaftState): void {
  const { log } = state
  assert(state.role === 'candidate', 'only a candidate is elected')
  state.role = 'leader'
  state.leader = state.self
  state.lost = null
  state.electionElapsed = 0
  const uncommitted = log.slice(log.commit + 1, log.lastIndex, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  state.leadership = {
    progress: new Map(),
    reads: newReads(),
    heartbeatElapsed: 0,
    uncommittedBytes: uncommitted.reduce((sum, entry) => sum + entryBytes(entry), 0),
    transferee: null,
    transfers: 0,
  }
  followConfiguration(state, state.leadership)
  // Nothing of an earlier term is committed by counting copies; an entry of this term commits all before it (3.6.2).
  appendLeading(state, 'empty', new Uint8Array(0))
}

export function tickLeader(state: RaftState): void {
  const leadership = leadershipOf(state)
  const { electionTicks, heartbeatTicks } = state.options
  if (
    !hasQuorum(state.log.configuration, (peer) => peer === state.self || isActive(state, leadership.progress.get(peer)))
  ) {
    // Check-quorum (6.2): who cannot reach a majority must not let clients believe in it.
    becomeFollower(state, state.term, null)
    return
  }
  if (leadership.transferee !== null && state.tick >= leadership.transferee.untilTick) leadership.transferee = null
  for (const progress of leadership.progress.values()) {
    // An image pins memory; who is silent for long gets a new one when it is back.
    if (progress.state === 'snapshot' && !isActive(state, progress)) becomeProbe(progress)
  }
  leadership.heartbeatElapsed += 1
  assert(electionTicks > heartbeatTicks, 'a leader is heard more than once in an election timeout')
  if (leadership.heartbeatElapsed >= heartbeatTicks) broadcastHeartbeat(state, leadership)
}

/** Whether the peer was heard from within an election timeout. */
export function isActive(state: RaftState, progress: Progress | undefined): boolean {
  return progress !== undefined && state.tick - progress.heardTick < state.options.electionTicks
}

/** Takes a proposal into the log. False: this leader is handing over, or has too much uncommitted already. */
export function proposeLeading(state: RaftState, data: Uint8Array): boolean {
  const leadership = leadershipOf(state)
  if (leadership.transferee !== null) return false
  if (leadership.uncommittedBytes > 0 && leadership.uncommittedBytes + data.length > state.options.uncommittedBytesMax)
    return false
  appendLeading(state, 'data', data)
  return true
}

/**
 * The next step towards this membership. False when there is none to take now: it is in force already; a change is in
 * flight; nothing of this term is committed yet (a change on top of a lost one could make two disjoint majorities: the
 * bug of 2015 in single-server changes); or a voter to be has not caught up, so that the cluster might stop.
 */
export function proposeMembers(state: RaftState, voters: readonly PeerId[], learners: readonly PeerId[]): boolean {
  const { log } = state
  const leadership = leadershipOf(state)
  if (leadership.transferee !== null || isJoint(log.configuration)) return false
  if (log.configurationIndex > log.commit || !committedInTerm(state)) return false
  if (configurationOf(voters, learners).voters.length === 0) return false
  const next = towards(log.configuration, voters, learners)
  if (next === null) return false
  const newcomers = next.voters.filter((peer) => !log.configuration.voters.includes(peer))
  if (!newcomers.every((peer) => hasCaughtUp(state, leadership.progress.get(peer)))) return false
  appendLeading(state, 'configuration', encodeConfiguration(next))
  return true
}

function hasCaughtUp(state: RaftState, progress: Progress | undefined): boolean {
  if (progress === undefined || !progress.heard || !isActive(state, progress)) return false
  return progress.match > 0 && progress.match + state.options.voterLagEntriesMax >= state.log.lastIndex
}

export function transferTo(state: RaftState, to: PeerId): void {
  const leadership = leadershipOf(state)
  if (to === state.self || !isVoter(state.log.configuration, to) || leadership.transferee?.to === to) return
  leadership.transferee = { to, untilTick: state.tick + state.options.electionTicks, askedTick: null }
}

export function readLeading(state: RaftState, asked: Asked): boolean {
  const { reads } = leadershipOf(state)
  if (readsWaiting(reads) >= state.options.readsMax) return false
  if (committedInTerm(state)) join(reads, asked, state.log.commit)
  else reads.early.push(asked)
  return true
}

// ---- Answers -------------------------------------------------------------------------------------------------------

export function stepAppendReply(state: RaftState, from: PeerId, reply: AppendReply): void {
  const progress = heard(state, from)
  if (progress === null) return
  if (reply.refused !== null) {
    const { hintIndex, hintTerm } = reply.refused
    noteRefused(progress, reply.index, state.log.agreeable(hintIndex, hintTerm).hintIndex)
    return
  }
  assert(reply.index <= state.log.lastIndex, "a follower's log agrees only with what its leader holds")
  if (!noteMatched(progress, reply.index) && progress.state !== 'probe') return
  if (progress.state === 'probe') becomeReplicate(progress)
  // With the snapshot in, or enough entries of its own, it goes on from there.
  else if (progress.snapshot !== null && progress.match >= progress.snapshot.mark.index) becomeProbe(progress)
}

export function stepHeartbeatReply(state: RaftState, from: PeerId, reply: HeartbeatReply): void {
  const progress = heard(state, from)
  if (progress === null) return
  assert(reply.round <= leadershipOf(state).reads.round, 'a follower answers rounds that were sent')
  progress.round = Math.max(progress.round, reply.round)
  progress.paused = false
  if (progress.match < state.log.lastIndex) progress.nudge = true
}

export function stepSnapshotReply(state: RaftState, from: PeerId, reply: SnapshotReply): void {
  const progress = heard(state, from)
  const snapshot = progress?.snapshot ?? null
  if (
    progress === null ||
    snapshot === null ||
    reply.transfer !== snapshot.transfer ||
    reply.offset !== snapshot.offset
  )
    return
  if (reply.wanted === snapshot.offset + snapshot.data.length && snapshot.checksum === null) acknowledged(snapshot)
  // It held what came before this slice and holds it no more: it was restarted, or found damage.
  else if (reply.wanted < snapshot.offset) becomeProbe(progress)
}

/** The peer's messages on the way are probably lost. */
export function noteUnreachable(state: RaftState, peer: PeerId): void {
  const progress = leadershipOf(state).progress.get(peer)
  if (progress?.state === 'replicate') becomeProbe(progress)
}

function heard(state: RaftState, from: PeerId): Progress | null {
  const progress = leadershipOf(state).progress.get(from)
  if (progress === undefined) return null
  progress.heardTick = state.tick
  progress.heard = true
  return progress
}

// ---- What follows --------------------------------------------------------------------------------------------------

/** Works out everything that follows from what has come in, and leaves the messages to send. Idempotent. */
export function settle(state: RaftState): void {
  const leadership = leadershipOf(state)
  noteOwn(state, leadership)
  advanceCommit(state, leadership)
  if (finishChange(state)) advanceCommit(state, leadership)
  settleReads(state, leadership)
  flushAppends(state, leadership)
  settleTransfer(state, leadership)
  stepDownIfRemoved(state, leadership)
}

/** The leader's own copy counts once it is on disk, as everyone's. */
function noteOwn(state: RaftState, leadership: Leadership): void {
  const own = leadership.progress.get(state.self)
  if (own === undefined) return
  own.match = state.log.stable
  own.next = state.log.lastIndex + 1
  own.heardTick = state.tick
  own.heard = true
  own.round = leadership.reads.round
}

/** Only entries of this term are committed by counting copies (thesis 3.6.2, figure 3.7); those before come with them. */
function advanceCommit(state: RaftState, leadership: Leadership): void {
  const { log } = state
  const index = quorumReached(log.configuration, (peer) => leadership.progress.get(peer)?.match ?? 0)
  if (index <= log.commit || log.termAt(index) !== state.term) return
  for (let i = log.commit + 1; i <= index; i++) {
    const entry = log.entry(i)
    assert(entry !== undefined, 'what is being committed is in the log')
    leadership.uncommittedBytes -= entryBytes(entry)
  }
  assert(leadership.uncommittedBytes >= 0, 'no more is committed than was proposed')
  log.commitTo(index)
}

/** Once the joint configuration is committed, the new one alone follows by itself (thesis 4.3). True when it was appended. */
function finishChange(state: RaftState): boolean {
  const { log } = state
  if (!isJoint(log.configuration) || log.configurationIndex > log.commit || !committedInTerm(state)) return false
  appendLeading(state, 'configuration', encodeConfiguration(leaveJoint(log.configuration)))
  return true
}

function settleReads(state: RaftState, leadership: Leadership): void {
  const { reads } = leadership
  if (reads.early.length > 0 && committedInTerm(state)) {
    for (const asked of reads.early.splice(0)) join(reads, asked, state.log.commit)
  }
  if (reads.open) {
    reads.open = false
    broadcastHeartbeat(state, leadership)
  }
  const own = leadership.progress.get(state.self)
  if (own !== undefined) own.round = reads.round
  const round = quorumReached(state.log.configuration, (peer) => leadership.progress.get(peer)?.round ?? 0)
  for (const { from, token, index } of confirmed(reads, round)) {
    if (from === state.self) state.readStates.push({ token, index })
    else send(state, from, { type: 'readReply', term: state.term, token, index })
  }
}

/**
 * The heir is asked once it holds the whole log. Until it has taken over, or the transfer has timed out, nothing new
 * is appended: it would make the heir's log too old to be elected.
 */
function settleTransfer(state: RaftState, leadership: Leadership): void {
  const { transferee } = leadership
  if (transferee === null) return
  const progress = leadership.progress.get(transferee.to)
  if (progress === undefined) {
    leadership.transferee = null
    return
  }
  if (progress.match < state.log.lastIndex) return
  const { askedTick } = transferee
  if (askedTick !== null && state.tick - askedTick < state.options.resendTicks) return
  transferee.askedTick = state.tick
  send(state, transferee.to, { type: 'timeoutNow', term: state.term })
}

/** A leader that is no longer a voter leads until that is committed, then hands over (thesis 4.2.2). */
function stepDownIfRemoved(state: RaftState, leadership: Leadership): void {
  const { log } = state
  if (isVoter(log.configuration, state.self) || log.configurationIndex > log.commit) return
  const matchOf = (peer: PeerId): number => leadership.progress.get(peer)?.match ?? 0
  const [heir] = [...log.configuration.voters].sort((a, b) => matchOf(b) - matchOf(a))
  if (heir !== undefined) send(state, heir, { type: 'timeoutNow', term: state.term })
  becomeFollower(state, state.term, null)
}

function appendLeading(state: RaftState, type: 'data' | 'configuration' | 'empty', data: Uint8Array): void {
  const leadership = leadershipOf(state)
  appendOwn(state, type, data)
  const entry = state.log.entry(state.log.lastIndex)
  assert(entry !== undefined, 'what was appended is in the log')
  leadership.uncommittedBytes += entryBytes(entry)
  if (type === 'configuration') followConfiguration(state, leadership)
}

/** Progress for exactly the members of the configuration in force. */
function followConfiguration(state: RaftState, leadership: Leadership): void {
  const members = membersOf(state.log.configuration)
  for (const peer of members) {
    if (!leadership.progress.has(peer)) leadership.progress.set(peer, newProgress(state.log.lastIndex + 1, state.tick))
  }
  for (const peer of [...leadership.progress.keys()]) {
    if (!members.includes(peer)) leadership.progress.delete(peer)
  }
}
