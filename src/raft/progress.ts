import { assert } from '../lib/assert.ts'
import type { OutgoingSnapshot } from './outgoing.ts'

/**
 * What a leader knows of one peer's log, and how fast it may send (in the manner of etcd's progress):
 *
 * - **probe**: where the logs agree is not known; one message, then wait for its answer or the next heartbeat's.
 * - **replicate**: known; messages follow one another without waiting, as many as the inflight limits allow.
 * - **snapshot**: the peer lacks what the log no longer holds; slices go instead of entries.
 *
 * It keeps match < next, and match only grows.
 */
export interface Progress {
  state: 'probe' | 'replicate' | 'snapshot'
  /** Agreed, and on the peer's disk. */
  match: number
  /** The next entry to send. */
  next: number
  /** Probe: a message is out, wait. */
  paused: boolean
  /** Send something, even an empty message, limits or not: the peer answers heartbeats but lacks entries that were sent. */
  nudge: boolean
  /** The commit index last told. */
  toldCommit: number
  /** Messages out, oldest first: the last index and the bytes of each. */
  inflight: { readonly lastIndex: number; readonly bytes: number }[]
  inflightBytes: number
  snapshot: OutgoingSnapshot | null
  /** The tick of the last message from it in this term, or of the beginning: counts for check-quorum. */
  heardTick: number
  /** Whether it was really heard from in this term. */
  heard: boolean
  /** The latest round of reads that it confirmed. */
  round: number
}

export function newProgress(next: number, tick: number): Progress {
  return {
    state: 'probe',
    match: 0,
    next,
    paused: false,
    nudge: false,
    toldCommit: 0,
    inflight: [],
    inflightBytes: 0,
    snapshot: null,
    heardTick: tick,
    heard: false,
    round: 0,
  }
}

export function becomeProbe(progress: Progress): void {
  Object.assign(progress, idle, { state: 'probe', inflight: [], next: progress.match + 1 })
}

export function becomeReplicate(progress: Progress): void {
  Object.assign(progress, idle, { state: 'replicate', inflight: [], next: progress.match + 1 })
}

export function becomeSnapshot(progress: Progress, snapshot: OutgoingSnapshot): void {
  Object.assign(progress, idle, { state: 'snapshot', inflight: [], snapshot })
}

const idle = { paused: false, nudge: false, inflightBytes: 0, snapshot: null } as const

/** Entries up to `lastIndex` were sent. */
export function noteSent(progress: Progress, lastIndex: number, bytes: number): void {
  progress.nudge = false
  if (progress.state === 'probe') {
    progress.paused = true
    return
  }
  assert(progress.state === 'replicate', 'entries are not sent while a snapshot is')
  if (lastIndex < progress.next) return
  progress.next = lastIndex + 1
  progress.inflight.push({ lastIndex, bytes })
  progress.inflightBytes += bytes
}

/** The peer holds everything up to `index`. False when that was known. */
export function noteMatched(progress: Progress, index: number): boolean {
  while (progress.inflight[0] !== undefined && progress.inflight[0].lastIndex <= index) {
    progress.inflightBytes -= progress.inflight[0].bytes
    progress.inflight.shift()
  }
  if (index <= progress.match) return false
  progress.match = index
  progress.next = Math.max(progress.next, index + 1)
  progress.paused = false
  return true
}

/** The peer refused entries after `prevIndex`. False when that is old news. `agreeable`: where the logs may agree. */
export function noteRefused(progress: Progress, prevIndex: number, agreeable: number): boolean {
  if (progress.state === 'replicate') {
    // Something before it was lost or overtaken. Up to `match` all is agreed.
    if (prevIndex <= progress.match) return false
    becomeProbe(progress)
    return true
  }
  if (progress.state === 'snapshot' || prevIndex !== progress.next - 1) return false
  progress.next = Math.max(Math.min(prevIndex, agreeable + 1), progress.match + 1)
  progress.paused = false
  return true
}

/** Whether the limits forbid another message. */
export function isFull(progress: Progress, messagesMax: number, bytesMax: number): boolean {
  return progress.inflight.length >= messagesMax || progress.inflightBytes >= bytesMax
}
