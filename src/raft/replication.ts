import { assert } from '../lib/assert.ts'
import { entryBytes, type LogMark } from './entry.ts'
import { newOutgoing } from './outgoing.ts'
import { becomeSnapshot, isFull, noteSent, type Progress } from './progress.ts'
import type { Leadership, RaftState } from './state.ts'
import { send } from './state.ts'
import type { PeerId } from './types.ts'

/** Sends every peer what it lacks, as far as its progress allows. */
export function flushAppends(state: RaftState, leadership: Leadership): void {
  for (const [peer, progress] of leadership.progress) {
    if (peer === state.self) continue
    while (progress.state !== 'snapshot' && appendTo(state, leadership, peer, progress)) {
      // One message after another until there is nothing more to say, or a limit says wait.
    }
    if (progress.state === 'snapshot') sendSlice(state, peer, progress)
  }
}

/** A heartbeat to everyone, with the latest round of reads. */
export function broadcastHeartbeat(state: RaftState, leadership: Leadership): void {
  leadership.heartbeatElapsed = 0
  for (const [peer, progress] of leadership.progress) {
    if (peer === state.self) continue
    const commit = Math.min(progress.match, state.log.commit)
    send(state, peer, { type: 'heartbeat', term: state.term, commit, round: leadership.reads.round })
  }
}

/** Sends one AppendEntries if there is reason to. True when another may follow. */
function appendTo(state: RaftState, leadership: Leadership, peer: PeerId, progress: Progress): boolean {
  const { log, options } = state
  if (!maySend(state, progress)) return false
  const prevIndex = progress.next - 1
  const prevTerm = log.termAt(prevIndex)
  if (prevTerm === null) {
    assert(prevIndex < log.mark.index, 'nobody is sent what the leader lacks')
    // Only who answers: an image must not be held for a peer that is gone.
    if (progress.heard) beginSnapshot(state, leadership, progress)
    return false
  }
  const full = isFull(progress, options.inflightMessagesMax, options.inflightBytesMax)
  const entries = full
    ? []
    : log.slice(progress.next, log.lastIndex, options.messageEntriesMax, options.messageBytesMax)
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
  const prevHash = log.hashAt(prevIndex)
  send(state, peer, { type: 'append', term: state.term, prevIndex, prevTerm, prevHash, entries, commit: log.commit })
  noteSent(progress, prevIndex + entries.length, bytes)
  progress.toldCommit = log.commit
  return progress.state === 'replicate' && progress.next <= log.lastIndex
}

function maySend(state: RaftState, progress: Progress): boolean {
  const { log, options } = state
  if (progress.nudge) return true
  if (progress.state === 'probe')
    return !progress.paused && (progress.match < log.lastIndex || progress.toldCommit < log.commit)
  if (isFull(progress, options.inflightMessagesMax, options.inflightBytesMax)) return false
  return progress.next <= log.lastIndex || progress.toldCommit < log.commit
}

function beginSnapshot(state: RaftState, leadership: Leadership, progress: Progress): void {
  const { log } = state
  const image = state.image()
  assert(image.mark.index === log.applied, 'an image shows what is applied')
  const mark: LogMark = log.markAt(image.mark.index)
  assert(mark.term === image.mark.term, 'image and log agree')
  leadership.transfers += 1
  becomeSnapshot(progress, newOutgoing(leadership.transfers, mark, image))
}

function sendSlice(state: RaftState, peer: PeerId, progress: Progress): void {
  const { snapshot } = progress
  if (snapshot === null) return
  if (snapshot.sentTick !== null && state.tick - snapshot.sentTick < state.options.resendTicks) return
  snapshot.sentTick = state.tick
  const { transfer, mark, offset, data, checksum } = snapshot
  send(state, peer, { type: 'snapshot', term: state.term, transfer, mark, offset, data, checksum })
}
