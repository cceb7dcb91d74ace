/** A node as a possible voter. */
export interface VoterCandidate {
  readonly identity: string
  /** Empty: none known. */
  readonly zone: string
  /** It is heard now. */
  readonly alive: boolean
  /** It has not been heard for so long that its place may be given away. */
  readonly absent: boolean
}

export interface VotersInput {
  /** Everyone with a Node object. */
  readonly members: readonly VoterCandidate[]
  readonly configuration: {
    readonly voters: readonly string[]
    readonly votersOutgoing: readonly string[]
    readonly learners: readonly string[]
  }
  /** Itself: who decides, and stays while it is a member. */
  readonly leader: string
}

export interface Membership {
  readonly voters: readonly string[]
  readonly learners: readonly string[]
}

const votersMax = 5

/**
 * Who should vote and who only follow; null: as it is. Voters are 1, 3 or 5, never an even number, for one more than an
 * odd number adds a machine that may fail and no failure that is survived.
 *
 * - The leader stays, unless it was removed: then it gives its place away, as any other. A voter that is away for a short
 *   while stays.
 * - A voter that is away for long stays as well until a live member can take its place in the same change: to shrink the
 *   number of voters because some are dead would let a minority decide. Only removing a node shrinks it.
 * - Voters are spread over zones as evenly as can be, one exchange at a time.
 * - Of those who shall vote a majority is heard now: else the change, once begun, could not be ended.
 *
 * Pure, and a fixed point: what it decides, it leaves as it is.
 */
export function decideVoters({ members, configuration, leader }: VotersInput): Membership | null {
  // One change at a time.
  if (configuration.votersOutgoing.length > 0) return null
  const byIdentity = new Map(members.map((member) => [member.identity, member]))
  const self = members.filter(({ identity }) => identity === leader)
  const current = configuration.voters.flatMap((identity) => byIdentity.get(identity) ?? [])
  // A new member first catches up as learner.
  const ready = members.filter(
    ({ identity, alive }) =>
      alive && configuration.learners.includes(identity) && !current.some((voter) => voter.identity === identity),
  )
  const steady = current.filter(({ identity, absent }) => identity === leader || !absent)
  const away = current.filter((voter) => !steady.includes(voter))
  const removed = current.length < configuration.voters.length
  const kept = removed ? odd(current.length) : configuration.voters.length
  const size = Math.max(1, odd(Math.min(votersMax, steady.length + ready.length)), odd(kept))

  const heard = steady.filter(({ alive }) => alive)
  const chosen = spread(choose(self, [heard, steady, ready, away], size), ready, leader)
  if (2 * chosen.filter(({ alive }) => alive).length <= chosen.length) return null
  const voters = chosen.map(({ identity }) => identity).sort()
  const learners = members
    .map(({ identity }) => identity)
    .filter((identity) => !voters.includes(identity))
    .sort()
  const same =
    sameList(voters, [...configuration.voters].sort()) && sameList(learners, [...configuration.learners].sort())
  return same ? null : { voters, learners }
}

/** The largest odd number that is not larger. */
function odd(n: number): number {
  return n % 2 === 1 ? n : n - 1
}

/** From each group in turn, always the one whose zone has fewest so far. */
function choose(
  first: readonly VoterCandidate[],
  groups: readonly (readonly VoterCandidate[])[],
  size: number,
): readonly VoterCandidate[] {
  const chosen = [...first]
  for (const group of groups) {
    let left = group.filter((member) => !chosen.includes(member))
    while (chosen.length < size && left.length > 0) {
      const next = left.reduce((best, member) => (compare(chosen, member, best) < 0 ? member : best))
      chosen.push(next)
      left = left.filter((member) => member !== next)
    }
  }
  return chosen
}

function compare(chosen: readonly VoterCandidate[], a: VoterCandidate, b: VoterCandidate): number {
  return inZone(chosen, a.zone) - inZone(chosen, b.zone) || (a.identity < b.identity ? -1 : 1)
}

/** Exchanges one voter of a crowded zone for a live learner of an emptier one, where that evens the zones out. */
function spread(
  chosen: readonly VoterCandidate[],
  ready: readonly VoterCandidate[],
  leader: string,
): readonly VoterCandidate[] {
  const outside = ready.filter((member) => !chosen.includes(member)).sort((a, b) => compare(chosen, a, b))
  const [arriving] = outside
  const leaving = chosen
    .filter(({ identity }) => identity !== leader)
    .sort((a, b) => compare(chosen, b, a))
    .at(0)
  if (arriving === undefined || leaving === undefined) return chosen
  if (inZone(chosen, leaving.zone) - inZone(chosen, arriving.zone) < 2) return chosen
  return [...chosen.filter((member) => member !== leaving), arriving]
}

function inZone(members: readonly VoterCandidate[], zone: string): number {
  return members.filter((member) => member.zone === zone).length
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
