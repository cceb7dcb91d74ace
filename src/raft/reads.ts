import type { PeerId } from './types.ts'

/**
 * ReadIndex (thesis 6.4) on the leader. A read remembers the commit index at its arrival and waits until a majority has
 * answered a heartbeat that was sent after it arrived: then nobody else can have led in between.
 *
 * Rounds are counted by the leader and never used twice in a term, so that a late answer to an old heartbeat can only
 * confirm what is older than that heartbeat. (Where the reader names the round, a retry under the same name is
 * confirmed by answers to the first try: etcd-io/raft pull request 397.)
 */
export interface Reads {
  /** The latest round. */
  round: number
  /** Reads have joined the latest round and its heartbeats are still to be sent. */
  open: boolean
  /** In the order of their rounds. */
  waiting: Read[]
  /** Came before this leader had committed anything of its own term. */
  early: Asked[]
}

export interface Asked {
  readonly from: PeerId
  readonly token: string
}

export interface Read extends Asked {
  readonly index: number
  readonly round: number
}

/** A read of this peer's own, confirmed: what is applied up to `index` is new enough. */
export interface ReadState {
  readonly token: string
  readonly index: number
}

export function newReads(): Reads {
  return { round: 0, open: false, waiting: [], early: [] }
}

/** A read joins the round whose heartbeats are next to be sent. */
export function join(reads: Reads, asked: Asked, commit: number): void {
  if (!reads.open) {
    reads.round += 1
    reads.open = true
  }
  reads.waiting.push({ ...asked, index: commit, round: reads.round })
}

/** Takes out the reads that a majority has confirmed by answering `round` or a later one. */
export function confirmed(reads: Reads, round: number): readonly Read[] {
  const open = reads.waiting.findIndex((read) => read.round > round)
  return reads.waiting.splice(0, open === -1 ? reads.waiting.length : open)
}

export function readsWaiting(reads: Reads): number {
  return reads.waiting.length + reads.early.length
}
