import { sameJson } from '../lib/equal.ts'
import { withCondition } from '../objects/conditions.ts'
import { selects } from '../objects/labelselector.ts'
import { writeStored } from '../objects/stored.ts'
import type { Namespace, Pod, ReplicaSet } from '../objects/types.ts'
import { validateCreate } from '../objects/validate.ts'
import type { Write } from '../store/types.ts'
import { born } from './birth.ts'
import type { Cluster, Touch } from './cluster.ts'
import { type Controller, nameKey, splitKey } from './controller.ts'
import { endingWrites } from './ending.ts'
import { nameFrom, ownerNameMax, uidFrom } from './names.ts'
import { isEnding, namespaceKind, podKind, put, putNew, replicaSetKind, type Stored } from './objects.ts'
import { adopted, controllerOf, controllerReference, isControlledBy, released } from './owners.ts'
import { type Happening, nothingToDo, type Plan, type PlanStep, plan, planStep, planTogether } from './plan.ts'
import { countPods, isActive, isNews } from './pods.ts'
import { chooseVictims, countByNode } from './victims.ts'

/**
 * Keeps as many pods as a ReplicaSet wants. New pods are written in one transaction with the ReplicaSet itself, and their
 * names follow from it and its revision: whatever is decided twice, of a plan that was made from one state of things one
 * happens. Pods that are going count as gone.
 */
export const replicaSets: Controller = {
  name: 'replicaset',
  touched: (touch, cluster) => {
    if (touch.kind === replicaSetKind) return [nameKey({ metadata: touch })]
    return touch.kind === podKind && isNews(touch) ? ownersOf(touch, cluster) : []
  },
  keys: (cluster) => cluster.list(replicaSetKind).map(({ object }) => nameKey(object)),
  reconcile(key, cluster, nowMs) {
    const { namespace, name } = splitKey(key)
    const set = cluster.get<ReplicaSet>(replicaSetKind, namespace, name)
    return set === undefined || isEnding(set.object) ? nothingToDo : reconcileReplicaSet(set, cluster, nowMs)
  },
}

/** Pods made and ended in one look: the next look follows at once. */
const createdPerLookMax = 100
/** All of them and the ReplicaSet are one transaction. */
const createdBytesMax = 1_000_000
const endedPerLookMax = 100
const invalidRetryMs = 60_000

/** Who owns the pod, or might take it. */
function ownersOf({ namespace, before, after }: Touch, cluster: Cluster): readonly string[] {
  const named = [before, after].flatMap((pod) => {
    const owner = pod === null ? undefined : controllerOf(pod)
    return owner?.kind === 'ReplicaSet' ? [`${namespace}/${owner.name}`] : []
  })
  if (after === null || controllerOf(after) !== undefined || !isActive(after as Pod)) return named
  const takers = cluster
    .list<ReplicaSet>(replicaSetKind, namespace)
    .filter(({ object }) => selects(object.spec.selector, after.metadata.labels))
  return [...named, ...takers.map(({ object }) => nameKey(object))]
}

/** The pods of a ReplicaSet that have not ended and are not going. */
export function activePodsOf(set: ReplicaSet, cluster: Cluster): readonly Stored<Pod>[] {
  return podsOf(set, cluster).filter(
    ({ object }) => isActive(object) && selects(set.spec.selector, object.metadata.labels),
  )
}

function podsOf(set: ReplicaSet, cluster: Cluster): readonly Stored<Pod>[] {
  return cluster.dependentsOf<Pod>(podKind, set.metadata.uid ?? '').filter(({ object }) => isControlledBy(object, set))
}

