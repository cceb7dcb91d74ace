import { sameJson } from '../lib/equal.ts'
import { conditionOf } from '../objects/conditions.ts'
import { selects } from '../objects/labelselector.ts'
import type { Deployment, KubeObject, Pod, ReplicaSet } from '../objects/types.ts'
import type { StoreView } from '../store/types.ts'
import { born } from './birth.ts'
import type { Cluster, Touch } from './cluster.ts'
import { type Controller, nameKey, splitKey } from './controller.ts'
import { deadlineInMs, isComplete, type Rollout, statusOf } from './deploymentstatus.ts'
import { endingWrites } from './ending.ts'
import { deploymentKind, isEnding, podKind, put, putNew, replicaSetKind, type Stored } from './objects.ts'
import { adopted, controllerOf, controllerReference, isControlledBy } from './owners.ts'
import { earlier, type Happening, nothingToDo, type Plan, type PlanStep, plan, planStep } from './plan.ts'
import { bornMs, countPods, isFinished, isNews } from './pods.ts'
import { activePodsOf } from './replicaset.ts'
import {
  desiredAnnotation,
  freshAnnotations,
  hashLabel,
  isOfTemplate,
  maxAnnotation,
  revisionAnnotation,
  revisionOf,
  templateHash,
  withHash,
} from './revisions.ts'
import { type Bounds, boundsOf, type Part, proportions, rollingStep } from './rollout.ts'

/**
 * Brings a Deployment's pods to its template through one ReplicaSet a template: the one of the present template grows as
 * the others shrink, within the bounds that the Deployment sets (`rollout.ts`). Which ReplicaSet is the present one is
 * read off the templates, so that going back to an older template finds its ReplicaSet again.
 */
export const deployments: Controller = {
  name: 'deployment',
  touched(touch, cluster) {
    if (touch.kind === deploymentKind) return [nameKey({ metadata: touch })]
    if (touch.kind === replicaSetKind) return ownersOf(touch, cluster)
    return touch.kind === podKind && isNews(touch) ? grandOwnersOf(touch, cluster) : []
  },
  keys: (cluster) => cluster.list(deploymentKind).map(({ object }) => nameKey(object)),
  reconcile(key, cluster, nowMs) {
    const { namespace, name } = splitKey(key)
    const stored = cluster.get<Deployment>(deploymentKind, namespace, name)
    return stored === undefined || isEnding(stored.object) ? nothingToDo : reconcileDeployment(stored, cluster, nowMs)
  },
}

/** Deployments that own the ReplicaSet, or might take it. */
function ownersOf({ namespace, before, after }: Touch, cluster: Cluster): readonly string[] {
  const named = [before, after].flatMap((set) => {
    const owner = set === null ? undefined : controllerOf(set)
    return owner?.kind === 'Deployment' ? [`${namespace}/${owner.name}`] : []
  })
  if (after === null || controllerOf(after) !== undefined) return named
  const takers = cluster
    .list<Deployment>(deploymentKind, namespace)
    .filter(({ object }) => selects(object.spec.selector, after.metadata.labels))
  return [...named, ...takers.map(({ object }) => nameKey(object))]
}

function grandOwnersOf({ namespace, before, after }: Touch, cluster: Cluster): readonly string[] {
  return [before, after].flatMap((pod) => {
    const set = pod === null ? undefined : controllerOf(pod)
    if (set?.kind !== 'ReplicaSet') return []
    const owner = controllerOf(
      cluster.get<KubeObject>(replicaSetKind, namespace, set.name)?.object ?? { metadata: { name: '' } },
    )
    return owner?.kind === 'Deployment' ? [`${namespace}/${owner.name}`] : []
  })
}

/** One of its ReplicaSets, and what there is of it. */
interface Revision extends Part {
  readonly set: Stored<ReplicaSet>
  readonly ready: number
  readonly nextInMs: number | undefined
}

