import { assert } from '../lib/assert.ts'
import { receiveSlice } from './incoming.ts'
import type { AppendRequest, Heartbeat, SnapshotSlice } from './message.ts'
import { becomeFollower, doubtTicks, type RaftState, send } from './state.ts'
import type { PeerId } from './types.ts'

/** The leader of this term speaks: follow it. Whoever else campaigned in this term has lost. */
export function followLeader(state: RaftState, leader: PeerId): void {
  assert(state.role !== 'leader', 'there is one leader a term')
  assert(state.leader === null || state.leader === leader, 'there is one leader a term')
  if (state.role !== 'follower' || state.leader !== leader) becomeFollower(state, state.term, leader)
  state.electionElapsed = 0
  if (state.lost === null) return
  if (state.lost.peer === leader && state.tick - state.lost.tick <= state.options.heartbeatTicks) {
    state.electionDeadline = doubtTicks(state) + state.random.below(state.options.heartbeatTicks)
    return
  }
  state.lost = null
  becomeFollower(state, state.term, leader)
}

/** AppendEntries (thesis 3.5). Late, repeated and overtaken ones are harmless: only a conflict truncates. */
export function stepAppend(state: RaftState, from: PeerId, request: AppendRequest): void {
  const { log, term } = state
  const { prevIndex, prevTerm, prevHash, entries } = request
  if (prevIndex < log.commit) {
    send(state, from, { type: 'appendReply', term, index: log.commit, refused: null })
    return
  }
  if (log.termAt(prevIndex) !== prevTerm) {
    send(state, from, { type: 'appendReply', term, index: prevIndex, refused: log.agreeable(prevIndex, prevTerm) })
    return
  }
  // Log matching (3.5): the same term at the same index, so the same entry, and the same before it.
  assert(log.hashAt(prevIndex) === prevHash, 'logs that agree in a term agree in everything before')
  const fresh = entries.findIndex((entry) => log.termAt(entry.index) !== entry.term)
  if (fresh !== -1) {
    const first = prevIndex + 1 + fresh
    if (first <= log.lastIndex) log.truncate(first)
    log.append(entries.slice(fresh))
  }
  const last = prevIndex + entries.length
  // What follows `last` may be another leader's: the leader's commit index says nothing about it.
  log.commitTo(Math.max(log.commit, Math.min(request.commit, last)))
  send(state, from, { type: 'appendReply', term, index: last, refused: null })
}

export function stepHeartbeat(state: RaftState, from: PeerId, request: Heartbeat): void {
  assert(request.commit <= state.log.lastIndex, 'a heartbeat commits only what this follower acknowledged')
  state.log.commitTo(request.commit)
  send(state, from, { type: 'heartbeatReply', term: state.term, round: request.round })
}

/** InstallSnapshot (thesis 5.3), in slices. */
export function stepSnapshot(state: RaftState, from: PeerId, slice: SnapshotSlice): void {
  const { log, term } = state
  if (slice.mark.index <= log.commit) {
    state.incoming = null
    send(state, from, { type: 'appendReply', term, index: log.commit, refused: null })
    return
  }
  const received = receiveSlice(state.incoming, slice, state.options.snapshotBytesMax)
  if (received.type === 'stale') return
  if (received.type !== 'whole') {
    state.incoming = received.type === 'partial' ? received.incoming : null
    const wanted = received.type === 'partial' ? received.wanted : 0
    send(state, from, { type: 'snapshotReply', term, transfer: slice.transfer, offset: slice.offset, wanted })
    return
  }
  state.incoming = null
  const { mark, slices } = received.incoming
  if (log.termAt(mark.index) === mark.term) {
    // The log holds all of it already: no reason to throw away what it has beyond.
    assert(log.hashAt(mark.index) === mark.hash, 'logs that agree in a term agree in everything before')
    log.commitTo(mark.index)
  } else {
    log.restore(mark)
    state.restored = { mark, slices }
  }
  send(state, from, { type: 'appendReply', term, index: mark.index, refused: null })
}