function reconcileReplicaSet(set: Stored<ReplicaSet>, cluster: Cluster, nowMs: number): Plan {
  const { object } = set
  const all = podsOf(object, cluster)
  const strays = all.filter(
    (pod) => !isEnding(pod.object) && !selects(object.spec.selector, pod.object.metadata.labels),
  )
  const active = all.filter((pod) => isActive(pod.object) && !strays.includes(pod))
  const found = orphansFor(object, cluster)
  const ownership = [...strays.map((pod) => release(pod, object)), ...found.map((pod) => adopt(pod, object))]

  const surplus = active.length + found.length - (object.spec.replicas ?? 1)
  const births = surplus < 0 ? birthsOf(set, Math.min(-surplus, createdPerLookMax), cluster, nowMs) : noBirths
  const deaths = surplus > 0 ? deathsOf(object, active, surplus, cluster, nowMs) : []

  const counts = countPods(
    active.map((pod) => pod.object),
    object.spec.minReadySeconds ?? 0,
    nowMs,
  )
  const status = statusOf(object, active, births, nowMs)
  const next: ReplicaSet = { ...object, status: { ...status, ...readiness(counts) } }
  const retryAfterMs =
    births.fault !== null ? Math.min(invalidRetryMs, counts.nextInMs ?? invalidRetryMs) : counts.nextInMs
  return plan([...ownership, ...deaths, ...writeSet(set, next, births)], retryAfterMs)
}

/** The new pods and the status in one, or the status alone, if there is any news. */
function writeSet(set: Stored<ReplicaSet>, next: ReplicaSet, { pods, fault }: Births): readonly PlanStep[] {
  const { object } = set
  const write = put(set, next)
  if (pods.length > 0) {
    const writes: readonly Write[] = [write, ...pods.map((pod) => putNew(podKind, pod))]
    const events = pods.map((pod) => tell(object, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`))
    const fields = { key: set.version.key, count: String(pods.length) }
    return [planTogether('pods created', writes, fields, events)]
  }
  if (sameJson(next.status, object.status)) return []
  const events = fault === null ? [] : [tell(object, 'Warning', 'FailedCreate', `Error creating: ${fault}`)]
  return [planStep('replica set status', write, {}, events)]
}

// ---- Ownership ---------------------------------------------------------------------------------------------------

function orphansFor(set: ReplicaSet, cluster: Cluster): readonly Stored<Pod>[] {
  const { selector } = set.spec
  return cluster
    .podsLabelled(set.metadata.namespace ?? '', selector?.matchLabels ?? {})
    .filter(({ object }) => isActive(object) && controllerOf(object) === undefined)
    .filter(({ object }) => selects(selector, object.metadata.labels))
}

function adopt(pod: Stored<Pod>, set: ReplicaSet): PlanStep {
  return planStep('pod adopted', put(pod, adopted(pod.object, controllerReference(replicaSetKind, set))))
}

function release(pod: Stored<Pod>, set: ReplicaSet): PlanStep {
  return planStep('pod released', put(pod, released(pod.object, new Set([set.metadata.uid ?? '']))))
}

// ---- More --------------------------------------------------------------------------------------------------------

interface Births {
  readonly pods: readonly Pod[]
  /** Why there can be none. */
  readonly fault: string | null
}

const noBirths: Births = { pods: [], fault: null }

function birthsOf(set: Stored<ReplicaSet>, count: number, cluster: Cluster, nowMs: number): Births {
  const { metadata, spec } = set.object
  const namespace = metadata.namespace ?? ''
  const home = cluster.get<Namespace>(namespaceKind, '', namespace)
  if (home === undefined || isEnding(home.object)) return noBirths
  const prefix = `${metadata.name.slice(0, ownerNameMax)}-`
  const seed = [metadata.uid ?? '', String(set.version.revision)]
  const template = spec.template
  const first = born<Pod>(
    podKind,
    {
      metadata: {
        name: '',
        generateName: prefix,
        namespace,
        labels: template.metadata?.labels,
        annotations: template.metadata?.annotations,
        finalizers: template.metadata?.finalizers,
        ownerReferences: [controllerReference(replicaSetKind, set.object)],
      },
      spec: template.spec as Pod['spec'],
    },
    seed.join('\n'),
    nowMs,
  )
  const [fault] = validateCreate(podKind, { ...first, metadata: { ...first.metadata, name: `${prefix}0` } })
  if (fault !== undefined) return { pods: [], fault: `${fault.field}: ${fault.detail ?? fault.type}` }
  const most = Math.max(1, Math.min(count, Math.floor(createdBytesMax / writeStored(first).byteLength)))
  const pods: Pod[] = []
  for (let slot = 0; pods.length < most; slot++) {
    const name = prefix + nameFrom(5, ...seed, String(slot))
    // Somebody else has the name, or two slots got the same.
    if (cluster.get(podKind, namespace, name) !== undefined || pods.some(({ metadata }) => metadata.name === name))
      continue
    // All but name and uid is the same for all.
    pods.push({ ...first, metadata: { ...first.metadata, name, uid: uidFrom(podKind.resource, ...seed, name) } })
  }
  return { pods, fault: null }
}

// ---- Fewer -------------------------------------------------------------------------------------------------------

function deathsOf(
  set: ReplicaSet,
  active: readonly Stored<Pod>[],
  surplus: number,
  cluster: Cluster,
  nowMs: number,
): readonly PlanStep[] {
  const byPod = new Map(active.map((pod) => [pod.object, pod]))
  const victims = chooseVictims(
    [...byPod.keys()],
    Math.min(surplus, endedPerLookMax),
    countByNode(alikeOf(set, cluster)),
  )
  return victims.flatMap((victim) => {
    const pod = byPod.get(victim)
    if (pod === undefined) return []
    const fields = { key: pod.version.key }
    const events = [tell(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${victim.metadata.name}`)]
    return planTogether(
      'pod ended: there are too many',
      endingWrites(podKind, pod, cluster.view, nowMs),
      fields,
      events,
    )
  })
}

