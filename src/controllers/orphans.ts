import { keyOf } from '../objects/stored.ts'
import type { Pod } from '../objects/types.ts'
import type { Cluster } from './cluster.ts'
import type { Controller } from './controller.ts'
import { isEnding, nodeKind, podKind, remove } from './objects.ts'
import { nothingToDo, type Plan, plan, planStep } from './plan.ts'

/**
 * Deleted pods that no node will ever end: their node is no longer a member, or they never had one. Their records go.
 * Pods of a node that merely does not answer stay: it may still run them.
 */
export const orphans: Controller = {
  name: 'orphans',
  touched({ kind, namespace, name, after }, cluster) {
    if (kind === podKind) return after !== null && isEnding(after) ? [keyOf(kind, namespace, name)] : []
    return kind === nodeKind && after === null ? cluster.podsOn(name).map(({ version }) => version.key) : []
  },
  keys: (cluster) => cluster.list(podKind).flatMap(({ object, version }) => (isEnding(object) ? [version.key] : [])),
  reconcile: reconcileOrphan,
}

function reconcileOrphan(key: string, cluster: Cluster): Plan {
  const pod = cluster.find(key)
  if (pod === undefined || pod.kind !== podKind) return nothingToDo
  const { metadata, spec } = pod.object as Pod
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return nothingToDo
  if (cluster.get(nodeKind, '', spec.nodeName ?? '') !== undefined) return nothingToDo
  return plan([planStep('pod deleted: its node is gone', remove(pod))])
}
