import type { Log } from '../host/host.ts'
import { sameConfiguration } from './configuration.ts'
import type { HardState } from './entry.ts'
import type { RaftStatus } from './types.ts'

/** Tells the log, and whoever watches, what changed. */
export interface Announcer {
  /** True when there is a leader, and another one than before. */
  announce(status: RaftStatus, hardState: HardState): boolean
  /** Calls back when role, term, leader or configuration changed; the returned function ends it. */
  watch(listener: (status: RaftStatus) => void): () => void
}

export function newAnnouncer(start: RaftStatus, hardState: HardState, log: Log): Announcer {
  const listeners = new Set<(status: RaftStatus) => void>()
  let last = start
  let lastVote = hardState

  function tellVote(vote: HardState): void {
    const { term, votedFor } = vote
    if (votedFor !== null && (term !== lastVote.term || votedFor !== lastVote.votedFor))
      log.debug('voted', { term, for: votedFor })
    lastVote = vote
  }

  return {
    announce(status, hardState) {
      const before = last
      last = status
      tellVote(hardState)
      const { role, term, leader, self } = status
      const moved = role !== before.role || term !== before.term || leader !== before.leader
      if (role === 'leader' && moved) log.info('became leader', { term, peer: self })
      if (role === 'follower' && moved) log.info('became follower', { term, leader })
      if (role === 'leader' && status.commitIndex > before.commitIndex)
        log.debug('committed', { index: status.commitIndex, term })
      const changed = !sameConfiguration(status.configuration, before.configuration)
      if (changed) log.info('members changed', { ...status.configuration })
      if (moved || changed) for (const listener of [...listeners]) listener(status)
      return leader !== null && leader !== before.leader
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
