import { deletionFinished } from '../objects/deletion.ts'
import { findKindByName } from '../objects/kinds.ts'
import { keyOf } from '../objects/stored.ts'
import type { KubeObject, OwnerReference } from '../objects/types.ts'
import type { Cluster, Found, Touch } from './cluster.ts'
import type { Controller } from './controller.ts'
import { endingWrites, removalWrites } from './ending.ts'
import { isEnding, put } from './objects.ts'
import { released } from './owners.ts'
import { nothingToDo, type Plan, type PlanStep, plan, planStep, planTogether } from './plan.ts'

/**
 * Objects go with their owners: one that has owners, and of them none is left, ends. An owner is found by kind, name and
 * uid; who has taken its name is not the owner. How an owner goes is said by its finalizers: `foregroundDeletion` makes
 * it wait for those of its dependents that block it, `orphan` makes it let go of them all.
 */
export const garbage: Controller = {
  name: 'gc',
  touched: keysOf,
  keys: (cluster) =>
    cluster.view.list('').flatMap(({ key }) => {
      const found = cluster.find(key)
      return found !== undefined && concerns(found.object) ? [key] : []
    }),
  reconcile(key, cluster, nowMs) {
    const found = cluster.find(key)
    if (found === undefined) return nothingToDo
    const finalizers = found.object.metadata.finalizers ?? []
    if (isEnding(found.object) && finalizers.includes(orphaning)) return letGo(found, cluster)
    if (isEnding(found.object) && finalizers.includes(foreground)) return awaitDependents(found, cluster, nowMs)
    return judge(found, cluster, nowMs)
  },
}

const foreground = 'foregroundDeletion'
const orphaning = 'orphan'
const dependentsPerLookMax = 200

function concerns({ metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).length > 0 || metadata.deletionTimestamp !== undefined
}

function keysOf({ kind, namespace, name, before, after }: Touch, cluster: Cluster): readonly string[] {
  const own = after !== null && concerns(after) ? [keyOf(kind, namespace, name)] : []
  const uid = before?.metadata.uid ?? ''
  // Whoever depended on what is gone, or is going, is looked at, and so are owners that wait for this one to be gone.
  const left = after === null || (isEnding(after) && (before === null || !isEnding(before)))
  const dependents = left && uid !== '' ? cluster.dependents(uid).map(({ version }) => version.key) : []
  const owners =
    after !== null ? [] : (before?.metadata.ownerReferences ?? []).flatMap((owner) => ownerKey(owner, namespace) ?? [])
  return [...own, ...dependents, ...owners]
}

/** Null: its kind is not served here, and nothing is known of it. */
function ownerKey({ apiVersion, kind: name, name: owner }: OwnerReference, namespace: string): string | null {
  const kind = findKindByName(apiVersion, name)
  return kind === undefined ? null : keyOf(kind, kind.namespaced ? namespace : '', owner)
}

// ---- As a dependent ----------------------------------------------------------------------------------------------

function judge(found: Found, cluster: Cluster, nowMs: number): Plan {
  const { kind, object } = found
  const references = object.metadata.ownerReferences ?? []
  if (references.length === 0 || isEnding(object)) return nothingToDo
  const states = references.map((reference) => ({ reference, state: stateOf(reference, object, cluster) }))
  const some = (state: OwnerState): boolean => states.some((each) => each.state === state)
  if (some('there')) {
    const gone = states.filter(({ state }) => state === 'gone').map(({ reference }) => reference.uid)
    if (gone.length === 0) return nothingToDo
    return plan([planStep('owner forgotten', put(found, released(object, new Set(gone))))])
  }
  // Its owner waits for it, so whoever depends on this one goes first, too.
  const waited = some('waits') && cluster.dependents(object.metadata.uid ?? '').some(blocks)
  if (waited && !(object.metadata.finalizers ?? []).includes(foreground)) {
    const finalizers = [...(object.metadata.finalizers ?? []), foreground]
    const held = { ...object, metadata: { ...object.metadata, finalizers } }
    const writes = endingWrites(kind, { ...found, object: held }, cluster.view, nowMs)
    return plan([planTogether('object ends with its owner, after its own', writes, { key: found.version.key })])
  }
  const writes = endingWrites(kind, found, cluster.view, nowMs)
  return writes.length === 0
    ? nothingToDo
    : plan([planTogether('object ends with its owner', writes, { key: found.version.key })])
}

type OwnerState = 'there' | 'waits' | 'gone'

function stateOf(reference: OwnerReference, object: KubeObject, cluster: Cluster): OwnerState {
  const key = ownerKey(reference, object.metadata.namespace ?? '')
  // Of a kind that is not known it cannot be said that it is gone.
  if (key === null) return 'there'
  const owner = cluster.find(key)?.object
  if (owner === undefined || owner.metadata.uid !== reference.uid) return 'gone'
  return isEnding(owner) && (owner.metadata.finalizers ?? []).includes(foreground) ? 'waits' : 'there'
}

// ---- As an owner -------------------------------------------------------------------------------------------------

function blocks({ object }: Found): boolean {
  return object.metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true) ?? false
}

function awaitDependents(owner: Found, cluster: Cluster, nowMs: number): Plan {
  const { uid = '' } = owner.object.metadata
  const dependents = cluster.dependents(uid)
  const blocking = dependents.filter(({ object }) =>
    object.metadata.ownerReferences?.some(
      (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
    ),
  )
  if (blocking.length > 0) {
    return plan(dependents.slice(0, dependentsPerLookMax).flatMap((found) => judge(found, cluster, nowMs).steps))
  }
  return plan([withoutFinalizer(owner, foreground, cluster)])
}

function letGo(owner: Found, cluster: Cluster): Plan {
  const { uid = '' } = owner.object.metadata
  const dependents = cluster.dependents(uid)
  if (dependents.length === 0) return plan([withoutFinalizer(owner, orphaning, cluster)])
  return plan(
    dependents
      .slice(0, dependentsPerLookMax)
      .map((found) => planStep('owner forgotten', put(found, released(found.object, new Set([uid]))))),
    0,
  )
}

function withoutFinalizer(owner: Found, finalizer: string, { view }: Cluster): PlanStep {
  const { finalizers = [], ...metadata } = owner.object.metadata
  const left = finalizers.filter((each) => each !== finalizer)
  const next = { ...owner.object, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } }
  const fields = { key: owner.version.key }
  return deletionFinished(owner.kind, next)
    ? planTogether('object gone: its dependents are settled', removalWrites(owner.kind, owner, view), fields)
    : planStep('object waits for others', put(owner, next), fields)
}
