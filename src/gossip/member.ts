/** Who a member is: the text of its key, never its address. */
export type Identity = string

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left'

/** A member as gossip sees it: a hint, never a verdict. */
export interface Member {
  readonly identity: Identity
  /** What people see. */
  readonly name: string
  readonly state: MemberState
  /** Counted up by the member alone, to refute what is said of it. */
  readonly incarnation: number
  /** Monotonic time of this host since which it is in this state. */
  readonly sinceMs: number
}

/** One thing said of a member; `from` says it of its own knowledge. */
export interface Update {
  readonly identity: Identity
  readonly state: MemberState
  readonly incarnation: number
  readonly from: Identity
}

/**
 * Whether an update says something new of a member in this state (SWIM 4.2): a higher incarnation always, at the same
 * one only what is worse. What is dead or gone comes back only by its own, higher, incarnation.
 */
export function supersedes(
  update: Pick<Update, 'state' | 'incarnation'>,
  member: Pick<Member, 'state' | 'incarnation'>,
): boolean {
  if (update.incarnation !== member.incarnation) return update.incarnation > member.incarnation
  return rank[update.state] > rank[member.state]
}

/** Whether it needs no probing: it does not answer, or said that it goes. */
export function isGone(state: MemberState): boolean {
  return state === 'dead' || state === 'left'
}

const rank: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 2 }
