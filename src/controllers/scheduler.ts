import { parseTime } from '../lib/rfc3339.ts'
import { type Amounts, amountsOf, nodeAmounts, nodeLimit, podRequests } from '../objects/capacity.ts'
import { conditionOf, withCondition } from '../objects/conditions.ts'
import { memberOf } from '../objects/member.ts'
import type { Node, Pod } from '../objects/types.ts'
import { type Candidate, taken } from '../placement/node.ts'
import { schedule, type Verdict } from '../placement/schedule.ts'
import type { StoreView } from '../store/types.ts'
import { nodesOf, podsOf, put, type Stored } from './objects.ts'
import { type Plan, type PlanStep, planStep } from './plan.ts'

/**
 * Gives every waiting pod a node, or tells on the pod why there is none. A binding names the node and claims what the
 * pod asks of it, in one transaction: whatever else is decided at the same time elsewhere, no node is promised twice.
 *
 * A pod that came with a node's name is bound as it says, if the node has room for it; otherwise it has failed.
 */
export function reconcileScheduling(view: StoreView, memory: SchedulerMemory, nowMs: number): SchedulerStep {
  const pods = podsOf(view).filter(({ object }) => isWaiting(object))
  const nodes = nodesOf(view).filter(({ object }) => memberOf(object) !== null)
  let candidates = nodes.map(({ object }) => candidateOf(object, view))
  const steps: PlanStep[] = []
  for (const pod of pods.filter(({ object }) => hasNode(object))) {
    const admission = admit(pod, candidates, nowMs)
    if (admission === null) continue
    steps.push(admission.step)
    candidates = admission.candidates
  }
  const queue = pods
    .filter(({ object }) => !hasNode(object))
    .sort(byUrgency)
    .slice(0, podsPerPassMax)
  const verdicts = schedule(
    queue.map(({ object }) => object),
    candidates,
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
  return { plan: retryAfterMs === undefined ? { steps } : { steps, retryAfterMs }, memory: told }
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

function isWaiting(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false
  const { schedulerName = '' } = pod.spec
  const ours = schedulerName === '' || schedulerName === 'default-scheduler'
  // Whoever chose the node, its room is given out here.
  if (!ours && !hasNode(pod)) return false
  return conditionOf(pod.status?.conditions, 'PodScheduled')?.status !== 'True'
}

function hasNode(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== ''
}

/** The most important first, then who has waited longest. */
function byUrgency(a: Stored<Pod>, b: Stored<Pod>): number {
  const priority = (b.object.spec.priority ?? 0) - (a.object.spec.priority ?? 0)
  return priority || bornMs(a.object) - bornMs(b.object) || a.version.createRevision - b.version.createRevision
}

function bornMs(pod: Pod): number {
  return parseTime(pod.metadata.creationTimestamp ?? '') ?? 0
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
  return planStep('pod bound', put(pod, next, nodeAmounts(node, podRequests(object))), { node })
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
  return planStep('pod cannot be placed', put(pod, next), { reason: message })
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
  return planStep('pod does not fit its node', put(pod, next), { reason: message })
}

function tellsNothingNew(pod: Pod, verdict: Verdict & { readonly type: 'refused' }): boolean {
  const condition = conditionOf(pod.status?.conditions, 'PodScheduled')
  return condition?.reason === 'Unschedulable' && condition.message === verdict.message
}
