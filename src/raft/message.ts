import type { Entry, LogMark } from './entry.ts'
import type { PeerId } from './types.ts'

/**
 * What peers say to one another. `term` is the sender's, but for pre-votes (see there). Packets may be lost, repeated,
 * overtaken and late by any time, so each message says all that its receiver needs to judge it.
 */
export type Message =
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | SnapshotSlice
  | SnapshotReply
  | TimeoutNow
  | ForwardedProposals
  | ReadRequest
  | ReadReply

/** RequestVote (thesis 3.4), or with `pre` the question whether one would be granted (9.6): its term is the one the candidate would start. */
export interface VoteRequest {
  readonly type: 'vote'
  readonly term: number
  readonly pre: boolean
  /** The leader itself asked for this election: grant though it is alive (3.10). */
  readonly transfer: boolean
  readonly lastIndex: number
  readonly lastTerm: number
}

/** A granted pre-vote repeats the term it was asked for; every other reply carries the voter's own. */
export interface VoteReply {
  readonly type: 'voteReply'
  readonly term: number
  readonly pre: boolean
  readonly granted: boolean
}

/** AppendEntries (thesis 3.5). */
export interface AppendRequest {
  readonly type: 'append'
  readonly term: number
  readonly prevIndex: number
  readonly prevTerm: number
  readonly prevHash: string
  readonly entries: readonly Entry[]
  readonly commit: number
}

export interface AppendReply {
  readonly type: 'appendReply'
  readonly term: number
  /** The follower's log agrees with the leader's up to here, on disk. Of a refusal: the `prevIndex` refused. */
  readonly index: number
  /** Of a refusal: where the logs may agree, and the follower's term there, to skip whole terms at once (3.5). Null: accepted. */
  readonly refused: { readonly hintIndex: number; readonly hintTerm: number } | null
}

export interface Heartbeat {
  readonly type: 'heartbeat'
  readonly term: number
  /** Never beyond what this follower has acknowledged. */
  readonly commit: number
  /** The latest round of reads (thesis 6.4), counted by this leader in this term. */
  readonly round: number
}

export interface HeartbeatReply {
  readonly type: 'heartbeatReply'
  readonly term: number
  readonly round: number
}

/** InstallSnapshot (thesis 5.3), a slice at a time; the next is sent when the last is acknowledged. */
export interface SnapshotSlice {
  readonly type: 'snapshot'
  readonly term: number
  /** Which attempt of this leader in this term. */
  readonly transfer: number
  readonly mark: LogMark
  readonly offset: number
  readonly data: Uint8Array
  /** On the last slice, which is empty: the hash over all slices. Null before. */
  readonly checksum: string | null
}

export interface SnapshotReply {
  readonly type: 'snapshotReply'
  readonly term: number
  readonly transfer: number
  /** The offset of the slice answered, and the offset wanted next. */
  readonly offset: number
  readonly wanted: number
}

/** Start an election at once (thesis 3.10). */
export interface TimeoutNow {
  readonly type: 'timeoutNow'
  readonly term: number
}

export interface ForwardedProposals {
  readonly type: 'propose'
  readonly term: number
  readonly data: readonly Uint8Array[]
}

/** ReadIndex for a follower (thesis 6.4). The token is the asker's, never used twice. */
export interface ReadRequest {
  readonly type: 'read'
  readonly term: number
  readonly token: string
}

export interface ReadReply {
  readonly type: 'readReply'
  readonly term: number
  readonly token: string
  readonly index: number
}

export interface Envelope {
  readonly to: PeerId
  readonly message: Message
}