function reconcileDeployment(stored: Stored<Deployment>, cluster: Cluster, nowMs: number): Plan {
  const deployment = stored.object
  const { spec } = deployment
  const { owned, orphans } = setsOf(deployment, cluster)
  const revisions = owned.map((set) => revisionIn(set, deployment, cluster, nowMs))
  const fresh = revisions.find(({ set }) => isOfTemplate(set.object, deployment)) ?? null
  const old = revisions.filter((revision) => revision !== fresh)
  const bounds = boundsFor(deployment)
  const number = Math.max(0, ...old.map(({ set }) => revisionOf(set.object))) + 1

  const sizes = sizesOf(deployment, bounds, fresh, old, cluster)
  const birth = fresh === null ? birthOf(deployment, bounds, sizes.fresh, number, cluster, nowMs) : noBirth(deployment)
  const steps: PlanStep[] = orphans.map((set) => {
    return planStep(
      'replica set adopted',
      put(set, adopted(set.object, controllerReference(deploymentKind, deployment))),
    )
  })
  steps.push(...birth.steps)
  for (const revision of revisions) {
    const wanted = revision === fresh ? sizes.fresh : (sizes.old.get(revision) ?? revision.wanted)
    steps.push(...resize(deployment, bounds, revision, wanted ?? revision.wanted, revision === fresh ? number : null))
  }

  const rollout: Rollout = {
    ...{ deployment, bounds, old, collisions: birth.collisions },
    fresh: freshFacts(deployment, fresh, birth.made),
    failure: owned
      .map(({ object }) => conditionOf(object.status?.conditions, 'ReplicaFailure'))
      .find((condition) => condition !== undefined),
  }
  const status = statusOf(rollout, nowMs)
  const numbered = fresh === null ? 0 : revisionOf(fresh.set.object)
  const revision = fresh === null && birth.made === null ? revisionOf(deployment) : Math.max(number, numbered)
  steps.push(...writeDeployment(stored, status, revision))
  if (spec.paused === true || isComplete(deployment, status))
    steps.push(...forget(deployment, old, cluster.view, nowMs))
  const waits = revisions.map(({ nextInMs }) => nextInMs).reduce(earlier, deadlineInMs(deployment, status, nowMs))
  return plan(steps, waits)
}

function boundsFor({ spec }: Deployment): Bounds {
  const desired = spec.replicas ?? 1
  if (spec.strategy?.type === 'Recreate') return { desired, surge: 0, unavailable: desired }
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {}
  return boundsOf(desired, maxSurge, maxUnavailable)
}

// ---- Its ReplicaSets ---------------------------------------------------------------------------------------------

function setsOf(
  deployment: Deployment,
  cluster: Cluster,
): { readonly owned: readonly Stored<ReplicaSet>[]; readonly orphans: readonly Stored<ReplicaSet>[] } {
  const owned = cluster
    .dependentsOf<ReplicaSet>(replicaSetKind, deployment.metadata.uid ?? '')
    .filter(({ object }) => isControlledBy(object, deployment) && !isEnding(object))
    .sort((a, b) => bornMs(a.object) - bornMs(b.object) || a.version.createRevision - b.version.createRevision)
  const orphans = cluster
    .list<ReplicaSet>(replicaSetKind, deployment.metadata.namespace)
    .filter(({ object }) => controllerOf(object) === undefined && !isEnding(object))
    .filter(({ object }) => selects(deployment.spec.selector, object.metadata.labels))
  return { owned, orphans }
}

function revisionIn(set: Stored<ReplicaSet>, { spec }: Deployment, cluster: Cluster, nowMs: number): Revision {
  const pods = activePodsOf(set.object, cluster).map(({ object }) => object)
  const { all, ready, available, nextInMs } = countPods(pods, spec.minReadySeconds ?? 0, nowMs)
  return { set, wanted: set.object.spec.replicas ?? 1, pods: all, ready, available, nextInMs }
}

/** How many pods each shall have next. */
interface Sizes {
  /** Null: the present template shall have no ReplicaSet yet. */
  readonly fresh: number | null
  readonly old: ReadonlyMap<Revision, number>
}

const nobody: Part = { wanted: 0, pods: 0, available: 0 }

