/** One id for a machine: its identity. *Peer* is what Raft calls it. */
export type PeerId = string

/**
 * Who votes and who only follows. While `votersOutgoing` is not empty the cluster is in joint consensus (thesis 4.3):
 * a decision needs a majority of `voters` and a majority of `votersOutgoing`. Lists are sorted and without repeats.
 */
export interface Configuration {
  readonly voters: readonly PeerId[]
  readonly votersOutgoing: readonly PeerId[]
  readonly learners: readonly PeerId[]
}

export type Role = 'follower' | 'precandidate' | 'candidate' | 'leader'

/** What people and other rooms may know of Raft. */
export interface RaftStatus {
  readonly self: PeerId
  readonly role: Role
  readonly term: number
  /** Null while none is known. */
  readonly leader: PeerId | null
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly lastIndex: number
  readonly configuration: Configuration
  /** On the leader: peers heard from within an election timeout, itself included. Elsewhere empty. */
  readonly active: readonly PeerId[]
}

/** Raft's driver as the other rooms see it. */
export interface RaftHandle {
  /**
   * Offers data for the log, here or through the leader. Best effort: the outcome shows only when the entry is applied,
   * and an offer may be lost or, repeated, be applied twice. False when it was surely not offered (no leader, full).
   */
  propose(data: Uint8Array): boolean
  /**
   * Resolves once everything that was committed anywhere before the call has been applied here (ReadIndex, thesis 6.4).
   * Rejects when no leader confirms it in time, and with `signal.reason` on abort.
   */
  barrier(signal: AbortSignal): Promise<void>
  status(): RaftStatus
  /** Calls back when role, term, leader or configuration changed; the returned function ends it. */
  watch(listener: (status: RaftStatus) => void): () => void
  /**
   * Leader only, else ignored: moves to this membership by joint consensus, one change at a time. Ignored while another
   * change is in flight, and while a voter to be has not caught up as a learner (it would hold the cluster up): repeat
   * it until `status()` shows it. Repeating it is harmless.
   */
  changeMembers(voters: readonly PeerId[], learners: readonly PeerId[]): void
  transferLeadership(to: PeerId): void
  /** A hint that this peer cannot be reached: if it leads, a pre-vote starts at once. */
  hintDead(peer: PeerId): void
}