/** The pods of this set and of those that have the same owner. */
function alikeOf(set: ReplicaSet, cluster: Cluster): readonly Pod[] {
  const owner = controllerOf(set)
  const sets =
    owner === undefined
      ? [set]
      : cluster.dependentsOf<ReplicaSet>(replicaSetKind, owner.uid).map(({ object }) => object)
  return sets.flatMap((each) => activePodsOf(each, cluster).map(({ object }) => object))
}

// ---- What is told ------------------------------------------------------------------------------------------------

type Status = NonNullable<ReplicaSet['status']>

function readiness({ ready, available }: { readonly ready: number; readonly available: number }): Partial<Status> {
  return { readyReplicas: some(ready), availableReplicas: some(available) }
}

function statusOf(set: ReplicaSet, active: readonly Stored<Pod>[], births: Births, nowMs: number): Status {
  const labels = Object.entries(set.spec.template.metadata?.labels ?? {})
  const full = active.filter(({ object }) => labels.every(([key, value]) => object.metadata.labels?.[key] === value))
  return {
    ...set.status,
    replicas: active.length + births.pods.length,
    fullyLabeledReplicas: some(full.length + births.pods.length),
    observedGeneration: set.metadata.generation,
    conditions: conditionsOf(set, births.fault, nowMs),
  }
}

function conditionsOf(set: ReplicaSet, fault: string | null, nowMs: number): Status['conditions'] {
  const before = set.status?.conditions
  if (fault !== null) {
    const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: fault }
    return withCondition(before, condition, nowMs)
  }
  const others = before?.filter(({ type }) => type !== 'ReplicaFailure')
  return others?.length === 0 ? undefined : others
}

/** Zero is not written. */
export function some(count: number): number | undefined {
  return count === 0 ? undefined : count
}

function tell(set: ReplicaSet, type: Happening['type'], reason: string, message: string): Happening {
  const { namespace = '', name, uid = '' } = set.metadata
  const regarding = { apiVersion: replicaSetKind.apiVersion, kind: 'ReplicaSet', namespace, name, uid }
  return { type, reason, message, regarding, source: 'replicaset-controller' }
}