function sizesOf(
  deployment: Deployment,
  bounds: Bounds,
  fresh: Revision | null,
  old: readonly Revision[],
  cluster: Cluster,
): Sizes {
  const { paused = false, strategy } = deployment.spec
  if (paused || isBeingScaled(bounds, fresh, old)) return scaled(bounds, fresh, old)
  if (strategy?.type === 'Recreate') {
    const none = new Map(old.map((revision) => [revision, 0]))
    const over = old.every(({ set, wanted }) => wanted === 0 && !mayStillRun(set.object, cluster))
    return { fresh: over ? bounds.desired : fresh === null ? null : fresh.wanted, old: none }
  }
  const next = rollingStep(bounds, fresh ?? nobody, old)
  return { fresh: next.fresh, old: new Map(old.map((revision, i) => [revision, next.old[i] ?? revision.wanted])) }
}

/** Also pods that are going may still run, and two versions at once are what Recreate is there to prevent. */
function mayStillRun(set: ReplicaSet, cluster: Cluster): boolean {
  return cluster
    .dependentsOf<Pod>(podKind, set.metadata.uid ?? '')
    .some(({ object }) => isControlledBy(object, set) && !isFinished(object))
}

/** The number of pods was changed since the ReplicaSets were sized. */
function isBeingScaled(bounds: Bounds, fresh: Revision | null, old: readonly Revision[]): boolean {
  return [...(fresh === null ? [] : [fresh]), ...old]
    .filter(({ wanted }) => wanted > 0)
    .some(({ set }) => {
      const told = set.object.metadata.annotations?.[desiredAnnotation]
      return told !== undefined && told !== String(bounds.desired)
    })
}

/** No rollout, only more or fewer of what there is. */
function scaled(bounds: Bounds, fresh: Revision | null, old: readonly Revision[]): Sizes {
  const all = [...(fresh === null ? [] : [fresh]), ...old]
  const active = all.filter(({ wanted }) => wanted > 0)
  const keep = new Map(old.map((revision) => [revision, revision.wanted]))
  const sized = (sizes: ReadonlyMap<Revision, number>): Sizes => ({
    fresh: fresh === null ? null : (sizes.get(fresh) ?? fresh.wanted),
    old: new Map([...keep, ...[...sizes].filter(([revision]) => revision !== fresh)]),
  })
  if (active.length <= 1) {
    const only = active[0] ?? fresh ?? [...old].sort((a, b) => revisionOf(b.set.object) - revisionOf(a.set.object))[0]
    return sized(only === undefined ? new Map() : new Map([[only, bounds.desired]]))
  }
  // The larger first; of equals the newer when there shall be more, the older when fewer.
  const total = active.reduce((sum, { wanted }) => sum + wanted, 0)
  const direction = bounds.desired + bounds.surge > total ? 1 : -1
  const served = [...active].sort(
    (a, b) => b.wanted - a.wanted || direction * (revisionOf(b.set.object) - revisionOf(a.set.object)),
  )
  const shares = served.map(({ set, wanted, available }) => {
    const told = Number(set.object.metadata.annotations?.[maxAnnotation] ?? '')
    return { wanted, available, maxBefore: Number.isSafeInteger(told) && told > 0 ? told : total }
  })
  const next = proportions(bounds, shares)
  return sized(new Map(served.map((revision, i) => [revision, next[i] ?? revision.wanted])))
}

// ---- Writes ------------------------------------------------------------------------------------------------------

interface Birth {
  readonly steps: readonly PlanStep[]
  readonly made: { readonly name: string; readonly wanted: number } | null
  readonly collisions: number
}

function noBirth(deployment: Deployment): Birth {
  return { steps: [], made: null, collisions: deployment.status?.collisionCount ?? 0 }
}

function birthOf(
  deployment: Deployment,
  bounds: Bounds,
  wanted: number | null,
  number: number,
  cluster: Cluster,
  nowMs: number,
): Birth {
  if (wanted === null) return noBirth(deployment)
  const { metadata, spec } = deployment
  const { namespace = '' } = metadata
  let { collisions } = noBirth(deployment)
  const nameWith = (count: number): string => `${metadata.name}-${templateHash(spec.template, count)}`
  while (cluster.get(replicaSetKind, namespace, nameWith(collisions)) !== undefined) collisions++
  const hash = templateHash(spec.template, collisions)
  const name = nameWith(collisions)
  const template = withHash(spec.template, hash)
  const set: ReplicaSet = {
    metadata: {
      name,
      namespace,
      labels: template.metadata?.labels,
      annotations: { ...freshAnnotations(deployment, null, number), ...sizeAnnotations(bounds) },
      ownerReferences: [controllerReference(deploymentKind, deployment)],
    },
    spec: {
      replicas: wanted,
      minReadySeconds: spec.minReadySeconds,
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash },
      },
      template,
    },
  }
  // Whoever deletes it and lets it be made anew gets another one.
  const seed = [metadata.uid ?? '', name, String(cluster.view.revision)].join('\n')
  const write = putNew(replicaSetKind, born(replicaSetKind, set, seed, nowMs))
  const events = wanted === 0 ? [] : [tellScaled(deployment, name, 0, wanted)]
  return { steps: [planStep('replica set created', write, {}, events)], made: { name, wanted }, collisions }
}

