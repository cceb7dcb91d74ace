import type { Node } from '../objects/types.ts'
import { type Controller, wholeKey } from './controller.ts'
import { type Absences, absencesNow, candidatesOf, type Hearing, nextAbsenceMs } from './hearing.ts'
import { nodeKind } from './objects.ts'
import { earlier } from './plan.ts'
import { decideVoters, type Membership } from './voters.ts'

/** What the leader says of Raft, as it is now. */
export interface MembershipInput extends Hearing {
  readonly configuration: Membership & { readonly votersOutgoing: readonly string[] }
  /** On the monotonic clock: absences outlast jumps of the other one. */
  readonly monotonicMs: number
}

/** Decides who votes, and remembers through a term since when somebody is away. */
export function newMembership(leader: string, input: () => MembershipInput): Controller {
  let absences: Absences = new Map()
  return {
    name: 'membership',
    touched: ({ kind }) => (kind === nodeKind ? [wholeKey] : []),
    keys: () => [wholeKey],
    reconcile(_key, cluster) {
      const { configuration, monotonicMs, ...hearing } = input()
      const nodes = cluster.list<Node>(nodeKind)
      absences = absencesNow(absences, nodes, hearing, monotonicMs)
      const members = candidatesOf(nodes, hearing, absences, monotonicMs)
      const membership = decideVoters({ members, configuration, leader })
      const retryAfterMs = earlier(nextAbsenceMs(absences, monotonicMs), lookEveryMs)
      return {
        steps: [],
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(membership !== null && { membership }),
      }
    },
  }
}

/** Raft tells of changes, but not of whom it hears: so much later a change of that is noticed. */
const lookEveryMs = 1_000
