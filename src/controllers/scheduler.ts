import { type Amounts, amountsOf, nodeAmounts, nodeLimit, podRequests } from '../objects/capacity.ts'
import { conditionOf, withCondition } from '../objects/conditions.ts'
import { memberOf } from '../objects/member.ts'
import type { Namespace, Node, Pod } from '../objects/types.ts'
import type { Bound } from '../placement/crowd.ts'
import { type Candidate, taken } from '../placement/node.ts'
import { schedule, type Verdict } from '../placement/schedule.ts'
import type { StoreView } from '../store/types.ts'
import type { Cluster, Touch } from './cluster.ts'
import { type Controller, wholeKey } from './controller.ts'
import { namespaceKind, nodeKind, podKind, put, type Stored } from './objects.ts'
import { type Happening, nothingToDo, type Plan, type PlanStep, plan, planStep } from './plan.ts'
import { bornMs, isActive, isFinished, isUnplaced } from './pods.ts'

/**
 * Gives every waiting pod a node, or tells on the pod why there is none. A binding names the node and claims what the
 * pod asks of it, in one transaction: whatever else is decided at the same time elsewhere, no node is promised twice.
 *
 * A pod that came with a node's name is bound as it says, if the node has room for it; otherwise it has failed.
 */
export function newScheduler(): Controller {
  let memory: SchedulerMemory = new Map()
  return {
    name: 'scheduler',
    touched: (touch) => (givesWork(touch) ? [wholeKey] : []),
    keys: () => [wholeKey],
    reconcile(_key, cluster, nowMs) {
      const step = reconcileScheduling(cluster, memory, nowMs)
      memory = step.memory
      return step.plan
    },
  }
}

/** A pod that waits, a place that became free, or a node that changed. */
function givesWork({ kind, before, after }: Touch): boolean {
  if (kind === nodeKind) return true
  if (kind !== podKind) return false
  if (after !== null && isUnplaced(after as Pod)) return true
  return before !== null && !isFinished(before as Pod) && (after === null || isFinished(after as Pod))
}

export function reconcileScheduling(cluster: Cluster, memory: SchedulerMemory, nowMs: number): SchedulerStep {
  const pods = cluster.unplacedPods().filter(({ object }) => isOurs(object))
  if (pods.length === 0) return { plan: nothingToDo, memory: new Map() }
  const nodes = cluster.list<Node>(nodeKind).filter(({ object }) => memberOf(object) !== null)
  let candidates = nodes.map(({ object }) => candidateOf(object, cluster.view))
  const steps: PlanStep[] = []
  for (const pod of pods.filter(({ object }) => hasNode(object))) {
    const admission = admit(pod, candidates, nowMs)
    if (admission === null) continue
    steps.push(admission.step)
    candidates = admission.candidates
  }
  const queue = pods
    .filter(({ object }) => !hasNode(object) && (object.spec.schedulingGates ?? []).length === 0)
    .sort(byUrgency)
    .slice(0, podsPerPassMax)
  const verdicts = schedule(
    queue.map(({ object }) => object),
    candidates,
    boundIn(cluster),
  )
  const told = new Map<string, Told>()
  let retryAfterMs: number | undefined = queue.length === podsPerPassMax ? 0 : undefined
  for (const [i, pod] of queue.entries()) {
    const verdict = verdicts[i]
    if (verdict?.type === 'placed') steps.push(bind(pod, verdict.node, nowMs))
    if (verdict?.type !== 'refused') continue
    const uid = pod.object.metadata.uid ?? ''
    const before = memory.get(uid)
    if (tellsNothingNew(pod.object, verdict)) {
      told.set(uid, before ?? { shape: verdict.shape, atMs: nowMs })
    } else if (before?.shape === verdict.shape && nowMs - before.atMs < figuresEveryMs) {
      told.set(uid, before)
      retryAfterMs ??= figuresEveryMs
    } else {
      steps.push(refuse(pod, verdict.message, nowMs))
      told.set(uid, { shape: verdict.shape, atMs: nowMs })
    }
  }
  return { plan: plan(steps, retryAfterMs), memory: told }
}

/** Who has a node already, for pods that care who is near them. */
function boundIn(cluster: Cluster): Bound {
  const placed = (pods: readonly Stored<Pod>[]): readonly Pod[] =>
    pods.flatMap(({ object }) => (hasNode(object) && isActive(object) ? [object] : []))
  return {
    inNamespace: (namespace) => placed(cluster.list<Pod>(podKind, namespace)),
    ofOwner: (uid) => placed(cluster.dependentsOf<Pod>(podKind, uid)),
    guarded: () => placed(cluster.guardedPods()),
    namespaces: (matches) =>
      cluster
        .list<Namespace>(namespaceKind)
        .filter(({ object }) => matches(object.metadata.labels ?? {}))
        .map(({ object }) => object.metadata.name),
  }
}

/** What was told of pods that wait: when only its figures changed, it is not written at once again. */
export type SchedulerMemory = ReadonlyMap<string, Told>

interface Told {
  readonly shape: string
  readonly atMs: number
}

