import { assert } from '../lib/assert.ts'
import { isVoter, membersOf } from './configuration.ts'
import { becomeLeader } from './leader.ts'
import type { VoteReply, VoteRequest } from './message.ts'
import { voteResult } from './quorum.ts'
import { becomeFollower, doubtTicks, mayCampaign, type RaftState, retrySoon, send } from './state.ts'
import type { PeerId } from './types.ts'

/**
 * Elections (thesis 3.4), with pre-vote (9.6): before a peer raises its term, it asks whether it would be elected, so
 * that one that was cut off disturbs nobody when it is back. Who has heard its leader lately refuses (4.2.3, 6.2); who
 * has lost it too (its connection closed, or others say that it is dead) may grant at once.
 *
 * When a leader dies with its connections, all voters lose it in the same moment and would split the vote. So
 * pre-candidates give way to the best among them: the longest log, among equals the first by name.
 */
export function campaign(state: RaftState, kind: 'pre-vote' | 'vote' | 'transfer'): void {
  assert(mayCampaign(state), 'only a voter campaigns')
  assert(state.role !== 'leader', 'a leader does not campaign')
  const pre = kind === 'pre-vote'
  state.role = pre ? 'precandidate' : 'candidate'
  state.leader = null
  if (!pre) {
    state.term += 1
    state.votedFor = state.self
  }
  state.votes = new Map()
  retrySoon(state)
  for (const peer of membersOf(state.log.configuration)) {
    if (peer !== state.self && isVoter(state.log.configuration, peer)) askVote(state, peer, pre, kind === 'transfer')
  }
  noteVote(state, state.self, true)
}

export function tickElection(state: RaftState): void {
  state.electionElapsed += 1
  if (state.electionElapsed >= state.electionDeadline && mayCampaign(state)) campaign(state, 'pre-vote')
}

/** The leader is said to be dead, or the connection to it closed. */
export function noteLeaderLost(state: RaftState, leader: PeerId): void {
  state.lost = { peer: leader, tick: state.tick }
  state.leader = null
  if (mayCampaign(state)) campaign(state, 'pre-vote')
}

/** Whether a leader is known to be alive, so that elections are refused. */
function hasLeader(state: RaftState): boolean {
  if (state.role === 'leader') return true
  const { electionTicks } = state.options
  return state.leader !== null && state.electionElapsed < (state.lost === null ? electionTicks : doubtTicks(state))
}

/**
 * Grants or refuses a vote or pre-vote. A peer votes whatever it takes itself for: its configuration may be older than
 * the candidate's, and a learner that the candidate knows as a voter is one.
 */
export function stepVote(state: RaftState, from: PeerId, request: VoteRequest): void {
  const { term, pre } = request
  if (term > state.term && !request.transfer && hasLeader(state)) {
    // A vote request is not even answered: its term must not be taken up (4.2.3).
    if (pre) send(state, from, { type: 'voteReply', term: state.term, pre, granted: false })
    return
  }
  if (!pre && term > state.term) becomeFollower(state, term, null)
  const free = state.votedFor === from || (state.votedFor === null && state.leader === null)
  const eligible = term === state.term ? free : pre && term > state.term
  const upToDate = state.log.isUpToDate(request.lastIndex, request.lastTerm)
  if (!eligible || !upToDate) {
    send(state, from, { type: 'voteReply', term: state.term, pre, granted: false })
    return
  }
  if (!pre) {
    if (state.role !== 'follower') becomeFollower(state, state.term, null)
    state.votedFor = from
    state.electionElapsed = 0
  } else if (state.role === 'precandidate' && !giveWay(state, from, request)) return
  send(state, from, { type: 'voteReply', term, pre, granted: true })
}

/**
 * Two pre-candidates meet, the other's log being at least as good. If it stands before this one, this one withdraws and
 * grants. If not, it asks again for what it wants: the other may have refused while it still trusted the leader.
 */
function giveWay(state: RaftState, from: PeerId, request: VoteRequest): boolean {
  const equal = request.lastTerm === state.log.lastTerm && request.lastIndex === state.log.lastIndex
  if (equal && state.self < from && request.term === state.term + 1) {
    askVote(state, from, true, false)
    return false
  }
  becomeFollower(state, state.term, null)
  retrySoon(state)
  return true
}

export function stepVoteReply(state: RaftState, from: PeerId, reply: VoteReply): void {
  const asked = state.role === (reply.pre ? 'precandidate' : 'candidate')
  const current = reply.term === (reply.pre && reply.granted ? state.term + 1 : state.term)
  if (asked && current) noteVote(state, from, reply.granted)
}

function noteVote(state: RaftState, from: PeerId, granted: boolean): void {
  if (!state.votes.has(from)) state.votes.set(from, granted)
  const result = voteResult(state.log.configuration, state.votes)
  if (result === 'pending') return
  if (result === 'lost') {
    becomeFollower(state, state.term, null)
    retrySoon(state)
  } else if (state.role === 'precandidate') campaign(state, 'vote')
  else becomeLeader(state)
}

function askVote(state: RaftState, peer: PeerId, pre: boolean, transfer: boolean): void {
  const { lastIndex, lastTerm } = state.log
  const term = pre ? state.term + 1 : state.term
  send(state, peer, { type: 'vote', term, pre, transfer, lastIndex, lastTerm })
}
