import { formatTime, parseTime } from '../lib/rfc3339.ts'
import { conditionOf } from '../objects/conditions.ts'
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../objects/types.ts'
import { some } from './replicaset.ts'
import type { Bounds, Part } from './rollout.ts'

/** What a Deployment's status is made from. */
export interface Rollout {
  readonly deployment: Deployment
  readonly bounds: Bounds
  /** Of the present template; null: it has no ReplicaSet yet. */
  readonly fresh:
    | (Part & { readonly ready: number; readonly name: string; readonly news: 'made' | 'found' | null })
    | null
  readonly old: readonly (Part & { readonly ready: number })[]
  readonly collisions: number
  /** Why ReplicaSets cannot make pods. */
  readonly failure: DeploymentCondition | undefined
}

/** As `kubectl rollout status` reads it. */
export function statusOf(rollout: Rollout, nowMs: number): DeploymentStatus {
  const { deployment, bounds, fresh, old, collisions } = rollout
  const sets = fresh === null ? old : [fresh, ...old]
  const count = (pick: (part: Part & { readonly ready: number }) => number): number =>
    sets.reduce((sum, part) => sum + pick(part), 0)
  const available = count((part) => part.available)
  const counts = {
    observedGeneration: deployment.metadata.generation,
    replicas: some(count(({ pods }) => pods)),
    updatedReplicas: some(fresh?.pods ?? 0),
    readyReplicas: some(count(({ ready }) => ready)),
    availableReplicas: some(available),
    unavailableReplicas: some(Math.max(0, count(({ wanted }) => wanted) - available)),
  }
  const status = { ...deployment.status, ...counts, collisionCount: collisions === 0 ? undefined : collisions }
  return {
    ...status,
    conditions: conditionsOf(rollout, status, available >= bounds.desired - bounds.unavailable, nowMs),
  }
}

/** All pods are of the present template, and all are there. */
export function isComplete({ spec }: Deployment, status: DeploymentStatus): boolean {
  const desired = spec.replicas ?? 1
  return [status.updatedReplicas, status.replicas, status.availableReplicas].every((count) => (count ?? 0) === desired)
}

/** How long until a rollout that stands still is said to have failed; undefined: never. */
export function deadlineInMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const deadline = deadlineOf(deployment)
  const progressing = conditionOf(status.conditions, 'Progressing')
  if (deadline === null || deployment.spec.paused === true || progressing === undefined) return undefined
  if (progressing.status !== 'True' || progressing.reason === 'NewReplicaSetAvailable') return undefined
  return Math.max(0, updatedMs(progressing) + deadline * 1000 - nowMs)
}

// ---- Conditions --------------------------------------------------------------------------------------------------

type Said = Omit<DeploymentCondition, 'lastUpdateTime' | 'lastTransitionTime'>

function conditionsOf(
  rollout: Rollout,
  status: DeploymentStatus,
  available: boolean,
  nowMs: number,
): readonly DeploymentCondition[] {
  const { deployment, failure } = rollout
  let conditions = withSaid(deployment.status?.conditions ?? [], availability(available), nowMs)
  const progress = progressOf(rollout, status, nowMs)
  if (deadlineOf(deployment) === null) conditions = conditions.filter(({ type }) => type !== 'Progressing')
  else if (progress !== null) conditions = withSaid(conditions, progress.said, nowMs, progress.again)
  const { type: _type, ...reason } = failure ?? { type: '' }
  return failure === undefined
    ? conditions.filter(({ type }) => type !== 'ReplicaFailure')
    : withSaid(conditions, { ...reason, type: 'ReplicaFailure', status: 'True' }, nowMs)
}

function availability(available: boolean): Said {
  return available
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

/** What is to be said of the progress; null: what was said stands. `again`: the deadline begins anew. */
function progressOf(
  { deployment, fresh }: Rollout,
  status: DeploymentStatus,
  nowMs: number,
): { readonly said: Said; readonly again: boolean } | null {
  const before = conditionOf(deployment.status?.conditions, 'Progressing')
  const say = (state: 'True' | 'False' | 'Unknown', reason: string, message: string, again = false) => ({
    said: { type: 'Progressing', status: state, reason, message },
    again,
  })
  if (deployment.spec.paused === true) {
    return before?.reason === 'DeploymentPaused' ? null : say('Unknown', 'DeploymentPaused', 'Deployment is paused')
  }
  if (before?.reason === 'DeploymentPaused') return say('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  const set = `ReplicaSet "${fresh?.name ?? ''}"`
  if (fresh?.news === 'made') {
    return say('True', 'NewReplicaSetCreated', `Created new replica set "${fresh.name}"`, true)
  }
  if (fresh?.news === 'found') {
    return say('True', 'FoundNewReplicaSet', `Found new replica set "${fresh.name}"`, true)
  }
  // What was complete once stays so while it is only scaled, or loses pods.
  const unchanged = (status.replicas ?? 0) === (status.updatedReplicas ?? 0)
  if (unchanged && before?.reason === 'NewReplicaSetAvailable') return null
  if (isComplete(deployment, status)) {
    return say('True', 'NewReplicaSetAvailable', `${set} has successfully progressed.`)
  }
  if (hasMoved(deployment.status ?? {}, status)) return say('True', 'ReplicaSetUpdated', `${set} is progressing.`, true)
  const deadline = deadlineOf(deployment)
  if (deadline === null || before === undefined || before.reason === 'NewReplicaSetAvailable') {
    return before === undefined ? say('True', 'ReplicaSetUpdated', `${set} is progressing.`, true) : null
  }
  const late = nowMs >= updatedMs(before) + deadline * 1000
  return late ? say('False', 'ProgressDeadlineExceeded', `${set} has timed out progressing.`) : null
}

function hasMoved(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

/** Kubernetes' word for never is the largest number. */
function deadlineOf({ spec }: Deployment): number | null {
  const { progressDeadlineSeconds = 600 } = spec
  return progressDeadlineSeconds === 2 ** 31 - 1 ? null : progressDeadlineSeconds
}

function updatedMs({ lastUpdateTime, lastTransitionTime }: DeploymentCondition): number {
  return parseTime(lastUpdateTime ?? lastTransitionTime ?? '') ?? 0
}

/** The same condition again is no news, unless it says so. */
function withSaid(
  conditions: readonly DeploymentCondition[],
  said: Said,
  nowMs: number,
  again = false,
): readonly DeploymentCondition[] {
  const before = conditionOf(conditions, said.type)
  const same = before?.status === said.status && before.reason === said.reason && before.message === said.message
  if (same && !again) return conditions
  const now = formatTime(nowMs)
  const since = before?.status === said.status ? (before.lastTransitionTime ?? now) : now
  const { type, status, reason, message } = said
  const next = { type, status, lastUpdateTime: now, lastTransitionTime: since, reason, message }
  return before === undefined ? [...conditions, next] : conditions.map((each) => (each === before ? next : each))
}
