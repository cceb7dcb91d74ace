import type { Node, Pod } from '../objects/types.ts'
import { remove, type Stored } from './objects.ts'
import { type Plan, planStep } from './plan.ts'

/**
 * Deleted pods that no node will ever end: their node is no longer a member, or they never had one. Their records go.
 * Pods of a node that merely does not answer stay: it may still run them.
 */
export function reconcileOrphans(nodes: readonly Stored<Node>[], pods: readonly Stored<Pod>[]): Plan {
  const names = new Set(nodes.map(({ object }) => object.metadata.name))
  const orphans = pods.filter(({ object: { metadata, spec } }) => {
    if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false
    return !names.has(spec.nodeName ?? '')
  })
  return {
    steps: orphans.map((pod) => planStep('pod deleted: its node is gone', remove(pod))).slice(0, stepsPerPassMax),
  }
}

const stepsPerPassMax = 200
