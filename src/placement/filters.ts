import type { Amounts } from '../objects/capacity.ts'
import { conditionOf } from '../objects/conditions.ts'
import type { Node, Pod, Taint, Toleration } from '../objects/types.ts'
import type { Neighbours } from './neighbours.ts'
import type { Candidate } from './node.ts'
import { suitsAffinity } from './nodeaffinity.ts'

/** Why a pod cannot be placed on a node. `figures` tell how far off it was. */
export type Reason =
  | { readonly type: 'not-ready' }
  | { readonly type: 'unschedulable' }
  | { readonly type: 'taint'; readonly taint: string }
  | { readonly type: 'selector' }
  | { readonly type: 'affinity' }
  | { readonly type: 'pod-affinity' }
  | { readonly type: 'pod-anti-affinity' }
  /** A pod that is there keeps it away. */
  | { readonly type: 'guarded' }
  | { readonly type: 'spread'; readonly key: string }
  | { readonly type: 'name' }
  | { readonly type: 'platform'; readonly label: string }
  | { readonly type: 'pods'; readonly capacity: number }
  | { readonly type: 'resource'; readonly resource: string; readonly asked: number; readonly free: number }

/**
 * Every reason why the pod cannot run on this node; none: it can. The node's state comes first, since of a node that is
 * not there nothing else is worth saying.
 */
export function reasonsAgainst(
  pod: Pod,
  asked: Amounts,
  candidate: Candidate,
  neighbours: Pick<Neighbours, 'reasonsAgainst'>,
): readonly Reason[] {
  const { node } = candidate
  if (conditionOf(node.status?.conditions, 'Ready')?.status !== 'True') return [{ type: 'not-ready' }]
  return [
    ...againstWill(pod, candidate),
    ...againstLabels(pod, candidate),
    ...neighbours.reasonsAgainst(node),
    ...againstRoom(asked, candidate),
  ]
}

/** What the operator set on the node. */
function againstWill(pod: Pod, { node }: Candidate): readonly Reason[] {
  const tolerations = pod.spec.tolerations ?? []
  const reasons: Reason[] = []
  if (node.spec?.unschedulable === true && !tolerates(tolerations, cordon)) reasons.push({ type: 'unschedulable' })
  const taint = node.spec?.taints?.find(
    (each) => each.effect !== 'PreferNoSchedule' && each.key !== cordon.key && !tolerates(tolerations, each),
  )
  if (taint !== undefined) reasons.push({ type: 'taint', taint: taintText(taint) })
  return reasons
}

const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** How many taints would rather have it elsewhere. */
export function dislikesOf(pod: Pod, node: Node): number {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'PreferNoSchedule')
  return taints.filter((taint) => !tolerates(pod.spec.tolerations ?? [], taint)).length
}

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== taint.effect) return false
    if (key === '') return operator === 'Exists'
    return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))
  })
}

function taintText({ key, value = '' }: Taint): string {
  return value === '' ? key : `${key}: ${value}`
}

/** What the pod wants of the node. */
function againstLabels(pod: Pod, { node }: Candidate): readonly Reason[] {
  const labels = node.metadata.labels ?? {}
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '' && pod.spec.nodeName !== node.metadata.name) {
    return [{ type: 'name' }]
  }
  const selector = Object.entries(pod.spec.nodeSelector ?? {})
  const missed = selector.filter(([key, value]) => labels[key] !== value).map(([key]) => key)
  const platform = missed.find((key) => platformLabels.has(key))
  if (platform !== undefined) return [{ type: 'platform', label: `${platform}=${labels[platform] ?? ''}` }]
  if (missed.length > 0) return [{ type: 'selector' }]
  return suitsAffinity(pod.spec, node) ? [] : [{ type: 'affinity' }]
}

/** Not the operator's choice but what the machine is. */
const platformLabels = new Set(['kubernetes.io/arch', 'kubernetes.io/os'])

function againstRoom(asked: Amounts, { free, capacity }: Candidate): readonly Reason[] {
  const reasons: Reason[] = []
  for (const resource of Object.keys(asked).sort()) {
    const amount = asked[resource] ?? 0
    const left = free[resource] ?? 0
    if (amount === 0 || amount <= left) continue
    if (resource === 'pods') reasons.push({ type: 'pods', capacity: capacity.pods ?? 0 })
    else reasons.push({ type: 'resource', resource, asked: amount, free: Math.max(0, left) })
  }
  return reasons
}