function sizeAnnotations({ desired, surge }: Bounds): Readonly<Record<string, string>> {
  return { [desiredAnnotation]: String(desired), [maxAnnotation]: String(desired + surge) }
}

/** `number`: of the present revision; null: it is an old one. */
function resize(
  deployment: Deployment,
  bounds: Bounds,
  { set, wanted: before }: Revision,
  wanted: number,
  number: number | null,
): readonly PlanStep[] {
  const { object } = set
  const { minReadySeconds } = deployment.spec
  const annotations =
    number === null ? (object.metadata.annotations ?? {}) : freshAnnotations(deployment, object, number)
  const sized = wanted > 0 || number !== null ? { ...annotations, ...sizeAnnotations(bounds) } : annotations
  const spec = { ...object.spec, replicas: wanted, ...(number === null ? {} : { minReadySeconds }) }
  const grown = !sameJson(spec, object.spec)
  if (!grown && sameJson(sized, object.metadata.annotations ?? {})) return []
  const generation = (object.metadata.generation ?? 0) + (grown ? 1 : 0)
  const next = { ...object, metadata: { ...object.metadata, generation, annotations: sized }, spec }
  const fields = { from: String(before), to: String(wanted) }
  const events = wanted === before ? undefined : [tellScaled(deployment, object.metadata.name, before, wanted)]
  return [planStep('replica set sized', put(set, next), fields, events)]
}

function freshFacts(deployment: Deployment, fresh: Revision | null, made: Birth['made']): Rollout['fresh'] {
  if (made !== null) return { ...nobody, ready: 0, wanted: made.wanted, name: made.name, news: 'made' }
  if (fresh === null) return null
  const progressing = conditionOf(deployment.status?.conditions, 'Progressing')
  return { ...fresh, name: fresh.set.object.metadata.name, news: progressing === undefined ? 'found' : null }
}

function writeDeployment(
  stored: Stored<Deployment>,
  status: NonNullable<Deployment['status']>,
  revision: number,
): readonly PlanStep[] {
  const { object } = stored
  const annotations = object.metadata.annotations ?? {}
  const numbered = revision === 0 ? annotations : { ...annotations, [revisionAnnotation]: String(revision) }
  if (sameJson(status, object.status) && sameJson(numbered, annotations)) return []
  const metadata = revision === 0 ? object.metadata : { ...object.metadata, annotations: numbered }
  return [planStep('deployment status', put(stored, { ...object, metadata, status }))]
}

/** Old ReplicaSets without pods, beyond those that are kept to go back to. */
function forget(deployment: Deployment, old: readonly Revision[], view: StoreView, nowMs: number): readonly PlanStep[] {
  const kept = deployment.spec.revisionHistoryLimit ?? 10
  const spent = old
    .filter(({ set, wanted, pods }) => wanted === 0 && pods === 0 && (set.object.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(a.set.object) - revisionOf(b.set.object))
  return spent.slice(0, Math.max(0, spent.length - kept)).flatMap(({ set }) => {
    return endingWrites(replicaSetKind, set, view, nowMs).map((write) => planStep('old replica set forgotten', write))
  })
}

function tellScaled(deployment: Deployment, set: string, from: number, to: number): Happening {
  const { namespace = '', name, uid = '' } = deployment.metadata
  return {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${to > from ? 'up' : 'down'} replica set ${set} from ${from} to ${to}`,
    regarding: { apiVersion: deploymentKind.apiVersion, kind: 'Deployment', namespace, name, uid },
    source: 'deployment-controller',
  }
}
