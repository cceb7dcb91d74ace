import { podRequests } from '../objects/capacity.ts'
import type { Pod } from '../objects/types.ts'
import { explain, shape } from './explain.ts'
import { reasonsAgainst } from './filters.ts'
import { type Candidate, taken } from './node.ts'
import { lot, score } from './scores.ts'

export type Verdict =
  | { readonly type: 'placed'; readonly pod: Pod; readonly node: string }
  /** `shape` stays the same while the reasons do, though their figures change. */
  | { readonly type: 'refused'; readonly pod: Pod; readonly message: string; readonly shape: string }

/**
 * A node for each pod, or every reason why not. Pods are placed in the order given, each sees those placed before it,
 * and a node is never given more than it has. Pure: the same pods and nodes give the same verdicts everywhere.
 */
export function schedule(pods: readonly Pod[], candidates: readonly Candidate[]): readonly Verdict[] {
  const nodes = [...candidates]
  return pods.map((pod) => {
    const asked = podRequests(pod)
    const refusals = nodes.map((candidate) => reasonsAgainst(pod, asked, candidate))
    const best = bestOf(
      pod,
      nodes.map((candidate, i) => (refusals[i]?.length === 0 ? score(asked, candidate) : null)),
      nodes,
    )
    if (best === null) return { type: 'refused', pod, message: explain(refusals), shape: shape(refusals) }
    const { index, candidate } = best
    nodes[index] = taken(candidate, asked)
    return { type: 'placed', pod, node: candidate.node.metadata.name }
  })
}

function bestOf(
  pod: Pod,
  scores: readonly (number | null)[],
  nodes: readonly Candidate[],
): { readonly index: number; readonly candidate: Candidate } | null {
  const highest = Math.max(...scores.map((value) => value ?? Number.NEGATIVE_INFINITY))
  const ties = nodes.flatMap((candidate, index) => {
    const value = scores[index]
    return typeof value === 'number' && value >= highest - tieWidth ? [{ index, candidate }] : []
  })
  const drawn = ties.map((tie) => ({ ...tie, lot: lot(pod.metadata.uid ?? '', tie.candidate.node.metadata.name) }))
  return (
    drawn.sort(
      (a, b) => a.lot - b.lot || (a.candidate.node.metadata.name < b.candidate.node.metadata.name ? -1 : 1),
    )[0] ?? null
  )
}

/** Scores nearer than this are equal: sums of fractions are not exact. */
const tieWidth = 1e-9
