import type { Pod } from '../objects/types.ts'
import { bornMs, isReady, readySinceMs } from './pods.ts'

/**
 * Which pods go when there are too many, in Kubernetes' order: what has no node before what has one, pending before
 * running, not ready before ready, cheap ones first (`controller.kubernetes.io/pod-deletion-cost`), then those on the
 * node that has most of them, then the younger. Each choice sees those before it, so that what stays is spread.
 *
 * `alike` counts the pods that a user would call the same, by node: also those of other revisions.
 */
export function chooseVictims(pods: readonly Pod[], count: number, alike: ReadonlyMap<string, number>): readonly Pod[] {
  const crowd = new Map(alike)
  const left = new Set(pods)
  const chosen: Pod[] = []
  while (chosen.length < count && left.size > 0) {
    let first: Pod | null = null
    for (const pod of left) if (first === null || compare(pod, first, crowd) < 0) first = pod
    if (first === null) break
    left.delete(first)
    chosen.push(first)
    const node = first.spec.nodeName ?? ''
    crowd.set(node, (crowd.get(node) ?? 0) - 1)
  }
  return chosen
}

export function countByNode(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { spec } of pods) counts.set(spec.nodeName ?? '', (counts.get(spec.nodeName ?? '') ?? 0) + 1)
  return counts
}

/** Negative: `a` goes before `b`. */
function compare(a: Pod, b: Pod, crowd: ReadonlyMap<string, number>): number {
  const on = (pod: Pod): number => crowd.get(pod.spec.nodeName ?? '') ?? 0
  return (
    Number(hasNode(a)) - Number(hasNode(b)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    on(b) - on(a) ||
    (readySinceMs(b) ?? 0) - (readySinceMs(a) ?? 0) ||
    restarts(b) - restarts(a) ||
    bornMs(b) - bornMs(a) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  )
}

function hasNode({ spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== ''
}

function phaseRank({ status }: Pod): number {
  const ranks: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }
  return ranks[status?.phase ?? 'Pending'] ?? 0
}

function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? ''
  return /^-?\d{1,10}$/.test(text) ? Number(text) : 0
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}
