import { podRequests } from '../objects/capacity.ts'
import type { Pod } from '../objects/types.ts'
import { type Bound, newCrowd, nobodyBound } from './crowd.ts'
import { explain, shape } from './explain.ts'
import { dislikesOf, reasonsAgainst } from './filters.ts'
import { neighboursOf } from './neighbours.ts'
import { type Candidate, taken } from './node.ts'
import { likingOf } from './nodeaffinity.ts'
import { lot, score } from './scores.ts'

export type Verdict =
  | { readonly type: 'placed'; readonly pod: Pod; readonly node: string }
  /** `shape` stays the same while the reasons do, though their figures change. */
  | { readonly type: 'refused'; readonly pod: Pod; readonly message: string; readonly shape: string }

/**
 * A node for each pod, or every reason why not. Pods are placed in the order given, each sees those placed before it,
 * and a node is never given more than it has. Pure: the same pods and nodes give the same verdicts everywhere.
 * `bound`: pods that have their node already, for those that care.
 */
export function schedule(
  pods: readonly Pod[],
  candidates: readonly Candidate[],
  bound: Bound = nobodyBound,
): readonly Verdict[] {
  const nodes = [...candidates]
  const objects = nodes.map(({ node }) => node)
  const crowd = newCrowd(bound)
  return pods.map((pod) => {
    const asked = podRequests(pod)
    const neighbours = neighboursOf(pod, objects, crowd)
    const likings = objects.map((node) => likingOf(pod.spec, node))
    const most = Math.max(1, ...likings)
    const refusals = nodes.map((candidate) => reasonsAgainst(pod, asked, candidate, neighbours))
    const scores = nodes.map((candidate, i) => {
      if (refusals[i]?.length !== 0) return null
      const { node } = candidate
      const wish = (likings[i] ?? 0) / most - dislikesOf(pod, node) + neighbours.wish(node)
      return score(asked, candidate) + wish
    })
    const best = bestOf(pod, scores, nodes)
    if (best === null) return { type: 'refused', pod, message: explain(refusals), shape: shape(refusals) }
    const { index, candidate } = best
    const node = candidate.node.metadata.name
    nodes[index] = taken(candidate, asked)
    crowd.place(pod, node)
    return { type: 'placed', pod, node }
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
