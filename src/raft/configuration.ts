import type { Configuration, PeerId } from './types.ts'

/**
 * Arithmetic of membership (thesis 4.3): a change of voters goes through a joint configuration, in which a decision
 * needs a majority of the old and one of the new. One change at a time would pass through even numbers of voters.
 */
export const noConfiguration: Configuration = { voters: [], votersOutgoing: [], learners: [] }

/** A simple configuration, with sorted lists without repeats; a voter is no learner. */
export function configurationOf(voters: readonly PeerId[], learners: readonly PeerId[]): Configuration {
  return { voters: sorted(voters), votersOutgoing: [], learners: sorted(learners.filter((id) => !voters.includes(id))) }
}

/**
 * The configuration to enter next on the way to these members: a joint one when the voters change, else at once the
 * wanted one. Null when it is the present one already. Only from a simple configuration.
 */
export function towards(
  from: Configuration,
  voters: readonly PeerId[],
  learners: readonly PeerId[],
): Configuration | null {
  const to = configurationOf(voters, learners)
  if (sameConfiguration(from, to)) return null
  return sameList(from.voters, to.voters) ? to : { ...to, votersOutgoing: from.voters }
}

/** The configuration after a joint one. */
export function leaveJoint(joint: Configuration): Configuration {
  return configurationOf(joint.voters, joint.learners)
}

export function isJoint(configuration: Configuration): boolean {
  return configuration.votersOutgoing.length > 0
}

export function isVoter(configuration: Configuration, peer: PeerId): boolean {
  return configuration.voters.includes(peer) || configuration.votersOutgoing.includes(peer)
}

/** Everyone who gets the log, sorted. */
export function membersOf(configuration: Configuration): readonly PeerId[] {
  return sorted([...configuration.voters, ...configuration.votersOutgoing, ...configuration.learners])
}

export function sameConfiguration(a: Configuration, b: Configuration): boolean {
  return (
    sameList(a.voters, b.voters) && sameList(a.votersOutgoing, b.votersOutgoing) && sameList(a.learners, b.learners)
  )
}

function sameList(a: readonly PeerId[], b: readonly PeerId[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}

function sorted(ids: readonly PeerId[]): readonly PeerId[] {
  return [...new Set(ids)].sort()
}
