import { sameJson } from '../lib/equal.ts'
import { formatTime } from '../lib/rfc3339.ts'
import { conditionOf, withCondition } from '../objects/conditions.ts'
import { memberOf } from '../objects/member.ts'
import type { Node, Pod, Taint } from '../objects/types.ts'
import type { Cluster } from './cluster.ts'
import { type Controller, wholeKey } from './controller.ts'
import { endingWrites } from './ending.ts'
import { evictionsFrom, newTaintTimes } from './evictions.ts'
import { isEnding, nodeKind, podKind, put, type Stored } from './objects.ts'
import { earlier, type Plan, type PlanStep, plan, planStep, planTogether } from './plan.ts'

export type HeardState = 'alive' | 'suspect' | 'dead' | 'left'

/** What the leader knows of who is there. */
export interface NodesHearing {
  /** What gossip says, by identity. */
  readonly heard: ReadonlyMap<string, HeardState>
  /** Whom the leader hears itself, whatever gossip says. */
  readonly active: ReadonlySet<string>
  /** The leader has listened long enough to take silence for an answer. */
  readonly settled: boolean
  /** For waits: unlike the time of day, it does not jump. */
  readonly monotonicMs: number
}

/**
 * Turns what gossip suggests into what the cluster decides: a node that is dead is not ready and takes no new pods, its
 * pods are not ready either and are replaced; a node that is back is as it was. A mere suspicion changes nothing.
 *
 * Gossip's word is not enough against a node that the leader hears itself, and a few nodes at a time are declared dead,
 * so that a fault of the leader's own network does not turn the whole cluster upside down at once. A leader that does
 * not hear even half of the nodes replaces nothing: it is more likely alone than right.
 */
export function newNodes(hearing: () => NodesHearing): Controller {
  const times = newTaintTimes()
  const missing = new Map<string, number>()
  return {
    name: 'nodes',
    touched: ({ kind, namespace: _none, before, after }) => {
      if (kind === nodeKind) return [wholeKey]
      // A pod that was bound to a node just as it was lost.
      const bound = kind === podKind && (after as Pod | null)?.spec.nodeName !== (before as Pod | null)?.spec.nodeName
      return bound ? [wholeKey] : []
    },
    keys: () => [wholeKey],
    reconcile: (_key, cluster, nowMs) => reconcileNodes(cluster, hearing(), { times, missing }, nowMs),
  }
}

/** What is remembered through a term, of what nobody wrote down. */
export interface NodesMemory {
  readonly times: (node: string, taint: Taint, monotonicMs: number) => number
  /** Nodes that pods are bound to and that have no object, and since when. */
  readonly missing: Map<string, number>
}

const deathsPerPassMax = 10
const podsPerPassMax = 200
const passEveryMs = 1_000
/** A node's object may be taken away and put back, by a person or a tool. */
const missingForMs = 40_000
const nodeDead = 'node does not answer'

export function reconcileNodes(cluster: Cluster, hearing: NodesHearing, memory: NodesMemory, nowMs: number): Plan {
  const nodes = cluster.list<Node>(nodeKind)
  const changes = nodes.flatMap((node) => nodeStep(node, hearing, nowMs))
  const deaths = changes.filter(({ what }) => what === nodeDead)
  const returns = changes.filter(({ what }) => what !== nodeDead)
  const unready = lostPods(nodes, cluster, nowMs)
  const { monotonicMs } = hearing
  const taintedFor = (node: Stored<Node>) => (taint: Taint) =>
    monotonicMs - memory.times(node.object.metadata.name, taint, monotonicMs)
  const evictions = hearsEnough(nodes, hearing)
    ? nodes.map((node) => evictionsFrom(node, taintedFor(node), cluster, nowMs))
    : []
  const stranded = strandedPods(nodes, cluster, memory, monotonicMs, nowMs)
  const leaving = [...evictions.flatMap(({ steps }) => steps), ...stranded]
  // Whoever is evicted need not be said to be unready first.
  const gone = new Set(leaving.slice(0, podsPerPassMax).flatMap(({ txn }) => txn.writes.map(({ key }) => key)))
  const quiet = unready.filter(({ fields }) => !gone.has(fields.key ?? ''))
  const steps = [
    ...returns,
    ...deaths.slice(0, deathsPerPassMax),
    ...leaving.slice(0, podsPerPassMax),
    ...quiet.slice(0, podsPerPassMax),
  ]
  return plan(steps, evictions.map(({ retryAfterMs }) => retryAfterMs).reduce<number | undefined>(earlier, passEveryMs))
}

