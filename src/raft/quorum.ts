import type { Configuration, PeerId } from './types.ts'

/**
 * Majorities, simple and joint (thesis 4.3): what is decided jointly is decided by each half. Without voters nothing
 * is ever decided.
 */
export type VoteResult = 'won' | 'lost' | 'pending'

/** Where an election stands. `votes` holds who answered; answers of those who have no vote do not count. */
export function voteResult(configuration: Configuration, votes: ReadonlyMap<PeerId, boolean>): VoteResult {
  const results = halves(configuration).map((voters) => resultOf(voters, votes))
  if (results.includes('lost')) return 'lost'
  return results.length > 0 && results.every((result) => result === 'won') ? 'won' : 'pending'
}

/** The largest number that a majority has reached, of each half; 0 without voters. */
export function quorumReached(configuration: Configuration, reachedBy: (peer: PeerId) => number): number {
  const reached = halves(configuration).map((voters) => majorityReached(voters, reachedBy))
  return reached.length === 0 ? 0 : Math.min(...reached)
}

/** Whether those for whom `holds` is true are a majority, of each half. */
export function hasQuorum(configuration: Configuration, holds: (peer: PeerId) => boolean): boolean {
  return quorumReached(configuration, (peer) => (holds(peer) ? 1 : 0)) === 1
}

function halves(configuration: Configuration): (readonly PeerId[])[] {
  return [configuration.voters, configuration.votersOutgoing].filter((voters) => voters.length > 0)
}

function resultOf(voters: readonly PeerId[], votes: ReadonlyMap<PeerId, boolean>): VoteResult {
  const needed = majority(voters.length)
  const granted = voters.filter((id) => votes.get(id) === true).length
  const refused = voters.filter((id) => votes.get(id) === false).length
  if (granted >= needed) return 'won'
  return voters.length - refused < needed ? 'lost' : 'pending'
}

function majorityReached(voters: readonly PeerId[], reachedBy: (peer: PeerId) => number): number {
  const descending = voters.map(reachedBy).sort((a, b) => b - a)
  return descending[majority(voters.length) - 1] ?? 0
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1
}
