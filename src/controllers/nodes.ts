import { formatTime } from '../lib/rfc3339.ts'
import { conditionOf, withCondition } from '../objects/conditions.ts'
import { memberOf } from '../objects/member.ts'
import type { Node, Pod, Taint } from '../objects/types.ts'
import { put, type Stored } from './objects.ts'
import { type Plan, type PlanStep, planStep } from './plan.ts'

export type HeardState = 'alive' | 'suspect' | 'dead' | 'left'

export interface NodesInput {
  readonly nodes: readonly Stored<Node>[]
  readonly pods: readonly Stored<Pod>[]
  /** What gossip says, by identity. */
  readonly heard: ReadonlyMap<string, HeardState>
  /** Whom the leader hears itself, whatever gossip says. */
  readonly active: ReadonlySet<string>
  /** The leader has listened long enough to take silence for an answer. */
  readonly settled: boolean
  readonly nowMs: number
}

/**
 * Turns what gossip suggests into what the cluster decides: a node that is dead is not ready and takes no new pods, and
 * its pods are not ready either; a node that is back is as it was. A mere suspicion changes nothing.
 *
 * Gossip's word is not enough against a node that the leader hears itself, and a few nodes at a time are declared dead,
 * so that a fault of the leader's own network does not turn the whole cluster upside down at once.
 */
export function reconcileNodes(input: NodesInput): Plan {
  const changes = input.nodes.flatMap((node) => nodeStep(node, input))
  const deaths = changes.filter(({ what }) => what === nodeDead)
  const returns = changes.filter(({ what }) => what !== nodeDead)
  const podSteps = lostPods(input)
  const more = deaths.length > deathsPerPassMax || podSteps.length > podsPerPassMax
  const steps = [...returns, ...deaths.slice(0, deathsPerPassMax), ...podSteps.slice(0, podsPerPassMax)]
  return more ? { steps, retryAfterMs: passEveryMs } : { steps }
}

const deathsPerPassMax = 10
const podsPerPassMax = 200
const passEveryMs = 1_000
const nodeDead = 'node does not answer'

function nodeStep(node: Stored<Node>, input: NodesInput): PlanStep[] {
  const verdict = verdictOf(node.object, input)
  const declared = isDeclaredLost(node.object)
  const fields = { node: node.object.metadata.name }
  if (verdict === 'dead' && !declared) return [planStep(nodeDead, put(node, lost(node.object, input.nowMs)), fields)]
  if (verdict === 'alive' && declared) {
    return [planStep('node answers again', put(node, returned(node.object, input.nowMs)), fields)]
  }
  return []
}

/** Null: nothing certain is known. */
function verdictOf(node: Node, { heard, active, settled }: NodesInput): 'alive' | 'dead' | null {
  const identity = memberOf(node)?.identity
  if (identity === undefined) return null
  const state = heard.get(identity)
  if (active.has(identity) || state === 'alive') return 'alive'
  if (state === 'suspect' || !settled) return null
  return 'dead'
}

function isDeclaredLost(node: Node): boolean {
  return conditionOf(node.status?.conditions, 'Ready')?.status === 'Unknown'
}

// ---- Nodes -------------------------------------------------------------------------------------------------------

const unreachable = 'node.kubernetes.io/unreachable'

function lost(node: Node, nowMs: number): Node {
  const condition = {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'the node does not answer',
  }
  const taints = (['NoSchedule', 'NoExecute'] as const).map((effect): Taint => {
    return { key: unreachable, effect, timeAdded: formatTime(nowMs) }
  })
  return {
    ...node,
    spec: { ...node.spec, taints: [...reachableTaints(node), ...taints] },
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, nowMs) },
  }
}

/** From here on the node's own daemon says again how it is. */
function returned(node: Node, nowMs: number): Node {
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the node answers again' }
  const taints = reachableTaints(node)
  return {
    ...node,
    spec: { ...node.spec, taints: taints.length === 0 ? undefined : taints },
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, nowMs) },
  }
}

function reachableTaints(node: Node): readonly Taint[] {
  return (node.spec?.taints ?? []).filter(({ key }) => key !== unreachable)
}

// ---- Their pods --------------------------------------------------------------------------------------------------

function lostPods({ nodes, pods, nowMs }: NodesInput): PlanStep[] {
  const reachable = new Set(
    nodes.filter(({ object }) => !isDeclaredLost(object)).map(({ object }) => object.metadata.name),
  )
  return pods.flatMap((pod) => {
    const { spec, status } = pod.object
    const node = spec.nodeName ?? ''
    if (node === '' || reachable.has(node)) return []
    if (conditionOf(status?.conditions, 'Ready')?.status !== 'True') return []
    const message = `node ${node} does not answer`
    const condition = { type: 'Ready', status: 'False', reason: 'NodeLost', message }
    const next: Pod = {
      ...pod.object,
      status: { ...status, conditions: withCondition(status?.conditions, condition, nowMs) },
    }
    return [planStep('pod is not ready: its node does not answer', put(pod, next), { node })]
  })
}
