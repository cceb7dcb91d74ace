import type { Node, Pod, Taint, Toleration } from '../objects/types.ts'
import { tolerates } from '../placement/filters.ts'
import type { Cluster } from './cluster.ts'
import { endingWrites } from './ending.ts'
import { podKind, type Stored } from './objects.ts'
import { controllerOf } from './owners.ts'
import { earlier, type Happening, type Plan, type PlanStep, plan, planTogether } from './plan.ts'
import { isActive } from './pods.ts'

/**
 * Pods leave nodes whose NoExecute taints they do not tolerate, or no longer: they are deleted, and whoever wants so
 * many of them makes others elsewhere at once.
 *
 * A toleration that a pod got as default (of `unreachable`, 300 s) is taken as the cluster's own word, and for pods of a
 * ReplicaSet the cluster's word is `nodeLossMs`: by then gossip has suspected the node, asked around and declared it
 * dead, and the leader does not hear it either; such a pod has no state that could be in two places. A pod that nobody
 * would replace waits as long as it says, and so does one that says anything else.
 */
export function evictionsFrom(
  node: Stored<Node>,
  /** How long a taint has been there. */
  forMs: (taint: Taint) => number,
  cluster: Cluster,
  nowMs: number,
): Plan {
  const taints = (node.object.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  if (taints.length === 0) return plan([])
  const steps: PlanStep[] = []
  let retryAfterMs: number | undefined
  for (const pod of cluster.podsOn(node.object.metadata.name)) {
    if (!isActive(pod.object)) continue
    const inMs = evictedInMs(pod.object, taints, forMs)
    if (inMs === undefined) continue
    if (inMs > 0) retryAfterMs = earlier(retryAfterMs, inMs)
    else steps.push(evict(pod, cluster, nowMs))
  }
  return plan(steps, retryAfterMs)
}

export const nodeLossMs = 0
const unreachable = 'node.kubernetes.io/unreachable'
const defaultSeconds = 300

/** Undefined: it may stay. */
function evictedInMs(pod: Pod, taints: readonly Taint[], forMs: (taint: Taint) => number): number | undefined {
  const waits = taints.map((taint) => {
    const mayMs = toleratedMs(pod, taint)
    return mayMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, mayMs - forMs(taint))
  })
  return waits.reduce(earlier, undefined)
}

/** How long a pod stays with a taint: as long as the shortest of its tolerations says. */
function toleratedMs(pod: Pod, taint: Taint): number {
  const tolerations = (pod.spec.tolerations ?? []).filter((toleration) => tolerates([toleration], taint))
  if (tolerations.length === 0) return 0
  return Math.min(
    ...tolerations.map((toleration) => {
      if (isDefault(toleration) && controllerOf(pod)?.kind === 'ReplicaSet') return nodeLossMs
      const { tolerationSeconds } = toleration
      return tolerationSeconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, tolerationSeconds) * 1000
    }),
  )
}

function isDefault({ key, operator, value = '', effect, tolerationSeconds }: Toleration): boolean {
  const whole = key === unreachable && operator === 'Exists' && value === '' && effect === 'NoExecute'
  return whole && tolerationSeconds === defaultSeconds
}

function evict(pod: Stored<Pod>, cluster: Cluster, nowMs: number): PlanStep {
  const { namespace = '', name, uid = '' } = pod.object.metadata
  const happening: Happening = {
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${namespace}/${name}`,
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    source: 'taint-eviction-controller',
  }
  const writes = endingWrites(podKind, pod, cluster.view, nowMs)
  const fields = { key: pod.version.key, node: pod.object.spec.nodeName ?? '' }
  return planTogether('pod evicted', writes, fields, [happening])
}

/**
 * Since when a taint is there, on the leader's own steady clock: from when this leader first saw it. What a taint says of
 * the time is not asked: a clock that jumps would take pods away that nobody brings back. Who leads anew counts anew.
 */
export function newTaintTimes(): (node: string, taint: Taint, monotonicMs: number) => number {
  const seen = new Map<string, number>()
  return (node, { key, value = '', timeAdded = '' }, monotonicMs) => {
    const id = `${node} ${key} ${value} ${timeAdded}`
    const first = seen.get(id) ?? monotonicMs
    if (seen.size >= timesMax) seen.delete(seen.keys().next().value ?? '')
    seen.set(id, first)
    return first
  }
}

const timesMax = 10_000