function nodeStep(node: Stored<Node>, hearing: NodesHearing, nowMs: number): PlanStep[] {
  const verdict = verdictOf(node.object, hearing)
  const declared = isDeclaredLost(node.object)
  const fields = { node: node.object.metadata.name }
  if (verdict === 'dead' && !declared) return [planStep(nodeDead, put(node, lost(node.object, nowMs)), fields)]
  if (verdict === 'alive' && declared) {
    return [planStep('node answers again', put(node, returned(node.object, nowMs)), fields)]
  }
  const next = withTaints(node.object, taintsFor(node.object), nowMs)
  return sameJson(next.spec, node.object.spec) ? [] : [planStep('node tainted', put(node, next), fields)]
}

/** Null: nothing certain is known. */
function verdictOf(node: Node, { heard, active, settled }: NodesHearing): 'alive' | 'dead' | null {
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

function hearsEnough(nodes: readonly Stored<Node>[], hearing: NodesHearing): boolean {
  const members = nodes.filter(({ object }) => memberOf(object) !== null)
  return members.filter(({ object }) => verdictOf(object, hearing) === 'alive').length * 2 >= members.length
}

// ---- Nodes -------------------------------------------------------------------------------------------------------

const unreachable = 'node.kubernetes.io/unreachable'
const notReady = 'node.kubernetes.io/not-ready'

function lost(node: Node, nowMs: number): Node {
  const condition = {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'the node does not answer',
  }
  const next = {
    ...node,
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, nowMs) },
  }
  return withTaints(next, taintsFor(next), nowMs)
}

/** From here on the node's own daemon says again how it is. */
function returned(node: Node, nowMs: number): Node {
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the node answers again' }
  const next = {
    ...node,
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, nowMs) },
  }
  return withTaints(next, taintsFor(next), nowMs)
}

/** The taint that goes with what the node is said to be; null: none. */
function taintsFor(node: Node): string | null {
  switch (conditionOf(node.status?.conditions, 'Ready')?.status) {
    case 'Unknown':
      return unreachable
    case 'False':
      return notReady
    default:
      return null
  }
}

function withTaints(node: Node, key: string | null, nowMs: number): Node {
  const taints = node.spec?.taints ?? []
  const others = taints.filter((taint) => (taint.key !== unreachable && taint.key !== notReady) || taint.key === key)
  const missing = (['NoSchedule', 'NoExecute'] as const).filter(
    (effect) => key !== null && !others.some((taint) => taint.key === key && taint.effect === effect),
  )
  const added = missing.map((effect): Taint => ({ key: key ?? '', effect, timeAdded: formatTime(nowMs) }))
  const next = [...others, ...added]
  return { ...node, spec: { ...node.spec, taints: next.length === 0 ? undefined : next } }
}

// ---- Their pods --------------------------------------------------------------------------------------------------

function lostPods(nodes: readonly Stored<Node>[], cluster: Cluster, nowMs: number): PlanStep[] {
  const reachable = new Set(
    nodes.filter(({ object }) => !isDeclaredLost(object)).map(({ object }) => object.metadata.name),
  )
  const unreachableNodes = cluster.nodesOfPods().filter((name) => !reachable.has(name))
  return unreachableNodes.flatMap((node) => cluster.podsOn(node).flatMap((pod) => lostPod(pod, node, nowMs)))
}

function lostPod(pod: Stored<Pod>, node: string, nowMs: number): PlanStep[] {
  const { status } = pod.object
  if (conditionOf(status?.conditions, 'Ready')?.status !== 'True') return []
  const message = `node ${node} does not answer`
  const condition = { type: 'Ready', status: 'False', reason: 'NodeLost', message }
  const conditions = withCondition(status?.conditions, condition, nowMs)
  const next: Pod = { ...pod.object, status: { ...status, conditions } }
  return [planStep('pod is not ready: its node does not answer', put(pod, next), { node })]
}

/** Pods of nodes that were removed from the cluster: nobody runs them for it any more. */
function strandedPods(
  nodes: readonly Stored<Node>[],
  cluster: Cluster,
  { missing }: NodesMemory,
  monotonicMs: number,
  nowMs: number,
): PlanStep[] {
  const there = new Set(nodes.map(({ object }) => object.metadata.name))
  const names = cluster.nodesOfPods().filter((name) => !there.has(name))
  for (const name of missing.keys()) if (!names.includes(name)) missing.delete(name)
  return names.flatMap((node) => {
    const since = missing.get(node) ?? monotonicMs
    missing.set(node, since)
    if (monotonicMs - since < missingForMs) return []
    return cluster.podsOn(node).flatMap((pod) => {
      const writes = isEnding(pod.object) ? [] : endingWrites(podKind, pod, cluster.view, nowMs)
      const fields = { key: pod.version.key, node }
      return writes.length === 0 ? [] : [planTogether('pod ends: its node was removed', writes, fields)]
    })
  })
}