export interface SchedulerStep {
  readonly plan: Plan
  readonly memory: SchedulerMemory
}

const podsPerPassMax = 500
const figuresEveryMs = 30_000

// ---- Who waits ---------------------------------------------------------------------------------------------------

/** Whoever chose the node, its room is given out here. */
function isOurs(pod: Pod): boolean {
  const { schedulerName = '' } = pod.spec
  return schedulerName === '' || schedulerName === 'default-scheduler' || hasNode(pod)
}

function hasNode(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== ''
}

/** The most important first, then who has waited longest. */
function byUrgency(a: Stored<Pod>, b: Stored<Pod>): number {
  const priority = (b.object.spec.priority ?? 0) - (a.object.spec.priority ?? 0)
  return priority || bornMs(a.object) - bornMs(b.object) || a.version.createRevision - b.version.createRevision
}

// ---- Where there is room -----------------------------------------------------------------------------------------

function candidateOf(node: Node, view: StoreView): Candidate {
  const capacity: Record<string, number> = {}
  const free: Record<string, number> = {}
  for (const resource of Object.keys(amountsOf(node.status?.allocatable))) {
    const limit = view.limit(nodeLimit(node.metadata.name, resource))
    if (limit === undefined) continue
    capacity[resource] = limit.capacity
    free[resource] = limit.capacity - limit.used
  }
  return { node, capacity, free }
}

/** Null: its node is not there (yet). */
function admit(
  pod: Stored<Pod>,
  candidates: readonly Candidate[],
  nowMs: number,
): { readonly step: PlanStep; readonly candidates: Candidate[] } | null {
  const name = pod.object.spec.nodeName ?? ''
  const target = candidates.find(({ node }) => node.metadata.name === name)
  // A node that has not yet told what it has could not be asked for anything.
  if (target === undefined || target.capacity.pods === undefined) return null
  const asked = podRequests(pod.object)
  const short = shortOf(asked, target)
  if (short !== undefined) return { step: fail(pod, short, asked, target, nowMs), candidates: [...candidates] }
  return {
    step: bind(pod, name, nowMs),
    candidates: candidates.map((each) => (each === target ? taken(each, asked) : each)),
  }
}

function shortOf(asked: Amounts, { free }: Candidate): string | undefined {
  return Object.keys(asked)
    .sort()
    .find((resource) => (asked[resource] ?? 0) > 0 && (asked[resource] ?? 0) > (free[resource] ?? 0))
}

// ---- What is written ---------------------------------------------------------------------------------------------

function bind(pod: Stored<Pod>, node: string, nowMs: number): PlanStep {
  const { object } = pod
  const scheduled = { type: 'PodScheduled', status: 'True' }
  const next: Pod = {
    ...object,
    spec: { ...object.spec, nodeName: node },
    status: {
      ...object.status,
      phase: object.status?.phase ?? 'Pending',
      conditions: withCondition(object.status?.conditions, scheduled, nowMs),
    },
  }
  const message = `Successfully assigned ${object.metadata.namespace ?? ''}/${object.metadata.name} to ${node}`
  const write = put(pod, next, nodeAmounts(node, podRequests(object)))
  return planStep('pod bound', write, { node }, [tell(object, 'Normal', 'Scheduled', message)])
}

function refuse(pod: Stored<Pod>, message: string, nowMs: number): PlanStep {
  const { object } = pod
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  const next: Pod = {
    ...object,
    status: {
      ...object.status,
      phase: object.status?.phase ?? 'Pending',
      conditions: withCondition(object.status?.conditions, condition, nowMs),
    },
  }
  const events = [tell(object, 'Warning', 'FailedScheduling', message)]
  return planStep('pod cannot be placed', put(pod, next), { reason: message }, events)
}

function fail(pod: Stored<Pod>, resource: string, asked: Amounts, target: Candidate, nowMs: number): PlanStep {
  const figures = `requested: ${asked[resource] ?? 0}, free: ${Math.max(0, target.free[resource] ?? 0)}`
  const message = `Pod was rejected: Node didn't have enough resource: ${resource}, ${figures}`
  const { object } = pod
  const scheduled = { type: 'PodScheduled', status: 'True' }
  const next: Pod = {
    ...object,
    status: {
      ...object.status,
      phase: 'Failed',
      reason: `OutOf${resource}`,
      message,
      conditions: withCondition(object.status?.conditions, scheduled, nowMs),
    },
  }
  const events = [tell(object, 'Warning', `OutOf${resource}`, message)]
  return planStep('pod does not fit its node', put(pod, next), { reason: message }, events)
}

function tellsNothingNew(pod: Pod, verdict: Verdict & { readonly type: 'refused' }): boolean {
  const condition = conditionOf(pod.status?.conditions, 'PodScheduled')
  return condition?.reason === 'Unschedulable' && condition.message === verdict.message
}

function tell({ metadata }: Pod, type: Happening['type'], reason: string, message: string): Happening {
  const { namespace = '', name, uid = '' } = metadata
  const regarding = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
  return { type, reason, message, regarding, source: 'default-scheduler' }
}
